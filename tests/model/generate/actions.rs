//! Generates the arguments of actions, at random and guided by the state of the shards.

use crate::action::{Action, Entry, Forgery, RevealedSeat, StakeMint};
use crate::generate::ActionKind;
use crate::generate::behaviour::Behaviour;
use crate::generate::rng::Rng;
use crate::world::{Job, JobId, ORCHESTRATORS, Party, Shard, Status, WORKERS, World};

/// A job and the index of one of its shards, which may not exist.
struct Target<'a> {
    job: &'a Job,
    index: u32,
    shard: Option<&'a Shard>,
    behaviour: Behaviour,
}

impl Rng {
    pub(crate) fn who(&mut self) -> Party {
        self.pick(&Party::ALL)
    }

    /// Mostly `who`, sometimes any party.
    pub(crate) fn mostly(&mut self, who: Party) -> Party {
        if self.chance(86) { who } else { self.who() }
    }

    fn orchestrator(&mut self, job: &Job) -> Party {
        let any = self.index(ORCHESTRATORS);
        let asked = job.terms.orchestrator.filter(|n| *n < ORCHESTRATORS);
        self.mostly(Party::Orchestrator(asked.unwrap_or(any)))
    }

    pub(crate) fn stake_mint(&mut self) -> StakeMint {
        match self.below(20) {
            0 => StakeMint::Missing,
            1 => StakeMint::Given,
            _ => StakeMint::IfNeeded,
        }
    }

    /// Agreed prices, mostly any price.
    pub(crate) fn agreed(&mut self, world: &World, workers: &[usize]) -> Vec<u64> {
        let exact = workers.iter().map(|worker| world.providers[*worker].price);
        match self.below(20) {
            0 => exact
                .map(|price| price.saturating_sub(self.below(2)))
                .collect(),
            1..=4 => exact.collect(),
            _ => Vec::new(),
        }
    }

