//! Generates the next step of a job towards its end, so sequences finish jobs although most random
//! actions do not.

use crate::action::{Action, Entry, Forgery, RevealedSeat, Step};
use crate::chain::addresses::AddressBook;
use crate::generate::behaviour::{Behaviour, RIGHT};
use crate::generate::rng::Rng;
use crate::rules::sortition::ADMIT_ALL;
use crate::world::{
    Job, JobState, Mode, ORCHESTRATORS, Party, Review, Seat, Shard, ShardState, Status, WORKERS,
    World,
};

/// Commitments that fit into one transaction.
const MAX_COMMITMENTS: usize = 3;

/// Steps that are made invalid, percent.
const HOSTILE: u64 = 9;
/// Shards that are considered for the next step.
const MAX_LOOKED_AT: usize = 6;

/// The shorter of two waits. Waiting for blocks is short.
fn shorter(one: Option<Step>, other: Step) -> Option<Step> {
    match (one, other) {
        (Some(Step::PassSlots(a)), Step::PassSlots(b)) => Some(Step::PassSlots(a.min(b))),
        (Some(Step::PassSlots(a)), _) => Some(Step::PassSlots(a)),
        (Some(Step::PassTime(a)), Step::PassTime(b)) => Some(Step::PassTime(a.min(b))),
        (_, other) => Some(other),
    }
}

struct Focus<'a> {
    world: &'a World,
    addresses: &'a AddressBook,
    job: &'a Job,
    index: u32,
    behaviour: Behaviour,
}

impl Focus<'_> {
    fn can(&self, action: &Action) -> bool {
        let actions = std::slice::from_ref(action);
        self.world.after(actions, self.addresses).is_ok()
    }

    /// An orchestrator that may assign seats and attest deliveries.
    fn orchestrator(&self) -> Option<Party> {
        let wanted = self.job.terms.orchestrator;
        let mut all = (0..ORCHESTRATORS).rev();
        let serving = all.find(|n| {
            let book = self.world.orchestrators[*n].as_ref();
            let fit = book.is_some_and(|c| c.active && c.bonded >= self.world.parameters.min_bond);
            fit && wanted.is_none_or(|w| w == *n)
        });
        serving.map(Party::Orchestrator)
    }

    /// Waits until `time`.
    fn until(&self, time: i64) -> Option<Step> {
        (time > self.world.now).then(|| Step::PassTime(time - self.world.now))
    }
}

impl Rng {
    /// The next step of some job. Time passes only if no other step is possible anywhere, so no seat
    /// becomes late because of it.
    pub(crate) fn advance(&mut self, world: &World, addresses: &AddressBook) -> Option<Step> {
        let open = |job: &&Job| job.finished() || job.state == JobState::Open || job.live > 0;
        let jobs = world.jobs.iter().filter(open);
        let all = jobs.flat_map(|job| (0..job.terms.shards).map(move |index| (job, index)));
        let mut all: Vec<(&Job, u32)> = all.collect();
        if self.chance(30) {
            all = self.some(&all, MAX_LOOKED_AT);
        }
        let mut wait = None;
        for (job, index) in all.into_iter().take(MAX_LOOKED_AT) {
            let focus = Focus {
                world,
                addresses,
                job,
                index,
                behaviour: Behaviour::of(world, job, index),
            };
            match self.advance_at(&focus) {
                Some(Step::Send(mut actions, none)) if focus.can(&actions[0]) => {
                    if self.chance(HOSTILE) {
                        actions = actions
                            .into_iter()
                            .map(|action| self.corrupted(action, world))
                            .collect();
                    }
                    return Some(Step::Send(actions, none));
                }
                Some(Step::Send(..)) | None => {}
                Some(pass) => wait = shorter(wait, pass),
            }
        }
        wait
    }

    fn advance_at(&mut self, focus: &Focus) -> Option<Step> {
        let job = focus.job;
        if job.finished() {
            return Self::send(self.close_all_action(job));
        }
        match job.shards[focus.index as usize].as_ref() {
            None if job.state == JobState::Open => self.assign_free_seats(focus, None),
            Some(shard) if shard.is_live() => self.advance_shard(focus, shard),
            _ => None,
        }
    }

