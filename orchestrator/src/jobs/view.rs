//! What is known of a job, as it is told to people.

use crate::planner::{PendingReasons, Snapshot};
use crate::submissions::model::Submissions;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, JobState, Seat, SeatStatus, Shard, ShardState};
use millrace_protocol::api::{JobPhase, JobView, SeatPhase, SeatView, ShardPhase, ShardView};

/// The view of a job that is on chain.
pub fn of_job(snapshot: &Snapshot, pending: &PendingReasons, key: Pubkey, job: &Job) -> JobView {
    let shard_view = |index| {
        let shard = snapshot.cache.shard(&key, index);
        of_shard(snapshot.submissions, key, index, shard)
    };
    let shards: Vec<ShardView> = (0..job.shards).map(shard_view).collect();
    // The job's account may be seen before the shard that was settled with it.
    let unseen = shards
        .iter()
        .filter(|shard| shard.state.is_in_flight())
        .count();
    let unseen = u32::try_from(unseen).unwrap_or(u32::MAX);
    let finished = job.is_finished() && unseen == 0;
    let settled = job.settled.min(job.shards.saturating_sub(unseen));
    JobView {
        job: key.to_string(),
        client: job.client.to_string(),
        manifest: hex::encode(job.manifest),
        state: phase(job, finished),
        shard_count: job.shards,
        settled,
        failed: job.failed,
        cancelled: job.cancelled,
        deposited: job.deposited,
        paid: job.paid,
        fee: job.fee,
        refunded: job.refunded,
        compensated: job.compensated,
        deadline: job.deadline,
        pending_reasons: pending.messages(key, job),
        shards,
    }
}

fn of_shard(
    submissions: &Submissions,
    job: Pubkey,
    index: u32,
    shard: Option<&Shard>,
) -> ShardView {
    let outcome = submissions.settled_result(job, index, shard);
    let outcome = outcome.as_ref();
    let state = match shard.map(|s| (s.state(), s.live_seats())) {
        // Its account is closed before the job's.
        None if outcome.is_some() => ShardPhase::Settled,
        Some((Some(ShardState::Assigned), 0)) | None => ShardPhase::Waiting,
        Some((Some(ShardState::Assigned), _)) => ShardPhase::Assigned,
        Some((Some(ShardState::Revealing), _)) => ShardPhase::Revealing,
        Some((Some(ShardState::Settled), _)) => ShardPhase::Settled,
        Some(_) => ShardPhase::Failed,
    };
    let seats = shard.map(|s| s.seats.as_slice()).unwrap_or_default();
    let seats = seats
        .iter()
        .filter(|seat| seat.status() != SeatStatus::Empty);
    ShardView {
        index,
        state,
        attempt: shard.map_or(0, |s| s.attempt),
        root: outcome.map(|o| hex::encode(o.root)),
        output: outcome.map(|o| hex::encode(o.output)),
        exit: outcome.map(|o| o.exit),
        reason: outcome
            .filter(|o| !o.reason.is_empty())
            .map(|o| o.reason.clone()),
        fuel: outcome.map(|o| o.fuel),
        seats: seats.map(of_seat).collect(),
    }
}

fn of_seat(seat: &Seat) -> SeatView {
    let state = match seat.status() {
        SeatStatus::Empty => SeatPhase::Unknown,
        SeatStatus::Assigned => SeatPhase::Assigned,
        SeatStatus::Committed => SeatPhase::Committed,
        SeatStatus::Revealed => SeatPhase::Revealed,
        SeatStatus::Agreed => SeatPhase::Agreed,
        SeatStatus::Disagreed => SeatPhase::Disagreed,
        SeatStatus::Late => SeatPhase::Late,
        SeatStatus::Released => SeatPhase::Released,
    };
    SeatView {
        provider: seat.provider.to_string(),
        state,
        price: seat.price,
    }
}

/// Phases of jobs that are on chain.
pub const ON_CHAIN_PHASES: [JobPhase; 4] = [
    JobPhase::Open,
    JobPhase::Cancelled,
    JobPhase::Expired,
    JobPhase::Finished,
];

/// The phase of a job that is on chain, one of [`ON_CHAIN_PHASES`].
pub fn phase(job: &Job, finished: bool) -> JobPhase {
    match job.state() {
        _ if finished => JobPhase::Finished,
        Some(JobState::Open) => JobPhase::Open,
        Some(JobState::Cancelled) => JobPhase::Cancelled,
        _ => JobPhase::Expired,
    }
}
