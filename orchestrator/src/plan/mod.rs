//! What is to be done now: a pure function from the picture of the chain, the agents, the desk and the
//! chain's time to actions. No I/O; called again after every change, so nothing here remembers.

mod matching;
mod seats;
mod why;

#[cfg(test)]
mod tests;

use crate::desk::{Outcome, Papers, SeatKey};
use matching::{Bench, Door};
use millrace_chain::Pubkey;
use millrace_chain::instruction::{Place, SignedCommitment};
use millrace_chain::picture::Picture;
use millrace_chain::program::RevealEntry;
use millrace_chain::program::state::{Job, JobState, Shard};
use millrace_protocol::wire::Task;
use std::collections::{HashMap, HashSet};

pub use why::why_waiting;

/// Shard accounts that one closing transaction takes.
const SHARDS_PER_CLOSE: usize = 8;

/// An agent as the plan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentView {
    /// Shards that it runs at the same time.
    pub capacity: u32,
    /// It takes nothing new.
    pub draining: bool,
}

/// Everything the plan depends on.
pub struct Situation<'a> {
    /// The chain.
    pub picture: &'a Picture,
    /// The orchestrator's own key.
    pub me: Pubkey,
    /// The chain's time, unix seconds.
    pub now: i64,
    /// The chain's slot.
    pub slot: u64,
    /// Connected agents by provider.
    pub agents: &'a HashMap<Pubkey, AgentView>,
    /// What agents have handed in.
    pub papers: &'a Papers,
    /// Acts that are under way or wait for their next try.
    pub busy: &'a HashSet<ActKey>,
    /// Providers named in assignments under way, once for each seat.
    pub reserved: &'a [Pubkey],
    /// Finished jobs that may be closed.
    pub closable: &'a HashSet<Pubkey>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Seat providers at a shard.
    Assign {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
        /// Who sits down.
        providers: Vec<Pubkey>,
    },
    /// Tell an agent to run a shard.
    Run {
        /// The agent's provider.
        provider: Pubkey,
        /// The task.
        task: Task,
    },
    /// Bring commitments to the chain.
    Commit {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
        /// The commitments.
        commitments: Vec<SignedCommitment>,
    },
    /// Ask an agent to show its result.
    AskReveal {
        /// The seat.
        seat: SeatKey,
    },
    /// Bring reveals to the chain, and settle with them where that ends the shard.
    Reveal {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
        /// The reveals.
        entries: Vec<RevealEntry>,
        /// Settle in the same transaction.
        settle: bool,
    },
    /// Settle what is due without further reveals.
    Settle {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
    },
    /// Free a seat that did not commit.
    ExpireSeat {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
        /// The seat.
        seat: u8,
        /// Who sits there.
        provider: Pubkey,
    },
    /// Tell an agent that its seat is over.
    Release {
        /// The seat.
        seat: SeatKey,
        /// How it ended.
        outcome: String,
    },
    /// Keep the result of a settled shard, before what was handed in for it is dropped.
    File {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
        /// Its result.
        outcome: Outcome,
    },
    /// Take the seed that sortition needs.
    SeedJob {
        /// The job.
        job: Pubkey,
    },
    /// Draw whether an audit falls on a commitment.
    DrawAudit {
        /// The job.
        job: Pubkey,
        /// The shard.
        shard: u32,
    },
    /// End a job whose deadline has passed.
    ExpireJob {
        /// The job.
        job: Pubkey,
    },
    /// Close shard accounts and, with the last, the job.
    CloseJob {
        /// The job.
        job: Pubkey,
        /// Its client.
        client: Pubkey,
        /// Shard accounts and who paid their rent.
        shards: Vec<(Pubkey, Pubkey)>,
    },
}

/// What an act on chain is about: two with the same key must not be under way together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActKey {
    /// Anything that changes this shard's seats.
    Shard(Pubkey, u32),
    /// Anything that changes the job as a whole.
    Job(Pubkey),
}

impl Action {
    /// The key, for acts on chain; messages to agents have none.
    pub fn key(&self) -> Option<ActKey> {
        match self {
            Self::Assign { job, shard, .. }
            | Self::Commit { job, shard, .. }
            | Self::Reveal { job, shard, .. }
            | Self::Settle { job, shard }
            | Self::DrawAudit { job, shard }
            | Self::ExpireSeat { job, shard, .. } => Some(ActKey::Shard(*job, *shard)),
            Self::SeedJob { job } | Self::ExpireJob { job } | Self::CloseJob { job, .. } => {
                Some(ActKey::Job(*job))
            }
            Self::Run { .. }
            | Self::AskReveal { .. }
            | Self::Release { .. }
            | Self::File { .. } => None,
        }
    }
}

/// The actions that are due, oldest job first.
pub fn plan(situation: &Situation) -> Vec<Action> {
    let Some(network) = situation.picture.network() else {
        return Vec::new();
    };
    let mut bench = Bench::new(situation, network);
    let shards = shards_by_job(situation.picture);
    let filings = filings(situation);
    let none = Vec::new();
    let mut actions = Vec::new();
    for (address, job) in jobs_in_order(situation) {
        let mine = shards.get(&address).unwrap_or(&none);
        for shard in mine {
            seats::plan_shard(
                situation,
                network,
                &mut bench,
                (address, job),
                shard,
                &mut actions,
            );
        }
        plan_unassigned(situation, &mut bench, (address, job), mine, &mut actions);
        // A job is closed only after its results are kept.
        if !filings.keys().any(|(job, _)| *job == address) {
            plan_end(situation, (address, job), mine, &mut actions);
        }
    }
    release_orphans(situation, &filings, &mut actions);
    let file = |((job, shard), outcome)| Action::File {
        job,
        shard,
        outcome,
    };
    actions.extend(filings.into_iter().map(file));
    actions
}