    fn target<'a>(&mut self, kind: ActionKind, world: &'a World) -> Option<Target<'a>> {
        let jobs: Vec<&Job> = world.jobs.iter().collect();
        let job = self.maybe(&jobs)?;
        // Other actions contain no index if the job has one shard.
        let named =
            job.terms.shards > 1 || matches!(kind, ActionKind::Assign | ActionKind::Challenge);
        let beyond = u32::from(named && self.chance(2));
        let index = self.below((job.terms.shards + beyond).into()) as u32;
        let shard = job.shard(index).ok();
        let behaviour = Behaviour::of(world, job, index);
        Some(Target {
            job,
            index,
            shard,
            behaviour,
        })
    }

    pub(crate) fn action(&mut self, kind: ActionKind, world: &World) -> Action {
        let mut target = self.target(kind, world);
        let full = |t: &Target| t.shard.is_some_and(|s| s.free() == 0);
        if kind == ActionKind::Assign && target.as_ref().is_some_and(full) {
            target = self.target(kind, world);
        }
        let about_a_job = kind.is_about_a_job();
        match target {
            Some(target) if about_a_job => {
                let target = if self.chance(2) {
                    return self.action_on_a_missing_job(kind, world);
                } else {
                    target
                };
                self.job_action(kind, world, &target)
            }
            None if about_a_job => self.action_on_a_missing_job(kind, world),
            _ => self.party_action(kind, world),
        }
    }

    /// An action on a job that is closed or was never posted.
    fn action_on_a_missing_job(&mut self, kind: ActionKind, world: &World) -> Action {
        let client = self.index(2);
        let job: JobId = (client, self.below(world.clients[client].nonce + 1));
        let (index, by) = (0, self.who());
        match kind {
            ActionKind::Cancel => Action::Cancel { by, job },
            ActionKind::Assign => Action::Assign {
                by: Party::Orchestrator(0),
                job,
                index,
                workers: vec![self.index(WORKERS)],
                agreed: Vec::new(),
            },
            ActionKind::ExpireJob => Action::ExpireJob { job },
            ActionKind::Seed => Action::SeedJob { job },
            ActionKind::Close => Action::Close {
                job,
                shards: Vec::new(),
                payer: None,
            },
            ActionKind::Draw => Action::DrawAudit { job, index },
            ActionKind::Challenge => Action::Challenge { by, job, index },
            _ => Action::Settle {
                job,
                index,
                stake_mint: StakeMint::IfNeeded,
            },
        }
    }

    fn job_action(&mut self, kind: ActionKind, world: &World, target: &Target) -> Action {
        let (job, index) = (target.job.id, target.index);
        let owner = Party::Client(job.0);
        match kind {
            ActionKind::Cancel => Action::Cancel {
                by: self.mostly(owner),
                job,
            },
            ActionKind::Assign => self.assign_action(world, target),
            ActionKind::Commit => Action::Commit {
                job,
                index,
                entries: self.entries(target),
            },
            ActionKind::Reveal => self.reveal_action(target),
            ActionKind::Acknowledge => {
                let waiting = target.shard.map(|shard| {
                    let seats = shard.live().filter(|(_, seat)| !seat.delivered);
                    seats.map(|(at, _)| at as u8).collect::<Vec<_>>()
                });
                let orchestrator = self.orchestrator(target.job);
                Action::Acknowledge {
                    by: if self.chance(50) {
                        self.mostly(owner)
                    } else {
                        orchestrator
                    },
                    job,
                    index,
                    seat: self.seat(waiting),
                }
            }
            ActionKind::Decline => {
                let status = if self.chance(70) {
                    Status::Assigned
                } else {
                    Status::Committed
                };
                let working = target.shard.map(|s| s.seats_in(status));
                let seat = self.seat(working);
                Action::Decline {
                    job,
                    index,
                    entry: self.entry(target, seat),
                }
            }
            ActionKind::Settle => Action::Settle {
                job,
                index,
                stake_mint: self.stake_mint(),
            },
            ActionKind::ExpireSeat => {
                let working = target.shard.map(|s| s.seats_in(Status::Assigned));
                let seat = self.seat(working);
                Action::ExpireSeat {
                    job,
                    index,
                    seat,
                    worker: self.worker_at(target, seat),
                }
            }
            ActionKind::ExpireJob => Action::ExpireJob { job },
            ActionKind::Seed => Action::SeedJob { job },
            ActionKind::Close => self.close_action(target.job),
            ActionKind::Draw => Action::DrawAudit { job, index },
            _ => Action::Challenge {
                by: self.who(),
                job,
                index,
            },
        }
    }

    fn seat(&mut self, fitting: Option<Vec<u8>>) -> u8 {
        let fitting = fitting.unwrap_or_default();
        let any = self.below(6) as u8;
        if self.chance(95) {
            self.maybe(&fitting).unwrap_or(any)
        } else {
            any
        }
    }

    fn worker_at(&mut self, target: &Target, seat: u8) -> usize {
        let seats = target.shard.map(|shard| shard.seats);
        let there = seats.and_then(|seats| *seats.get(usize::from(seat))?);
        let any = self.index(WORKERS);
        if self.chance(96) {
            there.map_or(any, |seat| seat.worker)
        } else {
            any
        }
    }

    fn entry(&mut self, target: &Target, seat: u8) -> Entry {
        let worker = self.worker_at(target, seat);
        Entry {
            seat,
            worker,
            answer: self.answer(target.behaviour, target.job, seat),
            forged: if self.chance(95) {
                Forgery::None
            } else {
                self.forged()
            },
        }
    }

    fn entries(&mut self, target: &Target) -> Vec<Entry> {
        let working = target.shard.map(|s| s.seats_in(Status::Assigned));
        let working = working.unwrap_or_default();
        let count = if self.chance(70) {
            3
        } else {
            1 + self.index(3)
        };
        let mut seats = self.some(&working, count);
        if seats.is_empty() {
            seats.push(self.below(5) as u8);
        }
        if self.chance(2) {
            seats.push(seats[0]);
            seats.truncate(3);
        }
        seats.iter().map(|seat| self.entry(target, *seat)).collect()
    }

    fn reveal_action(&mut self, target: &Target) -> Action {
        let bound = target.shard.map(|s| s.seats_in(Status::Committed));
        let mut bound = bound.unwrap_or_default();
        if self.chance(40) {
            bound.extend(target.shard.map(Shard::undelivered).unwrap_or_default());
        }
        let count = if self.chance(75) {
            5
        } else {
            1 + self.index(2)
        };
        let mut seats = self.some(&bound, count);
        if seats.is_empty() {
            seats.push(self.below(5) as u8);
        }
        let of = |seat: u8| target.shard.and_then(|s| s.seats[usize::from(seat)]);
        let reveals = seats.iter().map(|seat| {
            let own = of(*seat).and_then(|seat| seat.answer);
            let false_one = self.chance(3);
            let any = self.answer(target.behaviour, target.job, *seat);
            RevealedSeat {
                seat: *seat,
                answer: own.filter(|_| !false_one).unwrap_or(any),
            }
        });
        let reveals = reveals.collect();
        let orchestrator = self.orchestrator(target.job);
        Action::Reveal {
            by: self.chance(75).then_some(orchestrator),
            job: target.job.id,
            index: target.index,
            reveals,
        }
    }

    fn assign_action(&mut self, world: &World, target: &Target) -> Action {
        let job = target.job;
        let free = match target.shard {
            Some(shard) => shard.free(),
            None => usize::from(job.terms.replicas),
        };
        let suits = |n: &usize| {
            let provider = &world.providers[*n];
            let there = target
                .shard
                .is_some_and(|s| s.live().any(|(_, seat)| seat.worker == *n));
            !there
                && provider.registered
                && provider.price <= job.terms.price_cap
                && job.lock <= provider.max_lock
                && provider.cores >= job.terms.min_cores
                && provider.active - provider.locked >= job.lock
        };
        let all: Vec<usize> = (0..WORKERS).collect();
        let fitting: Vec<usize> = all.iter().copied().filter(suits).collect();
        let count = if self.chance(70) {
            free
        } else {
            1 + self.index(3)
        };
        let mut workers = if self.chance(93) {
            self.some(&fitting, count)
        } else {
            self.some(&all, count)
        };
        if self.chance(2) {
            workers.push(workers.first().copied().unwrap_or(0));
        }
        Action::Assign {
            by: self.orchestrator(job),
            job: job.id,
            index: target.index,
            agreed: self.agreed(world, &workers),
            workers,
        }
    }

    fn close_action(&mut self, job: &Job) -> Action {
        let there = job.shards.iter().enumerate();
        let there = there.filter(|(_, s)| s.as_ref().is_some_and(|s| !s.closed));
        let there: Vec<u32> = there.map(|(index, _)| index as u32).collect();
        let mut shards = match (job.terms.shards, self.chance(70)) {
            (1, _) => Vec::new(),
            (_, true) => there,
            _ => self.some(&there, 1),
        };
        if self.chance(4) {
            shards.push(self.below(3) as u32);
        }
        let wrong_payer = self.index(2);
        Action::Close {
            job: job.id,
            shards,
            payer: self.chance(4).then_some(wrong_payer),
        }
    }
}
