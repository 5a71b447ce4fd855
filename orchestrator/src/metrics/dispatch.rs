//! How long a seat that is assigned on chain waits for its task to be on its way to the agent.

use super::Metrics;
use crate::desk::SeatKey;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// Seats that wait for their task, and those that had it.
#[derive(Debug, Default)]
pub struct Dispatches {
    seats: HashMap<SeatKey, Seat>,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    seen: Instant,
    told: bool,
}

impl Dispatches {
    /// Takes in the seats that a plan wants told, made after the chain was looked at at `seen`. Seats
    /// that are not among them any more are forgotten.
    pub fn planned(&mut self, wanted: impl IntoIterator<Item = SeatKey>, seen: Instant) {
        let wanted: HashSet<SeatKey> = wanted.into_iter().collect();
        self.seats.retain(|key, _| wanted.contains(key));
        for key in wanted {
            self.seats.entry(key).or_insert(Seat { seen, told: false });
        }
    }

    /// A task was queued for its agent: repetitions do not count.
    pub fn told(&mut self, key: &SeatKey, metrics: &Metrics) {
        let waiting = self.seats.get_mut(key).filter(|seat| !seat.told);
        if let Some(seat) = waiting {
            seat.told = true;
            metrics
                .0
                .dispatch
                .observe(seat.seen.elapsed().as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Standing;
    use millrace_chain::Pubkey;

    fn counted(metrics: &Metrics) -> String {
        let shown = metrics.show(&Standing::default());
        let mut lines = shown.lines();
        let count = lines.find_map(|line| line.strip_prefix("millrace_dispatch_seconds_count "));
        count.unwrap_or_default().to_owned()
    }

    #[test]
    fn a_seat_counts_once_however_often_its_agent_is_told() {
        let (metrics, mut dispatches) = (Metrics::default(), Dispatches::default());
        let key = SeatKey {
            job: Pubkey::default(),
            shard: 0,
            attempt: 0,
            provider: Pubkey::default(),
        };
        dispatches.told(&key, &metrics);
        assert_eq!(counted(&metrics), "0", "nobody planned it");
        for _ in 0..3 {
            dispatches.planned([key], Instant::now());
            dispatches.told(&key, &metrics);
        }
        assert_eq!(counted(&metrics), "1");
        dispatches.planned([], Instant::now());
        assert!(dispatches.seats.is_empty());
    }
}
