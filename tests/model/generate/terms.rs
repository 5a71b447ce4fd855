//! Terms of jobs.

use crate::generate::rng::Rng;
use crate::world::{Mode, Terms, World};

impl Rng {
    /// Terms of a client's job, with an invalid term in `broken` of 100 cases.
    pub(crate) fn terms(&mut self, world: &World, by: usize, broken: u64) -> Terms {
        let mode = self.pick(&[Mode::Quorum, Mode::Quorum, Mode::Audit, Mode::Challenge]);
        let network = &world.parameters;
        let bounds = network.min_window_secs..=network.max_window_secs;
        let window = |rng: &mut Self| {
            let any = rng.pick(&[10, 11, 30, 60]);
            // Thirty seconds are always allowed.
            if bounds.contains(&any) || rng.chance(30) {
                any
            } else {
                30
            }
        };
        let max_replicas: u8 = match mode {
            Mode::Quorum => self.pick(&[1, 3, 3, 3, 4, 5, 5]),
            Mode::Audit => self.pick(&[3, 3, 4, 5]),
            Mode::Challenge => self.pick(&[3, 3, 4, 4]),
        };
        let least = max_replicas / 2 + 1;
        let quorum = match max_replicas {
            1 => 1,
            _ => self.between(least.into(), u64::from(max_replicas) - 1) as u8,
        };
        let replicas = match mode {
            Mode::Quorum if self.chance(50) => max_replicas,
            Mode::Quorum => self.between(quorum.into(), max_replicas.into()) as u8,
            _ => 1,
        };
        let max_units = self.pick(&[1, 99, 333, 500, 901]);
        let mut terms = Terms {
            nonce: world.clients[by].nonce,
            mode,
            shards: self.pick(&[1, 1, 1, 2, 3]),
            replicas,
            quorum,
            max_replicas,
            price_cap: self.pick(&[4, 5, 7, 8, 8, 9]),
            max_units,
            deadline: 0,
            commit: window(self),
            reveal: window(self),
            challenge: match mode {
                Mode::Challenge => window(self),
                _ => 0,
            },
            audit_bps: match mode {
                Mode::Audit => self.pick(&[1, 3_000, 5_000, 10_000]),
                _ => 0,
            },
            max_deposit: u64::MAX,
            min_cores: self.pick(&[0, 0, 0, 0, 0, 4]),
            orchestrator: self.pick(&[None, None, None, None, None, Some(0), Some(1), Some(2)]),
            honest_units: self.pick(&[max_units, max_units / 2, max_units + 5, max_units - 1]),
        };
        let spare = self.pick(&[0, 1, 70, 300, 1_000, 2_000, 2_000]);
        let latest = world.now + i64::from(world.parameters.max_deadline_secs);
        terms.deadline = (world.now + terms.first() + spare).min(latest);
        if self.chance(broken) {
            self.break_term(&mut terms);
        }
        terms
    }

    /// Makes one term invalid, or sets it to its bound.
    fn break_term(&mut self, terms: &mut Terms) {
        match self.below(22) {
            0 => terms.nonce += 1,
            1 => terms.nonce = terms.nonce.saturating_sub(1),
            2 => terms.shards = 0,
            3 => terms.shards = 9,
            4 => terms.quorum = 0,
            5 => terms.quorum = terms.max_replicas / 2,
            6 => terms.quorum = terms.max_replicas + 1,
            7 => terms.replicas = terms.max_replicas + 1,
            8 => terms.max_replicas = 6,
            9 => terms.deadline = 0,
            10 => terms.deadline += 3_600,
            11 => terms.commit = 9,
            12 => terms.reveal = 601,
            13 => terms.challenge = 1_000 * u32::from(terms.challenge == 0),
            14 => terms.audit_bps = 10_001 * u16::from(terms.audit_bps == 0),
            15 => terms.price_cap = 0,
            16 => terms.max_units = 0,
            17 => terms.max_deposit = terms.price_cap * terms.max_units,
            18 => terms.price_cap = u64::MAX / 2,
            // Two seats, and a quorum of all seats.
            19 => (terms.quorum, terms.max_replicas) = (2, 2),
            20 => terms.quorum = terms.max_replicas,
            // A round that ends a second too late.
            _ => terms.commit += 1,
        }
    }
}
