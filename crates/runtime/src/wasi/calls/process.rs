//! Arguments, environment and exit.

use super::super::abi::Errno;
use super::super::guest::{CallResult, Fault, Guest};
use super::super::strings::Strings;
use crate::outcome::Stop;

fn sizes(
    guest: &mut Guest<'_>,
    strings: fn(&Guest<'_>) -> (u32, u32),
    out: [u32; 2],
) -> CallResult {
    let (count, bytes) = strings(guest);
    guest.write_u32(out[0], count)?;
    guest.write_u32(out[1], bytes)
}

fn measure(strings: &Strings) -> (u32, u32) {
    // Both fit: `Strings::new` has checked the bytes, and each string has at least one.
    (strings.starts.len() as u32, strings.bytes.len() as u32)
}

fn get(guest: &mut Guest<'_>, strings: &Strings, pointers: u32, buffer: u32) -> CallResult {
    guest.charge(strings.bytes.len() as u64 + 4 * strings.starts.len() as u64)?;
    guest.write(buffer, &strings.bytes)?;
    let addresses: Vec<u8> = strings
        .starts
        .iter()
        .flat_map(|start| buffer.wrapping_add(*start).to_le_bytes())
        .collect();
    guest.write(pointers, &addresses)
}

pub(crate) fn args_sizes_get(guest: &mut Guest<'_>, count: u32, bytes: u32) -> CallResult {
    sizes(guest, |guest| measure(&guest.state.args), [count, bytes])
}

pub(crate) fn args_get(guest: &mut Guest<'_>, pointers: u32, buffer: u32) -> CallResult {
    let strings = std::sync::Arc::clone(&guest.state.args);
    get(guest, &strings, pointers, buffer)
}

pub(crate) fn environ_sizes_get(guest: &mut Guest<'_>, count: u32, bytes: u32) -> CallResult {
    sizes(guest, |guest| measure(&guest.state.env), [count, bytes])
}

pub(crate) fn environ_get(guest: &mut Guest<'_>, pointers: u32, buffer: u32) -> CallResult {
    let strings = std::sync::Arc::clone(&guest.state.env);
    get(guest, &strings, pointers, buffer)
}

pub(crate) fn proc_exit(_guest: &mut Guest<'_>, code: u32) -> CallResult {
    Err(Fault::Stop(Stop::Exit(code)))
}

/// Signals are not supported.
pub(crate) fn proc_raise(_guest: &mut Guest<'_>, _signal: u32) -> CallResult {
    Err(Errno::NOSYS.into())
}

/// There is only one thread.
pub(crate) fn sched_yield(_guest: &mut Guest<'_>) -> CallResult {
    Ok(())
}
