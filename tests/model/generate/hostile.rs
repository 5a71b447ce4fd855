//! An act that would be done, with one thing in it that is not right.

use crate::act::{Act, Forged};
use crate::generate::rng::Rng;
use crate::world::{CONDUCTORS, Mint, Vault, WORKERS, Who, World};

impl Rng {
    /// The act with something wrong in it, as far as there is something to get wrong.
    pub fn corrupted(&mut self, act: Act, world: &World) -> Act {
        let (worker, anybody) = (self.index(WORKERS), self.who());
        if self.chance(40)
            && let Some(late) = self.sitting_down_late(&act)
        {
            return late;
        }
        match act {
            Act::Assign {
                by,
                job,
                index,
                mut workers,
            } => {
                let by = if self.chance(30) { anybody } else { by };
                match self.below(3) {
                    0 => workers.push(worker),
                    1 => workers = vec![worker],
                    _ => workers.clear(),
                }
                Act::Assign {
                    by,
                    job,
                    index,
                    workers,
                }
            }
            Act::Commit {
                job,
                index,
                mut entries,
            } => {
                if let Some(last) = entries.last_mut() {
                    match self.below(4) {
                        0 => last.worker = worker,
                        1 => last.seat = self.below(6) as u8,
                        _ => last.forged = self.forged(),
                    }
                }
                Act::Commit {
                    job,
                    index,
                    entries,
                }
            }
            Act::Decline {
                job,
                index,
                mut entry,
            } => {
                entry.forged = self.forged();
                Act::Decline { job, index, entry }
            }
            Act::Reveal {
                by,
                job,
                index,
                mut openings,
            } => {
                match openings.last_mut() {
                    Some(last) if self.chance(70) => last.answer.units += 1,
                    _ => openings.clear(),
                }
                let by = by.map(|by| if self.chance(30) { anybody } else { by });
                Act::Reveal {
                    by,
                    job,
                    index,
                    openings,
                }
            }
            Act::Settle { job, index, .. } => Act::Settle {
                job,
                index,
                bounty: Some(Vault::Purse(anybody, self.foreign(world))),
            },
            Act::ExpireSeat {
                job, index, seat, ..
            } => Act::ExpireSeat {
                job,
                index,
                seat,
                worker,
                bounty: Some(Vault::Purse(anybody, self.foreign(world))),
            },
            Act::Close { job, shards, .. } => Act::Close {
                job,
                shards,
                payer: Some(self.index(CONDUCTORS)),
            },
            Act::Challenge { job, index, .. } => Act::Challenge {
                by: anybody,
                job,
                index: index + 1,
            },
            Act::Acknowledge {
                job, index, seat, ..
            } => Act::Acknowledge {
                by: anybody,
                job,
                index,
                seat,
            },
            other => other,
        }
    }

    /// Taking a seat where others should go or results are shown.
    fn sitting_down_late(&mut self, act: &Act) -> Option<Act> {
        let (job, index) = match *act {
            Act::ExpireSeat { job, index, .. }
            | Act::Reveal { job, index, .. }
            | Act::Acknowledge { job, index, .. } => (job, index),
            _ => return None,
        };
        Some(Act::Assign {
            by: Who::Conductor(self.index(CONDUCTORS)),
            job,
            index,
            workers: vec![self.index(WORKERS)],
        })
    }

    /// What can be wrong with a signature.
    pub fn forged(&mut self) -> Forged {
        self.pick(&[
            Forged::Signer,
            Forged::Retired,
            Forged::Attempt,
            Forged::Shard,
            Forged::Job,
        ])
    }

    /// The mint that bounties are not paid in, where there are two.
    fn foreign(&mut self, world: &World) -> Mint {
        match world.one_mint {
            true => Mint::Stake,
            false => Mint::Payment,
        }
    }
}
