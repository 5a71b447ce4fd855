//! The next step of a job on the way to its end, so that sequences come to their ends although most of
//! what may happen is something else.

use crate::act::{Act, Entry, Forged, Opening, Step};
use crate::chain::directory::Directory;
use crate::generate::fate::{Fate, RIGHT};
use crate::generate::rng::Rng;
use crate::rules::sortition::ADMIT_ALL;
use crate::world::{
    CONDUCTORS, Job, JobState, Mode, Review, Seat, Shard, ShardState, Status, WORKERS, Who, World,
};

/// Commitments that fit one transaction.
const MOST_COMMITMENTS: usize = 3;

/// Next steps in which something is wrong, in a hundred.
const HOSTILE: u64 = 9;
/// Shards that are looked at for the next step.
const MOST_LOOKED_AT: usize = 6;

/// The wait that ends first; blocks end soon.
fn shorter(one: Option<Step>, other: Step) -> Option<Step> {
    match (one, other) {
        (Some(Step::Blocks(a)), Step::Blocks(b)) => Some(Step::Blocks(a.min(b))),
        (Some(Step::Blocks(a)), _) => Some(Step::Blocks(a)),
        (Some(Step::Pass(a)), Step::Pass(b)) => Some(Step::Pass(a.min(b))),
        (_, other) => Some(other),
    }
}

/// Where the next step is taken.
struct Focus<'a> {
    world: &'a World,
    directory: &'a Directory,
    job: &'a Job,
    index: u32,
    fate: Fate,
}

impl Focus<'_> {
    fn can(&self, act: &Act) -> bool {
        let acts = std::slice::from_ref(act);
        self.world.after(acts, self.directory).is_ok()
    }

    /// An orchestrator that may assign and attest.
    fn conductor(&self) -> Option<Who> {
        let wanted = self.job.terms.conductor;
        let mut all = (0..CONDUCTORS).rev();
        let serving = all.find(|n| {
            let book = self.world.conductors[*n].as_ref();
            let fit = book.is_some_and(|c| c.active && c.bonded >= self.world.parameters.min_bond);
            fit && wanted.is_none_or(|w| w == *n)
        });
        serving.map(Who::Conductor)
    }

    /// Until `time`.
    fn until(&self, time: i64) -> Option<Step> {
        (time > self.world.now).then(|| Step::Pass(time - self.world.now))
    }
}