    fn close_all_action(&mut self, job: &Job) -> Action {
        let there = job.shards.iter().enumerate();
        let there = there.filter(|(_, s)| s.as_ref().is_some_and(|s| !s.closed));
        let there: Vec<u32> = there.map(|(index, _)| index as u32).collect();
        let part = self.chance(40);
        Action::Close {
            job: job.id,
            shards: match job.terms.shards {
                1 => Vec::new(),
                _ if part => self.some(&there, 1),
                _ => there,
            },
            payer: None,
        }
    }

    fn send(action: Action) -> Option<Step> {
        Some(Step::Send(vec![action], None))
    }

    /// Assigns all free seats, after taking the job's seed if it needs one.
    fn assign_free_seats(&mut self, focus: &Focus, shard: Option<&Shard>) -> Option<Step> {
        let (world, job) = (focus.world, focus.job);
        let drawn = world.parameters.sortition_start != ADMIT_ALL;
        if drawn && job.seed == 0 {
            let seed = Action::SeedJob { job: job.id };
            return if focus.can(&seed) {
                Self::send(seed)
            } else {
                Some(Step::PassSlots(3))
            };
        }
        let free = shard.map_or(usize::from(job.terms.replicas), Shard::free);
        let all: Vec<usize> = (0..WORKERS).collect();
        let by = focus.orchestrator()?;
        let assign = |workers: Vec<usize>, agreed: Vec<u64>| Action::Assign {
            by,
            job: job.id,
            index: focus.index,
            workers,
            agreed,
        };
        let fitting = all
            .into_iter()
            .filter(|w| focus.can(&assign(vec![*w], Vec::new())));
        let fitting: Vec<usize> = fitting.collect();
        let count = match fitting.len() {
            0 if drawn => return Some(Step::PassSlots(4)),
            0 => return None,
            // With lazy workers, some seats stay free too.
            _ if focus.behaviour == Behaviour::Lazy && free > 1 && self.chance(50) => free - 1,
            _ => free,
        };
        let workers = self.some(&fitting, count);
        let agreed = self.agreed(world, &workers);
        Self::send(assign(workers, agreed))
    }

    fn advance_shard(&mut self, focus: &Focus, shard: &Shard) -> Option<Step> {
        let now = focus.world.now;
        let working = shard.seats_in(Status::Assigned);
        if shard.state == ShardState::Assigned && !working.is_empty() {
            return if now < shard.commit_by {
                self.commit_all(focus, shard, &working)
            } else {
                self.end_of_commits(focus, shard, working[0])
            };
        }
        if shard.review == Review::Pending {
            let draw = Action::DrawAudit {
                job: focus.job.id,
                index: focus.index,
            };
            return if focus.can(&draw) {
                Self::send(draw)
            } else {
                Some(Step::PassSlots(u64::from(focus.job.draw_slots) + 2))
            };
        }
        let bound = shard.seats_in(Status::Committed);
        if let Some(stuck) = bound.first()
            && now >= shard.reveal_by
            && self.chance(40)
            && let Some(decline) = self.decline(focus, shard, *stuck)
            && focus.can(&decline)
        {
            return Self::send(decline);
        }
        if shard.free() > 0 && !shard.reveals_open(now) {
            if let Some(step) = self.assign_free_seats(focus, Some(shard)) {
                return Some(step);
            }
            return focus.until(shard.reveal_by);
        }
        if !bound.is_empty() && shard.reveals_open(now) && now < shard.reveal_by {
            return self.reveal_all(focus, shard, &bound);
        }
        self.finish(focus, shard)
    }

    /// Commits all working seats; rarely, one declines instead.
    fn commit_all(&mut self, focus: &Focus, shard: &Shard, working: &[u8]) -> Option<Step> {
        let declined = self
            .chance(8)
            .then(|| self.decline(focus, shard, working[0]));
        if let Some(Some(decline)) = declined.filter(|d| d.as_ref().is_some_and(|d| focus.can(d))) {
            return Self::send(decline);
        }
        let mut seats = self.some(working, MAX_COMMITMENTS);
        if focus.behaviour == Behaviour::Lazy && self.chance(50) {
            seats.pop();
            if seats.is_empty() {
                return focus.until(shard.commit_by);
            }
        }
        let seat_of = |at: u8| shard.seats[usize::from(at)];
        let entries = seats.into_iter().filter_map(|seat| {
            Some(Entry {
                seat,
                worker: seat_of(seat)?.worker,
                answer: self.answer(focus.behaviour, focus.job, seat),
                forged: Forgery::None,
            })
        });
        Self::send(Action::Commit {
            job: focus.job.id,
            index: focus.index,
            entries: entries.collect(),
        })
    }

