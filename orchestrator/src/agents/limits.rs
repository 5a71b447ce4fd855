//! How much a connection may say, and who is kept out for a while: pure, told the time.

use millrace_client::Pubkey;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What a connection may say at once, in units of [`cost`]: an agent with hundreds of seats says all
/// its commitments again after a cut.
const BURST: f64 = 2_000.0;
/// What it may say each second.
const PER_SECOND: f64 = 200.0;
/// Bytes that cost as much as a message.
const BYTES: f64 = 4_096.0;
/// What a wrong message costs above its length. Ten each second are borne: a newer agent may say
/// things that are not understood here.
const MISTAKE: f64 = 20.0;

/// How long a flooder is kept out the first time; twice as long each time after it.
const FIRST_PENALTY: Duration = Duration::from_secs(10);
const LONGEST_PENALTY: Duration = Duration::from_secs(600);
/// After so long without another flood, the next one is the first again.
const FORGIVEN_AFTER: Duration = Duration::from_secs(1_800);

/// A token bucket: full at first, filled steadily, emptied by what it is charged for.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    most: f64,
    per_second: f64,
    level: f64,
    at: Instant,
}

impl RateLimiter {
    /// A full bucket.
    pub(super) fn new(most: f64, per_second: f64, now: Instant) -> Self {
        Self {
            most,
            per_second,
            level: most,
            at: now,
        }
    }

    /// Takes so much out, if so much is in.
    pub(super) fn take(&mut self, cost: f64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.level = (self.level + passed * self.per_second).min(self.most);
        let enough = self.level >= cost;
        if enough {
            self.level -= cost;
        }
        enough
    }
}

/// What one connection may still say.
pub(super) struct Allowance(RateLimiter);

impl Allowance {
    /// Of a new connection.
    pub(super) fn new(now: Instant) -> Self {
        Self(RateLimiter::new(BURST, PER_SECOND, now))
    }

    /// Whether a frame of so many bytes may still be said.
    pub(super) fn allow_frame(&mut self, bytes: usize, now: Instant) -> bool {
        // Far below 2^52, so nothing is lost.
        self.0.take(1.0 + bytes as f64 / BYTES, now)
    }

    /// Whether another mistake is borne.
    pub(super) fn allow_error(&mut self, now: Instant) -> bool {
        self.0.take(MISTAKE, now)
    }
}

/// Providers whose agents are kept out for a while.
#[derive(Debug, Default)]
pub(super) struct BanList(HashMap<Pubkey, Offence>);

#[derive(Clone, Copy, Debug)]
struct Offence {
    times: u32,
    until: Instant,
}

impl BanList {
    /// Keeps a provider out from now on. Returns for how long.
    pub(super) fn ban(&mut self, provider: Pubkey, now: Instant) -> Duration {
        self.0
            .retain(|_, offence| now < offence.until + FORGIVEN_AFTER);
        let times = self.0.get(&provider).map_or(0, |offence| offence.times);
        let penalty = FIRST_PENALTY
            .saturating_mul(1 << times.min(10))
            .min(LONGEST_PENALTY);
        let offence = Offence {
            times: times.saturating_add(1),
            until: now + penalty,
        };
        self.0.insert(provider, offence);
        penalty
    }

    /// How much longer a provider is kept out, if it is.
    pub(super) fn left(&self, provider: &Pubkey, now: Instant) -> Option<Duration> {
        let until = self.0.get(provider)?.until;
        until.checked_duration_since(now).filter(|d| !d.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_bears_a_burst_and_then_as_much_as_flows_in() {
        let start = Instant::now();
        let mut bucket = RateLimiter::new(3.0, 2.0, start);
        let takes = [0; 4].map(|_| bucket.take(1.0, start));
        assert_eq!(takes, [true, true, true, false]);
        let later = start + Duration::from_millis(500);
        assert!(bucket.take(1.0, later) && !bucket.take(1.0, later));
        // It never holds more than its most, and time that stands still fills nothing.
        let much_later = start + Duration::from_secs(60);
        assert!(bucket.take(3.0, much_later) && !bucket.take(0.1, start));
    }

    #[test]
    fn long_frames_and_mistakes_cost_more() {
        let start = Instant::now();
        let said = |bytes: usize| {
            let mut allowance = Allowance::new(start);
            (0..)
                .take_while(|_| allowance.allow_frame(bytes, start))
                .count()
        };
        assert_eq!((said(0), said(1 << 20)), (2_000, 7));
        let mut allowance = Allowance::new(start);
        assert_eq!(
            (0..).take_while(|_| allowance.allow_error(start)).count(),
            100
        );
    }

    #[test]
    fn a_flooder_is_kept_out_twice_as_long_each_time_and_forgiven_in_the_end() {
        let (start, flooder) = (Instant::now(), Pubkey::new_unique());
        let mut bans = BanList::default();
        assert_eq!(bans.left(&flooder, start), None);
        assert_eq!(bans.ban(flooder, start), FIRST_PENALTY);
        assert_eq!(bans.left(&flooder, start), Some(FIRST_PENALTY));
        assert_eq!(bans.left(&flooder, start + FIRST_PENALTY), None);
        assert_eq!(bans.left(&Pubkey::new_unique(), start), None);
        assert_eq!(bans.ban(flooder, start), FIRST_PENALTY * 2);
        for _ in 0..40 {
            bans.ban(flooder, start);
        }
        assert_eq!(bans.ban(flooder, start), LONGEST_PENALTY);
        let forgiven = start + LONGEST_PENALTY + FORGIVEN_AFTER;
        assert_eq!(bans.ban(flooder, forgiven), FIRST_PENALTY);
    }
}
