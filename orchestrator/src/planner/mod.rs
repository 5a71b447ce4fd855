//! What is to be done now: a pure function from the cache of the chain, the agents, the desk and the
//! chain's time to actions. No I/O; called again after every change, so nothing here remembers.

mod completion;
mod eligibility;
mod eligibility_index;
mod fair_queue;
mod finality;
mod matcher;
mod pending;
mod priority;
mod selection;
mod shard;

#[cfg(test)]
mod tests;

use crate::submissions::model::SettledResult;

use crate::submissions::model::Submissions;

use crate::leases::partition::OwnedPartitions;
use crate::submissions::model::SeatKey;
use fair_queue::{FairQueue, Waiting};
use matcher::{Matcher, SeatDemand, Seating, Vacancy};
use millrace_client::Pubkey;
use millrace_client::cache::accounts::AccountCache;
use millrace_client::instructions::SignedCommitment;
use millrace_client::program::RevealEntry;
use millrace_client::program::state::{Job, JobState, Network, Shard};
use millrace_protocol::agent::Task;
use millrace_protocol::selection::SelectionRecord;
use std::collections::{HashMap, HashSet};
use std::fmt;

pub use finality::accounts_needing_finality;
pub use pending::{PendingReasons, REASONS, placement_blockers};

/// An agent as the plan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentView {
    /// Shards that it runs at the same time.
    pub capacity: u32,
    /// It takes nothing new.
    pub draining: bool,
}

/// Everything the plan depends on.
pub struct Snapshot<'a> {
    /// The chain, as confirmed blocks have it.
    pub cache: &'a AccountCache,
    /// What is known of the accounts that [`accounts_needing_finality`] names, as finalized blocks have them.
    pub finalized: &'a AccountCache,
    /// The orchestrator's own key.
    pub me: Pubkey,
    /// The chain's time, unix seconds.
    pub now: i64,
    /// The chain's slot.
    pub slot: u64,
    /// Connected agents by provider.
    pub agents: &'a HashMap<Pubkey, AgentView>,
    /// What agents have handed in.
    pub submissions: &'a Submissions,
    /// Acts that are under way or wait for their next try.
    pub busy: &'a HashSet<ConflictKey>,
    /// Providers named in assignments under way, once for each seat.
    pub reserved: &'a [Pubkey],
    /// Finished jobs that may be closed.
    pub closable: &'a HashSet<Pubkey>,
    /// Acts on chain that may be started now: what is under way already counts against it.
    pub room: usize,
    /// Jobs that are not another orchestrator's for now.
    pub owned: &'a OwnedPartitions,
}

impl Snapshot<'_> {
    /// Whether what was handed in for a job is to be acted on here.
    fn owns_submissions_of(&self, job: &Pubkey) -> bool {
        match self.submissions.partitions.get(job) {
            Some(partition) => self.owned.contains(partition),
            None => *self.owned == OwnedPartitions::All,
        }
    }
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
        /// By what they were chosen.
        selection: SelectionRecord,
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
        outcome: SettledResult,
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

/// In a few words, for logs and the journal.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Assign { job, shard, .. } => write!(f, "assign {job} {shard}"),
            Self::Run { provider, task } => write!(f, "run {} at {provider}", task.shard),
            Self::Commit { job, shard, .. } => write!(f, "commit {job} {shard}"),
            Self::AskReveal { seat } => write!(f, "ask reveal {} {}", seat.job, seat.shard),
            Self::Reveal { job, shard, .. } => write!(f, "reveal {job} {shard}"),
            Self::Settle { job, shard } => write!(f, "settle {job} {shard}"),
            Self::ExpireSeat {
                job, shard, seat, ..
            } => write!(f, "expire seat {job} {shard} {seat}"),
            Self::Release { seat, .. } => write!(f, "release {} {}", seat.job, seat.shard),
            Self::File { job, shard, .. } => write!(f, "file {job} {shard}"),
            Self::SeedJob { job } => write!(f, "seed {job}"),
            Self::DrawAudit { job, shard } => write!(f, "draw {job} {shard}"),
            Self::ExpireJob { job } => write!(f, "expire {job}"),
            Self::CloseJob { job, .. } => write!(f, "close {job}"),
        }
    }
}

/// What an act on chain is about: two with the same key must not be under way together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictKey {
    /// Anything that changes this shard's seats.
    Shard(Pubkey, u32),
    /// Anything that changes the job as a whole.
    Job(Pubkey),
}

