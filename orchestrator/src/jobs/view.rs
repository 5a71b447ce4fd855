//! What is known of a job, as it is told to people.

use crate::planner::{PendingReasons, Snapshot};
use crate::submissions::model::Submissions;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, JobState, Seat, SeatStatus, Shard, ShardState};
use millrace_protocol::api::{JobView, PartView, SeatView};

/// The view of a job that is on chain.
pub fn of_job(snapshot: &Snapshot, pending: &PendingReasons, key: Pubkey, job: &Job) -> JobView {
    let part = |index| {
        let shard = snapshot.cache.shard(&key, index);
        of_part(snapshot.submissions, key, index, shard)
    };
    let parts: Vec<PartView> = (0..job.shards).map(part).collect();
    // The job's account may be seen before the shard that was settled with it.
    let unseen = parts.iter().filter(|part| part.is_under_way()).count();
    let unseen = u32::try_from(unseen).unwrap_or(u32::MAX);
    let finished = job.is_finished() && unseen == 0;
    let settled = job.settled.min(job.shards.saturating_sub(unseen));
    JobView {
        job: key.to_string(),
        client: job.client.to_string(),
        manifest: hex::encode(job.manifest),
        state: state_word(job, finished).to_owned(),
        shards: job.shards,
        settled,
        failed: job.failed,
        cancelled: job.cancelled,
        deposited: job.deposited,
        paid: job.paid,
        fee: job.fee,
        refunded: job.refunded,
        compensated: job.compensated,
        deadline: job.deadline,
        why: pending.messages(key, job),
        parts,
    }
}

fn of_part(submissions: &Submissions, job: Pubkey, index: u32, shard: Option<&Shard>) -> PartView {
    let outcome = submissions.settled_result(job, index, shard);
    let outcome = outcome.as_ref();
    let state = match shard.map(|s| (s.state(), s.live_seats())) {
        // Its account is closed before the job's.
        None if outcome.is_some() => "settled",
        Some((Some(ShardState::Assigned), 0)) | None => "waiting",
        Some((Some(ShardState::Assigned), _)) => "assigned",
        Some((Some(ShardState::Revealing), _)) => "revealing",
        Some((Some(ShardState::Settled), _)) => "settled",
        Some(_) => "failed",
    };
    let seats = shard.map(|s| s.seats.as_slice()).unwrap_or_default();
    let seats = seats
        .iter()
        .filter(|seat| seat.status() != SeatStatus::Empty);
    PartView {
        index,
        state: state.to_owned(),
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
    let status = match seat.status() {
        SeatStatus::Empty => "empty",
        SeatStatus::Assigned => "working",
        SeatStatus::Committed => "committed",
        SeatStatus::Revealed => "revealed",
        SeatStatus::Agreed => "agreed",
        SeatStatus::Disagreed => "disagreed",
        SeatStatus::Late => "late",
        SeatStatus::Released => "released",
    };
    SeatView {
        provider: seat.provider.to_string(),
        status: status.to_owned(),
        price: seat.price,
    }
}

/// States of jobs that are on chain.
pub const JOB_STATES: [&str; 4] = ["open", "cancelled", "expired", "finished"];

/// The state of a job that is on chain, in a word out of [`JOB_STATES`].
pub fn state_word(job: &Job, finished: bool) -> &'static str {
    match job.state() {
        _ if finished => "finished",
        Some(JobState::Open) => "open",
        Some(JobState::Cancelled) => "cancelled",
        _ => "expired",
    }
}
