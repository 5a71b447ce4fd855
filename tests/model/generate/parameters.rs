//! Network parameters, within and out of bounds.

use crate::generate::rng::Rng;
use crate::rules::sortition::ADMIT_ALL;
use crate::world::World;
use millrace_program::state::NetworkParameters;

/// The start of sortition at which, on average, one of five providers with the usual stake is admitted
/// at once.
const ONE_AT_ONCE: u64 = u64::MAX / 600_000;
/// Parameter sets with one parameter out of bounds, percent.
const BROKEN: u64 = 20;
const DAY: u32 = 86_400;

impl Rng {
    pub(crate) fn parameters(&mut self, world: &World) -> NetworkParameters {
        // The time to decline, and a minimum window that outlasts it by more than two seconds.
        let (accept_secs, min_window_secs) = self.pick(&[
            (0, 3),
            (0, 10),
            (7, 10),
            (7, 10),
            (7, 10),
            (8, 11),
            (20, 23),
        ]);
        let max_deadline_secs = self.pick(&[700, 1_500, 3_600]);
        let mut parameters = NetworkParameters {
            min_stake: self.pick(&[1, 1_000, 30_000]),
            min_bond: self.pick(&[0, 0, 0, 0, 500, 5_000]),
            lock_bps: self.pick(&[1, 5_000, 20_000, 33_333, 60_000, 100_000]),
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
            reward_bps: self.reward_bps(world),
            unbonding_secs: max_deadline_secs + self.pick(&[0, 0, 700]),
            accept_secs,
            draw_slots: self.pick(&[1, 4, 8]),
            max_replicas: self.pick(&[5, 5, 5, 4]),
            max_shards: self.pick(&[8, 8, 8, 2]),
            min_window_secs,
            max_window_secs: self.pick(&[59, 60, 600]),
            max_deadline_secs,
        };
        if self.chance(BROKEN) {
            self.break_parameter(&mut parameters, world);
        }
        parameters
    }

    /// With two mints, rewards may exceed the fees.
    fn reward_bps(&mut self, world: &World) -> u64 {
        if world.one_mint {
            self.pick(&[0, 3_333, 10_000, 10_000, 10_000])
        } else {
            self.pick(&[3_333, 10_000, 50_000, 1_000_000, u64::MAX])
        }
    }

    /// Sets one parameter to its bound or one step beyond.
    fn break_parameter(&mut self, p: &mut NetworkParameters, world: &World) {
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
            6 => p.min_window_secs = p.accept_secs + 3 - step,
            7 => p.min_window_secs = p.max_window_secs + step,
            8 => p.max_window_secs = DAY + step,
            9 => p.accept_secs = [p.min_window_secs - 3 + step, u32::MAX][self.index(2)],
            10 => p.max_deadline_secs = 1 - step,
            11 => {
                (p.max_deadline_secs, p.unbonding_secs) = (30 * DAY + step, 60 * DAY);
            }
            12 => p.max_shards = [0, 1_025][self.index(2)],
            13 => p.fee_bps = 1_000 + short,
            14 => p.slash_bps = 10_000 + short,
            15 => p.late_bps = 2_500 + short,
            16 => p.reward_bps = 10_000 + wide * u64::from(world.one_mint),
            17 => p.max_replicas = [0, 6][self.index(2)],
            _ => p.draw_slots = [0, 65][self.index(2)],
        }
    }
}