impl Rng {
    /// The next step of some job, if there is one that can be taken. Time passes for it only where
    /// nothing else is to be done anywhere, so that nobody is late because of it.
    pub fn advance(&mut self, world: &World, directory: &Directory) -> Option<Step> {
        let open = |job: &&Job| job.finished() || job.state == JobState::Open || job.live > 0;
        let jobs = world.jobs.iter().filter(open);
        let all = jobs.flat_map(|job| (0..job.terms.shards).map(move |index| (job, index)));
        let mut all: Vec<(&Job, u32)> = all.collect();
        if self.chance(30) {
            all = self.some(&all, MOST_LOOKED_AT);
        }
        let mut wait = None;
        for (job, index) in all.into_iter().take(MOST_LOOKED_AT) {
            let focus = Focus {
                world,
                directory,
                job,
                index,
                fate: Fate::of(world, job, index),
            };
            match self.advance_at(&focus) {
                Some(Step::Send(mut acts, none)) if focus.can(&acts[0]) => {
                    if self.chance(HOSTILE) {
                        acts = acts
                            .into_iter()
                            .map(|act| self.corrupted(act, world))
                            .collect();
                    }
                    return Some(Step::Send(acts, none));
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
            return Self::send(self.closing_all(job));
        }
        match job.shards[focus.index as usize].as_ref() {
            None if job.state == JobState::Open => self.sit_down(focus, None),
            Some(shard) if shard.is_live() => self.advance_shard(focus, shard),
            _ => None,
        }
    }

    fn closing_all(&mut self, job: &Job) -> Act {
        let there = job.shards.iter().enumerate();
        let there = there.filter(|(_, s)| s.as_ref().is_some_and(|s| !s.closed));
        let there: Vec<u32> = there.map(|(index, _)| index as u32).collect();
        let part = self.chance(40);
        Act::Close {
            job: job.id,
            shards: match job.terms.shards {
                1 => Vec::new(),
                _ if part => self.some(&there, 1),
                _ => there,
            },
            payer: None,
        }
    }

    fn send(act: Act) -> Option<Step> {
        Some(Step::Send(vec![act], None))
    }

    /// Takes all free seats, once the job has the seed that it needs.
    fn sit_down(&mut self, focus: &Focus, shard: Option<&Shard>) -> Option<Step> {
        let (world, job) = (focus.world, focus.job);
        let drawn = world.parameters.sortition_start != ADMIT_ALL;
        if drawn && job.seed == 0 {
            let seed = Act::Seed { job: job.id };
            return match focus.can(&seed) {
                true => Self::send(seed),
                false => Some(Step::Blocks(3)),
            };
        }
        let free = shard.map_or(usize::from(job.terms.replicas), Shard::free);
        let all: Vec<usize> = (0..WORKERS).collect();
        let by = focus.conductor()?;
        let assign = |workers: Vec<usize>| Act::Assign {
            by,
            job: job.id,
            index: focus.index,
            workers,
        };
        let fitting = all.into_iter().filter(|w| focus.can(&assign(vec![*w])));
        let fitting: Vec<usize> = fitting.collect();
        match fitting.len() {
            0 if drawn => Some(Step::Blocks(4)),
            0 => None,
            // Who is lazy does not look for enough, either.
            _ if focus.fate == Fate::Lazy && free > 1 && self.chance(50) => {
                Self::send(assign(self.some(&fitting, free - 1)))
            }
            _ => Self::send(assign(self.some(&fitting, free))),
        }
    }

    fn advance_shard(&mut self, focus: &Focus, shard: &Shard) -> Option<Step> {
        let now = focus.world.now;
        let working = shard.seats_in(Status::Assigned);
        if shard.state == ShardState::Assigned && !working.is_empty() {
            return match now < shard.commit_by {
                true => self.commit_all(focus, shard, &working),
                false => self.end_of_commits(focus, shard, working[0]),
            };
        }
        if shard.review == Review::Pending {
            let draw = Act::Draw {
                job: focus.job.id,
                index: focus.index,
            };
            return match focus.can(&draw) {
                true => Self::send(draw),
                false => Some(Step::Blocks(u64::from(focus.job.draw_slots) + 2)),
            };
        }
        if shard.free() > 0 && !shard.reveals_open(now) {
            if let Some(step) = self.sit_down(focus, Some(shard)) {
                return Some(step);
            }
            return focus.until(shard.reveal_by);
        }
        let bound = shard.seats_in(Status::Committed);
        if !bound.is_empty() && shard.reveals_open(now) && now < shard.reveal_by {
            return self.show_all(focus, shard, &bound);
        }
        self.finish(focus, shard)
    }

    /// Who sits commits; seldom, it declines.
    fn commit_all(&mut self, focus: &Focus, shard: &Shard, working: &[u8]) -> Option<Step> {
        let declined = self
            .chance(8)
            .then(|| self.decline(focus, shard, working[0]));
        if let Some(Some(decline)) = declined.filter(|d| d.as_ref().is_some_and(|d| focus.can(d))) {
            return Self::send(decline);
        }
        let mut seats = self.some(working, MOST_COMMITMENTS);
        if focus.fate == Fate::Lazy && self.chance(50) {
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
                answer: self.answer(focus.fate, focus.job, seat),
                forged: Forged::Nothing,
            })
        });
        Self::send(Act::Commit {
            job: focus.job.id,
            index: focus.index,
            entries: entries.collect(),
        })
    }

    fn decline(&mut self, focus: &Focus, shard: &Shard, seat: u8) -> Option<Act> {
        Some(Act::Decline {
            job: focus.job.id,
            index: focus.index,
            entry: Entry {
                seat,
                worker: shard.seats[usize::from(seat)]?.worker,
                answer: self.answer(focus.fate, focus.job, seat),
                forged: Forged::Nothing,
            },
        })
    }

    /// Somebody did not commit in time.
    fn end_of_commits(&mut self, focus: &Focus, shard: &Shard, late: u8) -> Option<Step> {
        let bound = shard.seats_in(Status::Committed);
        if shard.reveals_open(focus.world.now) && !bound.is_empty() && self.chance(60) {
            return self.show_all(focus, shard, &bound);
        }
        let worker = shard.seats[usize::from(late)]?.worker;
        Self::send(Act::ExpireSeat {
            job: focus.job.id,
            index: focus.index,
            seat: late,
            worker,
            bounty: self.bounty(focus.world),
        })
    }

    fn show_all(&mut self, focus: &Focus, shard: &Shard, bound: &[u8]) -> Option<Step> {
        let mut seats = bound.to_vec();
        if focus.fate == Fate::Silent && self.chance(50) {
            seats.pop();
            if seats.is_empty() {
                return focus.until(shard.reveal_by);
            }
        }
        let of = |seat: &u8| -> Option<Seat> { shard.seats[usize::from(*seat)] };
        let openings = seats.iter().filter_map(|seat| {
            Some(Opening {
                seat: *seat,
                answer: of(seat)?.answer?,
            })
        });
        Self::send(Act::Reveal {
            by: focus.conductor().filter(|_| self.chance(85)),
            job: focus.job.id,
            index: focus.index,
            openings: openings.collect(),
        })
    }

    /// What can be shown is shown: it is doubted, acknowledged, awaited or settled.
    fn finish(&mut self, focus: &Focus, shard: &Shard) -> Option<Step> {
        let (job, index) = (focus.job.id, focus.index);
        let challenge = Act::Challenge {
            by: self.who(),
            job,
            index,
        };
        let often = if focus.fate == Fate::Honest { 40 } else { 85 };
        let single = focus.job.terms.mode == Mode::Challenge && shard.single(focus.job);
        if single && self.chance(often) && focus.can(&challenge) {
            return Self::send(challenge);
        }
        let settle = Act::Settle {
            job,
            index,
            bounty: self.bounty(focus.world),
        };
        let differ = shard
            .live()
            .any(|(_, seat)| seat.answer.is_some_and(|a| a.root != RIGHT));
        let last_round = focus.job.terms.deadline - focus.job.terms.round();
        if differ && self.chance(15) {
            // Until nobody else can be heard.
            return focus.until(last_round + 1).or_else(|| Self::send(settle));
        }
        if focus.can(&settle) {
            return Self::send(settle);
        }
        let mut shown = shard.live();
        let undelivered = shown.find(|(_, s)| s.status == Status::Revealed && !s.delivered);
        if let Some((seat, _)) = undelivered.filter(|_| self.chance(80)) {
            return Self::send(Act::Acknowledge {
                by: Who::Owner(job.0),
                job,
                index,
                seat: seat as u8,
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