fn jobs_in_order<'a>(situation: &Situation<'a>) -> Vec<(Pubkey, &'a Job)> {
    let ours =
        |job: &Job| job.orchestrator == Pubkey::default() || job.orchestrator == situation.me;
    let jobs = situation.picture.jobs().iter();
    let mut jobs: Vec<_> = jobs
        .filter(|(_, job)| ours(job))
        .map(|(k, job)| (*k, job))
        .collect();
    jobs.sort_by_key(|(address, job)| (job.posted_at, *address));
    jobs
}

fn shards_by_job(picture: &Picture) -> HashMap<Pubkey, Vec<&Shard>> {
    let mut by_job: HashMap<Pubkey, Vec<&Shard>> = HashMap::new();
    for shard in picture.shards() {
        by_job.entry(shard.job).or_default().push(shard);
    }
    for shards in by_job.values_mut() {
        shards.sort_by_key(|shard| shard.index);
    }
    by_job
}

/// Hands out shards that nobody has taken a seat at, each with all its seats at once: half a quorum
/// would only wait, with stakes locked.
fn plan_unassigned(
    situation: &Situation,
    bench: &mut Bench,
    (address, job): (Pubkey, &Job),
    existing: &[&Shard],
    actions: &mut Vec<Action>,
) {
    let takes = job.state() == Some(JobState::Open)
        && job.first_round_fits(situation.now)
        && situation.papers.ready.contains(&job.manifest);
    if !takes || job.unassigned() == 0 {
        return;
    }
    if bench.needs_seed(job) {
        if !situation.busy.contains(&ActKey::Job(address)) {
            actions.push(Action::SeedJob { job: address });
        }
        return;
    }
    let taken: HashSet<u32> = existing.iter().map(|shard| shard.index).collect();
    for index in (0..job.shards).filter(|index| !taken.contains(index)) {
        if situation.busy.contains(&ActKey::Shard(address, index)) {
            continue;
        }
        let wanted = usize::from(job.replicas);
        let door = Door::new_shard(job, index);
        let Some(providers) = bench.seat((address, job), door, &[], wanted, wanted) else {
            // What does not fit one shard of a job fits none of it.
            return;
        };
        actions.push(Action::Assign {
            job: address,
            shard: index,
            providers,
        });
    }
}

/// Ends a job: by its deadline, or because every shard has an end.
fn plan_end(
    situation: &Situation,
    (address, job): (Pubkey, &Job),
    existing: &[&Shard],
    actions: &mut Vec<Action>,
) {
    if situation.busy.contains(&ActKey::Job(address)) {
        return;
    }
    if job.state() == Some(JobState::Open) && situation.now >= job.deadline && !job.is_finished() {
        actions.push(Action::ExpireJob { job: address });
    } else if job.is_finished() && situation.closable.contains(&address) {
        let ended = existing.iter().filter(|shard| !shard.is_live());
        let pair = |shard: &&Shard| {
            let account = Place::of(address, job, shard.index).account()?;
            Some((account, shard.payer))
        };
        let shards: Vec<_> = ended.filter_map(pair).take(SHARDS_PER_CLOSE).collect();
        // Shards that are not seen yet will be: closing without them would be refused.
        if !shards.is_empty() || job.live == 0 {
            actions.push(Action::CloseJob {
                job: address,
                client: job.client,
                shards,
            });
        }
    }
}

/// Releases what was handed in for seats that are over, once the winning result is filed.
fn release_orphans(
    situation: &Situation,
    filings: &HashMap<(Pubkey, u32), Outcome>,
    actions: &mut Vec<Action>,
) {
    let picture = situation.picture;
    for key in situation.papers.handed_in.keys() {
        if filings.contains_key(&(key.job, key.shard)) {
            continue;
        }
        let shard = picture.shard(&key.job, key.shard);
        let sits = |shard: &Shard| {
            let mut seats = shard.seats.iter();
            seats.any(|s| s.is_live() && s.provider == key.provider && s.attempt == key.attempt)
        };
        let outcome = match shard {
            Some(shard) if shard.is_live() && sits(shard) => continue,
            Some(shard) => seats::outcome_of(shard, key),
            // The picture may not be complete yet; the job's end is what counts then.
            None if picture.jobs().contains_key(&key.job) => continue,
            None => "closed".to_owned(),
        };
        actions.push(Action::Release {
            seat: *key,
            outcome,
        });
    }
}

/// Results of settled shards that are not filed yet.
fn filings(situation: &Situation) -> HashMap<(Pubkey, u32), Outcome> {
    let mut filings = HashMap::new();
    for (key, paper) in &situation.papers.handed_in {
        let place = (key.job, key.shard);
        let Some(shard) = situation.picture.shard(&key.job, key.shard) else {
            continue;
        };
        let Some(opening) = &paper.opening else {
            continue;
        };
        let won = shard
            .result()
            .is_some_and(|(root, _)| *root == opening.root);
        if won && !situation.papers.outcomes.contains_key(&place) {
            filings.insert(place, Outcome::from(opening));
        }
    }
    filings
}
