//! Random bytes.

use super::super::guest::{CallResult, Guest};
use crate::meter::RANDOM_FUEL_PER_BYTE;

pub(crate) fn random_get(guest: &mut Guest<'_>, at: u32, len: u32) -> CallResult {
    guest.charge(RANDOM_FUEL_PER_BYTE * u64::from(len))?;
    let (bytes, state) = guest.bytes_mut(at, len)?;
    state.random.fill(bytes);
    Ok(())
}
