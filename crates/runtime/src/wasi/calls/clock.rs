//! Fixed clocks, and polling that returns immediately.

use super::super::abi::{Errno, event};
use super::super::fds::AccessKind;
use super::super::guest::{CallResult, Guest};

/// Time of all clocks: 2020-01-01T00:00:00Z, in nanoseconds since 1970.
pub const CLOCK_NANOS: u64 = 1_577_836_800_000_000_000;
/// Number of clocks: realtime, monotonic, CPU time of the process and of the thread.
const CLOCKS: u32 = 4;

pub(crate) fn clock_res_get(guest: &mut Guest<'_>, clock: u32, out: u32) -> CallResult {
    check_clock(clock)?;
    guest.write_u64(out, 1)
}

pub(crate) fn clock_time_get(
    guest: &mut Guest<'_>,
    clock: u32,
    _precision: u64,
    out: u32,
) -> CallResult {
    check_clock(clock)?;
    guest.write_u64(out, CLOCK_NANOS)
}

fn check_clock(clock: u32) -> Result<(), Errno> {
    if clock < CLOCKS {
        Ok(())
    } else {
        Err(Errno::INVAL)
    }
}

/// Returns an event for every subscription immediately: timers have expired, streams are ready.
pub(crate) fn poll_oneoff(
    guest: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    out: u32,
) -> CallResult {
    if count == 0 {
        return Err(Errno::INVAL.into());
    }
    guest.charge(u64::from(count) * u64::from(event::SUBSCRIPTION_BYTES + event::EVENT_BYTES))?;
    let size = |each: u32| count.checked_mul(each).ok_or(Errno::INVAL);
    guest.bytes(subscriptions, size(event::SUBSCRIPTION_BYTES)?)?;
    guest.bytes(events, size(event::EVENT_BYTES)?)?;
    for index in 0..count {
        let mut subscription = [0; event::SUBSCRIPTION_BYTES as usize];
        let at = subscriptions + index * event::SUBSCRIPTION_BYTES;
        subscription.copy_from_slice(guest.bytes(at, event::SUBSCRIPTION_BYTES)?);
        let event = event_of(guest, &subscription);
        guest.write(events + index * event::EVENT_BYTES, &event)?;
    }
    guest.write_u32(out, count)
}

fn event_of(
    guest: &Guest<'_>,
    subscription: &[u8; event::SUBSCRIPTION_BYTES as usize],
) -> [u8; event::EVENT_BYTES as usize] {
    let [.., a, b, c, d] = subscription[..20] else {
        // Unreachable: a slice of 20 bytes has 4 last bytes.
        return [0; event::EVENT_BYTES as usize];
    };
    let subject = u32::from_le_bytes([a, b, c, d]);
    let kind = subscription[8];
    let ready = match kind {
        event::CLOCK => check_clock(subject).map(|()| 0),
        event::FD_READ => guest
            .state
            .fds
            .ready(subject, AccessKind::Read, &guest.state.files),
        event::FD_WRITE => guest
            .state
            .fds
            .ready(subject, AccessKind::Write, &guest.state.files),
        _ => Err(Errno::INVAL),
    };
    let mut event_bytes = [0; event::EVENT_BYTES as usize];
    event_bytes[..8].copy_from_slice(&subscription[..8]);
    event_bytes[10] = kind;
    match ready {
        Ok(bytes) => event_bytes[16..24].copy_from_slice(&bytes.to_le_bytes()),
        Err(errno) => event_bytes[8..10].copy_from_slice(&errno.number().to_le_bytes()),
    }
    event_bytes
}
