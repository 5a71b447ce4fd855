//! What is to become of a shard, if nothing comes between: so that lies are told where they matter, and
//! each end of a shard is reached often.

use crate::generate::rng::Rng;
use crate::world::{Answer, Job, Mode, World};

/// The root of an honest answer, and that of a lie on which liars agree.
pub const RIGHT: u8 = 7;
const LIE: u8 = 66;

/// What the workers of a shard are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Honest,
    /// Who sits on the first seat lies.
    FirstLies,
    /// Who sits on this seat lies.
    OneLies(u8),
    /// All results differ.
    Discord,
    /// Some don't commit.
    Lazy,
    /// Some commit and show nothing.
    Silent,
}

impl Behaviour {
    /// The same whenever it is asked for.
    pub fn of(world: &World, job: &Job, index: u32) -> Self {
        let (client, nonce) = job.id;
        let place = (client as u64) << 40 | nonce << 8 | u64::from(index);
        let mut rng = Rng::new(world.block_seed ^ place << 16);
        let honest = Self::Honest;
        let one = Self::OneLies(rng.below(job.terms.max_replicas.into()) as u8);
        let first = Self::FirstLies;
        match job.terms.mode {
            Mode::Quorum => rng.pick(&[
                honest,
                honest,
                one,
                one,
                one,
                Self::Discord,
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
                Self::Discord,
                Self::Silent,
            ]),
        }
    }
}

impl Rng {
    /// What the worker on a seat says, mostly as its behaviour has it.
    pub fn answer(&mut self, behaviour: Behaviour, job: &Job, seat: u8) -> Answer {
        let units = job.terms.honest_units;
        let right = Answer { root: RIGHT, units };
        let lie = Answer { root: LIE, units };
        if self.chance(3) {
            let other = LIE + 1 + self.below(4) as u8;
            let more = units + self.below(3);
            return self.pick(&[
                lie,
                Answer { root: other, units },
                Answer {
                    root: RIGHT,
                    units: more,
                },
            ]);
        }
        match behaviour {
            Behaviour::FirstLies if seat == 0 => lie,
            Behaviour::OneLies(liar) if seat == liar => lie,
            Behaviour::Discord => Answer {
                root: LIE + 10 + seat,
                units,
            },
            _ => right,
        }
    }
}
