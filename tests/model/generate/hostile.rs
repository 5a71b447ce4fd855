//! Makes one part of a valid action invalid.

use crate::action::{Action, Forgery};
use crate::generate::rng::Rng;
use crate::world::{Mint, ORCHESTRATORS, Party, Vault, WORKERS, World};

impl Rng {
    /// The action with an invalid part, if it has a part that can be invalid.
    pub(crate) fn corrupted(&mut self, action: Action, world: &World) -> Action {
        let (worker, anybody) = (self.index(WORKERS), self.who());
        if self.chance(40)
            && let Some(late) = self.assign_too_late(&action)
        {
            return late;
        }
        match action {
            Action::Assign {
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
                Action::Assign {
                    by,
                    job,
                    index,
                    workers,
                }
            }
            Action::Commit {
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
                Action::Commit {
                    job,
                    index,
                    entries,
                }
            }
            Action::Decline {
                job,
                index,
                mut entry,
            } => {
                entry.forged = self.forged();
                Action::Decline { job, index, entry }
            }
            Action::Reveal {
                by,
                job,
                index,
                mut reveals,
            } => {
                match reveals.last_mut() {
                    Some(last) if self.chance(70) => last.answer.units += 1,
                    _ => reveals.clear(),
                }
                let by = by.map(|by| if self.chance(30) { anybody } else { by });
                Action::Reveal {
                    by,
                    job,
                    index,
                    reveals,
                }
            }
            Action::Settle { job, index, .. } => Action::Settle {
                job,
                index,
                bounty: Some(Vault::Wallet(anybody, self.other_mint(world))),
            },
            Action::ExpireSeat {
                job, index, seat, ..
            } => Action::ExpireSeat {
                job,
                index,
                seat,
                worker,
                bounty: Some(Vault::Wallet(anybody, self.other_mint(world))),
            },
            Action::Close { job, shards, .. } => Action::Close {
                job,
                shards,
                payer: Some(self.index(ORCHESTRATORS)),
            },
            Action::Challenge { job, index, .. } => Action::Challenge {
                by: anybody,
                job,
                index: index + 1,
            },
            Action::Acknowledge {
                job, index, seat, ..
            } => Action::Acknowledge {
                by: anybody,
                job,
                index,
                seat,
            },
            other => other,
        }
    }

    /// An assignment at a shard whose seat should be expired or whose results are being revealed.
    fn assign_too_late(&mut self, action: &Action) -> Option<Action> {
        let (job, index) = match *action {
            Action::ExpireSeat { job, index, .. }
            | Action::Reveal { job, index, .. }
            | Action::Acknowledge { job, index, .. } => (job, index),
            _ => return None,
        };
        Some(Action::Assign {
            by: Party::Orchestrator(self.index(ORCHESTRATORS)),
            job,
            index,
            workers: vec![self.index(WORKERS)],
        })
    }

    pub(crate) fn forged(&mut self) -> Forgery {
        self.pick(&[
            Forgery::Signer,
            Forgery::Retired,
            Forgery::Attempt,
            Forgery::Shard,
            Forgery::Job,
        ])
    }

    /// The mint in which bounties are not paid, if there are two.
    fn other_mint(&mut self, world: &World) -> Mint {
        if world.one_mint {
            Mint::Stake
        } else {
            Mint::Payment
        }
    }
}