    fn decline(&mut self, focus: &Focus, shard: &Shard, seat: u8) -> Option<Action> {
        Some(Action::Decline {
            job: focus.job.id,
            index: focus.index,
            entry: Entry {
                seat,
                worker: shard.seats[usize::from(seat)]?.worker,
                answer: self.answer(focus.behaviour, focus.job, seat),
                forged: Forgery::None,
            },
        })
    }

    /// Handles a seat that missed the commit window.
    fn end_of_commits(&mut self, focus: &Focus, shard: &Shard, late: u8) -> Option<Step> {
        let bound = shard.seats_in(Status::Committed);
        if shard.reveals_open(focus.world.now) && !bound.is_empty() && self.chance(60) {
            return self.reveal_all(focus, shard, &bound);
        }
        let worker = shard.seats[usize::from(late)]?.worker;
        Self::send(Action::ExpireSeat {
            job: focus.job.id,
            index: focus.index,
            seat: late,
            worker,
        })
    }

    fn reveal_all(&mut self, focus: &Focus, shard: &Shard, bound: &[u8]) -> Option<Step> {
        let mut seats = bound.to_vec();
        if focus.behaviour == Behaviour::Silent && self.chance(50) {
            seats.pop();
            if seats.is_empty() {
                return focus.until(shard.reveal_by);
            }
        }
        let by = focus.orchestrator().filter(|_| self.chance(85));
        if by.is_some() && self.chance(50) {
            seats.extend(shard.undelivered());
        }
        Self::send(Self::reveal(focus, shard, by, &seats))
    }

    /// Reveals the committed results of these seats.
    fn reveal(focus: &Focus, shard: &Shard, by: Option<Party>, seats: &[u8]) -> Action {
        let of = |seat: &u8| -> Option<Seat> { shard.seats[usize::from(*seat)] };
        let reveals = seats.iter().filter_map(|seat| {
            Some(RevealedSeat {
                seat: *seat,
                answer: of(seat)?.answer?,
            })
        });
        Action::Reveal {
            by,
            job: focus.job.id,
            index: focus.index,
            reveals: reveals.collect(),
        }
    }

    /// Continues after all reveals: challenge, acknowledge, wait or settle.
    fn finish(&mut self, focus: &Focus, shard: &Shard) -> Option<Step> {
        let (job, index) = (focus.job.id, focus.index);
        let challenge = Action::Challenge {
            by: self.who(),
            job,
            index,
        };
        let often = if focus.behaviour == Behaviour::Honest {
            40
        } else {
            85
        };
        let single = focus.job.terms.mode == Mode::Challenge && shard.single(focus.job);
        if single && self.chance(often) && focus.can(&challenge) {
            return Self::send(challenge);
        }
        let settle = Action::Settle {
            job,
            index,
            stake_mint: self.stake_mint(),
        };
        let differ = shard
            .live()
            .any(|(_, seat)| seat.answer.is_some_and(|a| a.root != RIGHT));
        let last_round = focus.job.terms.deadline - focus.job.terms.round();
        if differ && self.chance(15) {
            // Wait until no further round fits.
            return focus.until(last_round + 1).or_else(|| Self::send(settle));
        }
        if focus.can(&settle) {
            return Self::send(settle);
        }
        let undelivered = shard.undelivered();
        if !undelivered.is_empty() && self.chance(80) {
            let by = focus.orchestrator().filter(|_| self.chance(50));
            return Self::send(match by {
                Some(_) => Self::reveal(focus, shard, by, &undelivered),
                None => Action::Acknowledge {
                    by: Party::Client(job.0),
                    job,
                    index,
                    seat: undelivered[0],
                },
            });
        }
        let edges = [
            shard.commit_by,
            shard.reveal_by,
            shard.challenge_by,
            focus.job.terms.deadline,
        ];
        let next = edges.into_iter().filter(|at| *at > focus.world.now).min();
        focus.until(next?)
    }
}
