//! Makes one part of a valid action invalid.

use crate::action::{Action, Forgery, StakeMint};
use crate::generate::rng::Rng;
use crate::world::{JobId, ORCHESTRATORS, Party, WORKERS, World};

/// Workers that have a seat of a shard already, are too expensive for it, or do not lock enough stake.
fn unwilling(world: &World, job: JobId, index: u32) -> Vec<usize> {
    let Ok(job) = world.job(job) else {
        return Vec::new();
    };
    let shard = job.shard(index).ok();
    let seated = |n| shard.is_some_and(|s| s.live().any(|(_, seat)| seat.worker == n));
    let refuses = |n: &usize| {
        let provider = &world.providers[*n];
        let unfit = provider.price > job.terms.price_cap || provider.max_lock < job.lock;
        provider.registered && (unfit || seated(*n))
    };
    (0..WORKERS).filter(refuses).collect()
}

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
                mut agreed,
            } => {
                let by = if self.chance(30) { anybody } else { by };
                match self.below(4) {
                    0 => workers.push(worker),
                    1 => {
                        let refused = self.maybe(&unwilling(world, job, index));
                        workers = vec![refused.unwrap_or(worker)];
                    }
                    2 => {
                        let price = |worker: &usize| world.providers[*worker].price;
                        let lower = workers.iter().map(|w| price(w).saturating_sub(1));
                        agreed = lower.collect();
                    }
                    _ => workers.clear(),
                }
                Action::Assign {
                    by,
                    job,
                    index,
                    workers,
                    agreed,
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
                stake_mint: StakeMint::Missing,
            },
            Action::ExpireSeat {
                job, index, seat, ..
            } => Action::ExpireSeat {
                job,
                index,
                seat,
                worker,
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
            agreed: Vec::new(),
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
}
