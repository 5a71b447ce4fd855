//! Per-connection rate limits and temporary bans. Takes the current time as an argument; performs no I/O.

use millrace_client::Pubkey;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Burst of one connection, in messages. An agent with hundreds of seats repeats all its commitments after a
/// reconnect.
const MESSAGE_BURST: f64 = 2_000.0;
const MESSAGES_PER_SEC: f64 = 200.0;
/// This many bytes cost as much as one message.
const BYTES_PER_MESSAGE: f64 = 4_096.0;
/// Additional cost of an invalid message, in messages. Ten per second are tolerated: a newer agent may send
/// messages that this version does not understand.
const ERROR_COST: f64 = 20.0;

/// Duration of the first ban; each further one is twice as long.
const MIN_BAN: Duration = Duration::from_secs(10);
const MAX_BAN: Duration = Duration::from_secs(600);
/// A provider without a ban for this long starts again at [`MIN_BAN`].
const BAN_MEMORY: Duration = Duration::from_secs(1_800);

/// A token bucket, initially full.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    burst: f64,
    per_sec: f64,
    tokens: f64,
    updated: Instant,
}

impl TokenBucket {
    pub(super) fn new(burst: f64, per_sec: f64, now: Instant) -> Self {
        Self {
            burst,
            per_sec,
            tokens: burst,
            updated: now,
        }
    }

    /// Takes `cost` tokens, or none if there are fewer.
    pub(super) fn take(&mut self, cost: f64, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.updated = self.updated.max(now);
        self.tokens = (self.tokens + elapsed * self.per_sec).min(self.burst);
        let enough = self.tokens >= cost;
        if enough {
            self.tokens -= cost;
        }
        enough
    }
}

/// The rate limit of one connection.
pub(super) struct ConnectionRate(TokenBucket);

impl ConnectionRate {
    pub(super) fn new(now: Instant) -> Self {
        Self(TokenBucket::new(MESSAGE_BURST, MESSAGES_PER_SEC, now))
    }

    /// Charges a received frame. Returns false if the limit is exceeded.
    pub(super) fn allow_frame(&mut self, bytes: usize, now: Instant) -> bool {
        // Frame lengths are far below 2^52, so the conversion is exact.
        self.0.take(1.0 + bytes as f64 / BYTES_PER_MESSAGE, now)
    }

    /// Charges an invalid message. Returns false if the limit is exceeded.
    pub(super) fn allow_error(&mut self, now: Instant) -> bool {
        self.0.take(ERROR_COST, now)
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

    #[test]
    fn a_bucket_allows_a_burst_and_refills_up_to_it() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(3.0, 2.0, start);
        let allowed = [0; 4].map(|_| bucket.take(1.0, start));
        assert_eq!(allowed, [true, true, true, false]);
        let later = start + Duration::from_millis(500);
        assert!(bucket.take(1.0, later) && !bucket.take(1.0, later));
        // It never holds more than its burst, and does not refill while the clock stands still.
        let much_later = start + Duration::from_secs(60);
        assert!(bucket.take(3.0, much_later) && !bucket.take(0.1, start));
    }

    #[test]
    fn long_frames_and_invalid_messages_cost_more() {
        let start = Instant::now();
        let frames = |bytes: usize| {
            let mut rate = ConnectionRate::new(start);
            (0..).take_while(|_| rate.allow_frame(bytes, start)).count()
        };
        assert_eq!((frames(0), frames(1 << 20)), (2_000, 7));
        let mut rate = ConnectionRate::new(start);
        let errors = (0..).take_while(|_| rate.allow_error(start)).count();
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
