//! Network parameters, within and out of bounds.

use crate::generate::rng::Rng;
use crate::rules::sortition::ADMIT_ALL;
use millrace_program::state::NetworkParameters;

/// The start of sortition at which, on average, one of five providers with the usual stake is admitted
/// at once.
const ONE_AT_ONCE: u64 = u64::MAX / 600_000;
/// Parameter sets with one parameter out of bounds, percent.
const BROKEN: u64 = 20;
const DAY: u32 = 86_400;

impl Rng {
    pub(crate) fn parameters(&mut self) -> NetworkParameters {
        let max_deadline_secs = self.pick(&[700, 1_500, 3_600]);
        let mut parameters = NetworkParameters {
            min_stake: self.pick(&[1, 1_000, 30_000]),
            min_bond: self.pick(&[0, 0, 0, 0, 500, 5_000]),
            lock_bps: self.pick(&[1, 20_000, 33_333, 60_000, 100_000]),
            sortition_start: self.pick(&[
                ADMIT_ALL,
                ADMIT_ALL,
                ADMIT_ALL,
                ONE_AT_ONCE,
                ONE_AT_ONCE / 16,
            ]),
            fee_bps: self.pick(&[0, 250, 999, 1_000, 250]),
            slash_bps: self.pick(&[3_333, 5_000, 10_000, 10_000]),
            late_bps: self.pick(&[0, 500, 999, 2_500]),
            bounty_bps: self.pick(&[0, 1_001, 2_000, 5_000]),
            unbonding_secs: max_deadline_secs + self.pick(&[0, 0, 700]),
            accept_secs: self.pick(&[0, 7, 20, 3_600]),
            draw_slots: self.pick(&[1, 4, 8]),
            max_replicas: self.pick(&[5, 5, 5, 4]),
            max_shards: self.pick(&[8, 8, 8, 2]),
            min_window_secs: self.pick(&[1, 10, 10, 11]),
            max_window_secs: self.pick(&[59, 60, 600]),
            max_deadline_secs,
        };
        if self.chance(BROKEN) {
            self.break_parameter(&mut parameters);
        }
        parameters
    }

    /// Sets one parameter to its bound or one step beyond.
    fn break_parameter(&mut self, p: &mut NetworkParameters) {
        let beyond = self.chance(75);
        let step = u32::from(beyond);
        let (wide, short) = (u64::from(step), step as u16);
        match self.below(19) {
            0 => p.min_stake = 1 - wide,
            1 => p.lock_bps = 1 - wide,
            2 => p.lock_bps = 10_000_000 + wide,
            3 => p.sortition_start = 1 - wide,
            4 => p.unbonding_secs = p.max_deadline_secs - step,
            5 => p.unbonding_secs = 90 * DAY + step,
            6 => p.min_window_secs = 1 - step,
            7 => p.min_window_secs = p.max_window_secs + step,
            8 => p.max_window_secs = DAY + step,
            9 => p.accept_secs = 3_600 + step,
            10 => p.max_deadline_secs = 1 - step,
            11 => {
                (p.max_deadline_secs, p.unbonding_secs) = (30 * DAY + step, 60 * DAY);
            }
            12 => p.max_shards = [0, 1_025][self.index(2)],
            13 => p.fee_bps = 1_000 + short,
            14 => p.slash_bps = 10_000 + short,
            15 => p.late_bps = 2_500 + short,
            16 => p.bounty_bps = 5_000 + short,
            17 => p.max_replicas = [0, 6][self.index(2)],
            _ => p.draw_slots = [0, 65][self.index(2)],
        }
    }
}
