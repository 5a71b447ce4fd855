//! Views of jobs on chain.

use crate::planner::{PendingReasons, Snapshot};
use crate::submissions::model::Submissions;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, JobState, Seat, SeatStatus, Shard, ShardState};
use millrace_protocol::api::{JobPhase, JobView, SeatPhase, SeatView, ShardPhase, ShardView};

/// The view of a job on chain.
pub(crate) fn job_view(
    snapshot: &Snapshot,
    pending: &PendingReasons,
    key: Pubkey,
    job: &Job,
) -> JobView {
    let view = |index| {
        let shard = snapshot.cache.shard(&key, index);
        shard_view(snapshot.submissions, key, index, shard)
    };
    let shards: Vec<ShardView> = (0..job.shards).map(view).collect();
    // The job's account may have been read after it counted a settled shard, and the shard's before.
    let running = shards.iter().filter(|shard| shard.state.is_in_flight());
    let running = u32::try_from(running.count()).unwrap_or(u32::MAX);
    let finished = job.is_finished() && running == 0;
    let settled = job.settled.min(job.shards.saturating_sub(running));
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

fn shard_view(
    submissions: &Submissions,
    job: Pubkey,
    index: u32,
    shard: Option<&Shard>,
) -> ShardView {
    let result = submissions.settled_result(job, index, shard);
    let result = result.as_ref();
    let state = match shard.map(|shard| (shard.state(), shard.live_seats())) {
        // The shard's account is closed before the job's.
        None if result.is_some() => ShardPhase::Settled,
        Some((Some(ShardState::Assigned), 0)) | None => ShardPhase::Waiting,
        Some((Some(ShardState::Assigned), _)) => ShardPhase::Assigned,
        Some((Some(ShardState::Revealing), _)) => ShardPhase::Revealing,
        Some((Some(ShardState::Settled), _)) => ShardPhase::Settled,
        Some(_) => ShardPhase::Failed,
    };
    let seats = shard
        .map(|shard| shard.seats.as_slice())
        .unwrap_or_default();
    let seats = seats
        .iter()
        .filter(|seat| seat.status() != SeatStatus::Empty);
    ShardView {
        index,
        state,
        attempt: shard.map_or(0, |shard| shard.attempt),
        root: result.map(|result| hex::encode(result.root)),
        output: result.map(|result| hex::encode(result.output)),
        exit: result.map(|result| result.exit),
        reason: result
            .filter(|result| !result.reason.is_empty())
            .map(|result| result.reason.clone()),
        fuel: result.map(|result| result.fuel),
        seats: seats.map(seat_view).collect(),
    }
}

fn seat_view(seat: &Seat) -> SeatView {
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

/// Phases that a job on chain can have.
pub(crate) const ON_CHAIN_PHASES: [JobPhase; 4] = [
    JobPhase::Open,
    JobPhase::Cancelled,
    JobPhase::Expired,
    JobPhase::Finished,
];

/// The phase of a job on chain, one of [`ON_CHAIN_PHASES`].
pub(crate) fn phase(job: &Job, finished: bool) -> JobPhase {
    match job.state() {
        _ if finished => JobPhase::Finished,
        Some(JobState::Open) => JobPhase::Open,
        Some(JobState::Cancelled) => JobPhase::Cancelled,
        _ => JobPhase::Expired,
    }
}
