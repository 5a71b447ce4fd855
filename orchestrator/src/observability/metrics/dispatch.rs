//! Time from a seat's assignment on chain to the dispatch of its task to the agent.

use super::Metrics;
use crate::submissions::model::SeatKey;
use std::collections::HashMap;
use std::time::Instant;

/// Seats that wait for their task, and seats whose task was dispatched.
#[derive(Debug)]
pub(crate) struct Dispatches {
    seats: HashMap<SeatKey, WaitingSeat>,
    /// When the last plan read the chain.
    looked: Instant,
}

#[derive(Clone, Copy, Debug)]
struct WaitingSeat {
    since: Instant,
    told: bool,
}

impl Default for Dispatches {
    fn default() -> Self {
        Self {
            seats: HashMap::new(),
            looked: Instant::now(),
        }
    }
}

impl Dispatches {
    /// Records the seats whose tasks a plan dispatches, each with the time since which its shard is unchanged,
    /// and the time at which the plan read the chain. A seat that the previous plan saw and did not dispatch
    /// waited for something else, such as its agent, so its time starts now. Other seats are removed.
    pub(crate) fn planned(&mut self, wanted: Vec<(SeatKey, Instant)>, looked: Instant) {
        let known = std::mem::take(&mut self.seats);
        let seat = |(key, since): (SeatKey, Instant)| {
            let fresh = || WaitingSeat {
                since: if since >= self.looked { since } else { looked },
                told: false,
            };
            (key, known.get(&key).copied().unwrap_or_else(fresh))
        };
        self.seats = wanted.into_iter().map(seat).collect();
        self.looked = looked;
    }

    /// Start of a seat's wait; `None` if its task was dispatched before, because repetitions do not count.
    pub(crate) fn since(&self, key: &SeatKey) -> Option<Instant> {
        let seat = self.seats.get(key).filter(|seat| !seat.told)?;
        Some(seat.since)
    }

    /// A task was queued for its agent.
    pub(crate) fn told(&mut self, key: &SeatKey) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.told = true;
        }
    }
}

impl Metrics {
    /// A task whose seat has waited `since` then was written to its agent.
    pub(crate) fn task_dispatched(&self, since: Instant) {
        self.0.dispatch.observe(since.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::Pubkey;
    use std::time::Duration;

    const KEY: SeatKey = SeatKey {
        job: Pubkey::new_from_array([1; 32]),
        shard: 0,
        attempt: 0,
        provider: Pubkey::new_from_array([2; 32]),
    };

    #[test]
    fn a_seat_counts_once_however_often_its_agent_is_told() {
        let mut dispatches = Dispatches::default();
        assert_eq!(dispatches.since(&KEY), None, "nobody planned it");
        let now = Instant::now();
        for _ in 0..3 {
            dispatches.planned(vec![(KEY, now)], now);
            assert_eq!(dispatches.since(&KEY), Some(now));
        }
        dispatches.told(&KEY);
        dispatches.planned(vec![(KEY, now)], now);
        assert_eq!(dispatches.since(&KEY), None);
        dispatches.planned(Vec::new(), now);
        assert!(dispatches.seats.is_empty());
    }

    #[test]
    fn a_seat_that_an_earlier_plan_did_not_want_told_counts_from_the_plan_that_does() {
        let mut dispatches = Dispatches::default();
        let seen = Instant::now();
        let (first, second) = (seen + Duration::from_secs(1), seen + Duration::from_secs(2));
        dispatches.planned(Vec::new(), first);
        dispatches.planned(vec![(KEY, seen)], second);
        assert_eq!(dispatches.since(&KEY), Some(second));
    }
}
