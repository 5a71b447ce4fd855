//! How the workers of a shard behave, so wrong results occur where they matter and every outcome of a
//! shard is frequent.

use crate::generate::rng::Rng;
use crate::world::{Answer, Job, Mode, World};

/// The root of the honest result, and the root on which wrong results agree.
pub(super) const RIGHT: u8 = 7;
const WRONG: u8 = 66;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Honest,
    /// The first seat returns a wrong result.
    FirstDisagrees,
    /// This seat returns a wrong result.
    OneDisagrees(u8),
    /// All results differ.
    AllDiffer,
    /// Some seats do not commit.
    Lazy,
    /// Some seats commit and do not reveal.
    Silent,
}

impl Behaviour {
    /// The behaviour at a shard, always the same for the same job and seed.
    pub(crate) fn of(world: &World, job: &Job, index: u32) -> Self {
        let (client, nonce) = job.id;
        let place = (client as u64) << 40 | nonce << 8 | u64::from(index);
        let mut rng = Rng::new(world.block_seed ^ place << 16);
        let honest = Self::Honest;
        let one = Self::OneDisagrees(rng.below(job.terms.max_replicas.into()) as u8);
        let first = Self::FirstDisagrees;
        match job.terms.mode {
            Mode::Quorum => rng.pick(&[
                honest,
                honest,
                one,
                one,
                one,
                Self::AllDiffer,
                Self::Lazy,
                Self::Silent,
            ]),
            Mode::Audit => rng.pick(&[honest, honest, first, first, Self::Lazy, Self::Silent]),
            Mode::Challenge => rng.pick(&[
                honest,
                honest,
                first,
                first,
                first,
                first,
                Self::AllDiffer,
                Self::Silent,
            ]),
        }
    }
}

impl Rng {
    /// The result of a seat, mostly according to the behaviour.
    pub(crate) fn answer(&mut self, behaviour: Behaviour, job: &Job, seat: u8) -> Answer {
        let units = job.terms.honest_units;
        let right = Answer { root: RIGHT, units };
        let wrong = Answer { root: WRONG, units };
        if self.chance(3) {
            let other = WRONG + 1 + self.below(4) as u8;
            let more = units + self.below(3);
            return self.pick(&[
                wrong,
                Answer { root: other, units },
                Answer {
                    root: RIGHT,
                    units: more,
                },
            ]);
        }
        match behaviour {
            Behaviour::FirstDisagrees if seat == 0 => wrong,
            Behaviour::OneDisagrees(dissenter) if seat == dissenter => wrong,
            Behaviour::AllDiffer => Answer {
                root: WRONG + 10 + seat,
                units,
            },
            _ => right,
        }
    }
}