impl Action {
    /// The key, for acts on chain; messages to agents have none.
    pub fn key(&self) -> Option<ConflictKey> {
        match self {
            Self::Assign { job, shard, .. }
            | Self::Commit { job, shard, .. }
            | Self::Reveal { job, shard, .. }
            | Self::Settle { job, shard }
            | Self::DrawAudit { job, shard }
            | Self::ExpireSeat { job, shard, .. } => Some(ConflictKey::Shard(*job, *shard)),
            Self::SeedJob { job } | Self::ExpireJob { job } | Self::CloseJob { job, .. } => {
                Some(ConflictKey::Job(*job))
            }
            Self::Run { .. }
            | Self::AskReveal { .. }
            | Self::Release { .. }
            | Self::File { .. } => None,
        }
    }
}

/// The actions that are due, the most urgent first.
pub fn plan(snapshot: &Snapshot) -> Vec<Action> {
    let Some(network) = snapshot.cache.network() else {
        return Vec::new();
    };
    let mut matcher = Matcher::new(snapshot, network);
    let mut queue = FairQueue::default();
    let results_to_persist = completion::results_to_persist(snapshot);
    let unpersisted: HashSet<Pubkey> = results_to_persist.keys().map(|(job, _)| *job).collect();
    let mut actions = Vec::new();
    for (address, job) in jobs_by_age(snapshot) {
        let shards: Vec<&Shard> = snapshot.cache.shards_of(&address).collect();
        for shard in &shards {
            queue.count(job, shard);
            let place = (address, job);
            shard::plan_shard(snapshot, network, &mut matcher, place, shard, &mut actions);
        }
        match is_assignable(snapshot, network, job) {
            true if matcher.needs_seed(job) => {
                if !snapshot.busy.contains(&ConflictKey::Job(address)) {
                    actions.push(Action::SeedJob { job: address });
                }
            }
            true => queue.add(waiting(snapshot, &matcher, (address, job), &shards)),
            false => {}
        }
        // A job is closed only after its results are kept.
        if !unpersisted.contains(&address) {
            completion::end_job(snapshot, (address, job), &shards, &mut actions);
        }
    }
    assign_new_shards(&mut matcher, queue, &mut actions);
    completion::release_ended_seats(snapshot, &results_to_persist, &mut actions);
    let file = |((job, shard), outcome)| Action::File {
        job,
        shard,
        outcome,
    };
    actions.extend(results_to_persist.into_iter().map(file));
    priority::prioritize(actions, snapshot.room)
}

fn jobs_by_age<'a>(snapshot: &Snapshot<'a>) -> Vec<(Pubkey, &'a Job)> {
    let ours = |job: &Job| job.orchestrator == Pubkey::default() || job.orchestrator == snapshot.me;
    let jobs = snapshot.cache.jobs().iter();
    let mut jobs: Vec<_> = jobs
        .filter(|(_, job)| ours(job) && snapshot.owned.contains_job(job))
        .map(|(k, job)| (*k, job))
        .collect();
    jobs.sort_unstable_by_key(|(address, job)| (job.posted_at, *address));
    jobs
}

/// Whether shards of a job may be handed out that nobody has had a seat at.
fn is_assignable(snapshot: &Snapshot, network: &Network, job: &Job) -> bool {
    job.state() == Some(JobState::Open)
        && job.unassigned() > 0
        && network.paused == 0
        && job.first_round_fits(snapshot.now)
        && snapshot.submissions.ready_manifests.contains(&job.manifest)
}

/// The shards of a job that wait for seats, as many as there could be seats for.
fn waiting<'a>(
    snapshot: &Snapshot,
    matcher: &Matcher,
    (address, job): (Pubkey, &'a Job),
    existing: &[&Shard],
) -> Waiting<'a> {
    let most = usize::try_from(matcher.room()).unwrap_or(usize::MAX);
    let taken: HashSet<u32> = existing.iter().map(|shard| shard.index).collect();
    let free = |index: &u32| {
        !taken.contains(index) && !snapshot.busy.contains(&ConflictKey::Shard(address, *index))
    };
    Waiting {
        address,
        job,
        shards: (0..job.shards).filter(free).take(most).collect(),
    }
}

/// Hands out shards that nobody has taken a seat at, each with all its seats at once: half a quorum
/// would only wait, with stakes locked.
fn assign_new_shards(matcher: &mut Matcher, mut queue: FairQueue, actions: &mut Vec<Action>) {
    queue.begin();
    while matcher.room() > 0
        && let Some((address, job, index)) = queue.next()
    {
        let all = usize::from(job.replicas);
        let wanted = SeatDemand {
            most: all,
            least: all,
        };
        let vacancy = Vacancy::new_shard(job, index);
        match matcher.seat((address, job), vacancy, &[], wanted) {
            Some(Seating {
                providers,
                selection,
            }) => {
                queue.seated(job.client, providers.len());
                actions.push(Action::Assign {
                    job: address,
                    shard: index,
                    providers,
                    selection,
                });
            }
            None => queue.park(job.client),
        }
    }
}
