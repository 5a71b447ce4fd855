//! Per-connection rate limits and temporary bans.

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use millrace_client::Pubkey;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Burst of one connection, in messages. An agent with hundreds of seats repeats all its commitments after a
/// reconnect.
const MESSAGE_BURST: u32 = 2_000;
const MESSAGES_PER_SEC: u32 = 200;
/// This many bytes cost as much as one message.
const BYTES_PER_MESSAGE: u64 = 4_096;
/// Additional cost of an invalid message, in messages. Ten per second are tolerated: a newer agent may send
/// messages that this version does not understand.
const ERROR_COST: u32 = 20;
/// Costs are counted in this fraction of a message. One refills every 1250 ns: a whole number, so that the rate
/// is exact.
const CELLS_PER_MESSAGE: u32 = 4_000;
const MESSAGE_QUOTA: Quota =
    Quota::per_second(NonZeroU32::new(MESSAGES_PER_SEC * CELLS_PER_MESSAGE).unwrap())
        .allow_burst(NonZeroU32::new(MESSAGE_BURST * CELLS_PER_MESSAGE).unwrap());

/// Duration of the first ban; each further one is twice as long.
const MIN_BAN: Duration = Duration::from_secs(10);
const MAX_BAN: Duration = Duration::from_secs(600);
/// A provider without a ban for this long starts again at [`MIN_BAN`].
const BAN_MEMORY: Duration = Duration::from_secs(1_800);

/// The rate limit of one connection.
pub(super) struct ConnectionRate<C: Clock = DefaultClock>(
    RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
);

impl ConnectionRate {
    pub(super) fn new() -> Self {
        Self::with_clock(DefaultClock::default())
    }
}

impl<C: Clock> ConnectionRate<C> {
    fn with_clock(clock: C) -> Self {
        Self(RateLimiter::direct_with_clock(MESSAGE_QUOTA, clock))
    }

    /// Charges a received frame. Returns false if the limit is exceeded.
    pub(super) fn allow_frame(&self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let length = bytes
            .saturating_mul(u64::from(CELLS_PER_MESSAGE))
            .div_ceil(BYTES_PER_MESSAGE);
        self.allow(length.saturating_add(u64::from(CELLS_PER_MESSAGE)))
    }

    /// Charges an invalid message. Returns false if the limit is exceeded.
    pub(super) fn allow_error(&self) -> bool {
        self.allow(u64::from(ERROR_COST * CELLS_PER_MESSAGE))
    }

    /// Takes `cost` cells, or none if there are fewer.
    fn allow(&self, cost: u64) -> bool {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        matches!(self.0.check_n(cost), Ok(Ok(())))
    }
}

/// Temporarily banned providers.
#[derive(Debug, Default)]
pub(super) struct BanList(HashMap<Pubkey, Ban>);

#[derive(Clone, Copy, Debug)]
struct Ban {
    count: u32,
    until: Instant,
}

impl BanList {
    /// Bans a provider and returns for how long.
    pub(super) fn ban(&mut self, provider: Pubkey, now: Instant) -> Duration {
        self.0.retain(|_, ban| now < ban.until + BAN_MEMORY);
        let count = self.0.get(&provider).map_or(0, |ban| ban.count);
        let duration = MIN_BAN.saturating_mul(1 << count.min(10)).min(MAX_BAN);
        let ban = Ban {
            count: count.saturating_add(1),
            until: now + duration,
        };
        self.0.insert(provider, ban);
        duration
    }

    /// How much longer a provider is banned, if it is.
    pub(super) fn remaining(&self, provider: &Pubkey, now: Instant) -> Option<Duration> {
        let until = self.0.get(provider)?.until;
        until.checked_duration_since(now).filter(|d| !d.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn rate() -> (ConnectionRate<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (ConnectionRate::with_clock(clock.clone()), clock)
    }

    #[test]
    fn a_connection_may_send_a_burst_that_refills_up_to_its_size() {
        let (rate, clock) = rate();
        let allowed = || (0..).take_while(|_| rate.allow_frame(0)).count();
        assert_eq!(allowed(), 2_000);
        clock.advance(Duration::from_millis(500));
        assert_eq!(allowed(), 100);
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(allowed(), 2_000);
        // What was refused costs nothing.
        clock.advance(Duration::from_millis(5));
        assert!(!rate.allow_error() && rate.allow_frame(0) && !rate.allow_frame(0));
    }

    #[test]
    fn long_frames_and_invalid_messages_cost_more() {
        let frames = |bytes: usize| {
            let (rate, _) = rate();
            (0..).take_while(|_| rate.allow_frame(bytes)).count()
        };
        assert_eq!((frames(0), frames(1 << 20)), (2_000, 7));
        assert_eq!(
            (frames(4_096), frames(1 << 23), frames(usize::MAX)),
            (1_000, 0, 0)
        );
        let (rate, _) = rate();
        let errors = (0..).take_while(|_| rate.allow_error()).count();
        assert_eq!(errors, 100);
    }

    #[test]
    fn each_ban_is_twice_as_long_until_the_provider_behaves_for_a_while() {
        let (start, provider) = (Instant::now(), Pubkey::new_unique());
        let mut bans = BanList::default();
        assert_eq!(bans.remaining(&provider, start), None);
        assert_eq!(bans.ban(provider, start), MIN_BAN);
        assert_eq!(bans.remaining(&provider, start), Some(MIN_BAN));
        assert_eq!(bans.remaining(&provider, start + MIN_BAN), None);
        assert_eq!(bans.remaining(&Pubkey::new_unique(), start), None);
        assert_eq!(bans.ban(provider, start), MIN_BAN * 2);
        for _ in 0..40 {
            bans.ban(provider, start);
        }
        assert_eq!(bans.ban(provider, start), MAX_BAN);
        let forgotten = start + MAX_BAN + BAN_MEMORY;
        assert_eq!(bans.ban(provider, forgotten), MIN_BAN);
    }
}
