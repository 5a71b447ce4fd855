//! A job as people see it.

use crate::desk::Papers;
use crate::plan::{Situation, why_waiting};
use millrace_chain::Pubkey;
use millrace_chain::program::state::{Job, JobState, Seat, SeatStatus, Shard, ShardState};
use serde::{Deserialize, Serialize};

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Its account.
    pub job: String,
    /// The wallet that posted it.
    pub client: String,
    /// Its manifest's hash.
    pub manifest: String,
    /// open, cancelled, expired, finished or closed.
    pub state: String,
    /// Shards.
    pub shards: u32,
    /// Shards paid.
    pub settled: u32,
    /// Shards without a result.
    pub failed: u32,
    /// Shards cancelled.
    pub cancelled: u32,
    /// Put into escrow, base units.
    pub deposited: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Given back, base units.
    pub refunded: u64,
    /// Slashed stake that came in, base units.
    pub compensated: u64,
    /// Unix seconds.
    pub deadline: i64,
    /// Why it waits.
    pub why: Vec<String>,
    /// Its shards.
    pub parts: Vec<PartView>,
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartView {
    /// Index within the job.
    pub index: u32,
    /// waiting, assigned, revealing, settled or failed.
    pub state: String,
    /// Attempt.
    pub attempt: u8,
    /// Result root of the quorum.
    pub root: Option<String>,
    /// Blob of the output.
    pub output: Option<String>,
    /// How the program ended.
    pub exit: Option<i32>,
    /// The ending in words.
    pub reason: Option<String>,
    /// Fuel.
    pub fuel: Option<u64>,
    /// Its seats.
    pub seats: Vec<SeatView>,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatView {
    /// The provider's account.
    pub provider: String,
    /// working, committed, revealed, right, wrong, late or released.
    pub status: String,
    /// Price agreed, base units per unit.
    pub price: u64,
}

impl JobView {
    /// The view of a job that is on chain.
    pub fn of(situation: &Situation, key: Pubkey, job: &Job) -> Self {
        let part = |index| {
            let shard = situation.picture.shard(&key, index);
            PartView::of(situation.papers, key, index, shard)
        };
        let parts: Vec<PartView> = (0..job.shards).map(part).collect();
        // The job's account may be seen before the shard that was settled with it.
        let unseen = parts.iter().filter(|part| part.is_under_way()).count();
        let unseen = u32::try_from(unseen).unwrap_or(u32::MAX);
        let finished = job.is_finished() && unseen == 0;
        let settled = job.settled.min(job.shards.saturating_sub(unseen));
        Self {
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
            why: why_waiting(situation, key, job),
            parts,
        }
    }

    /// The view after closing: whatever was held went back to the client.
    pub fn closed(mut self) -> Self {
        let all = self.deposited.saturating_add(self.compensated);
        self.refunded = all.saturating_sub(self.paid).saturating_sub(self.fee);
        self.state = "closed".to_owned();
        self.why.clear();
        self
    }
}

impl PartView {
    fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "assigned" | "revealing")
    }

    fn of(papers: &Papers, job: Pubkey, index: u32, shard: Option<&Shard>) -> Self {
        let outcome = papers.outcome(job, index, shard);
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
        Self {
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
            seats: seats.map(SeatView::of).collect(),
        }
    }
}

impl SeatView {
    fn of(seat: &Seat) -> Self {
        let status = match seat.status() {
            SeatStatus::Empty => "empty",
            SeatStatus::Assigned => "working",
            SeatStatus::Committed => "committed",
            SeatStatus::Revealed => "revealed",
            SeatStatus::Right => "right",
            SeatStatus::Wrong => "wrong",
            SeatStatus::Late => "late",
            SeatStatus::Released => "released",
        };
        Self {
            provider: seat.provider.to_string(),
            status: status.to_owned(),
            price: seat.price,
        }
    }
}

fn state_word(job: &Job, finished: bool) -> &'static str {
    match job.state() {
        _ if finished => "finished",
        Some(JobState::Open) => "open",
        Some(JobState::Cancelled) => "cancelled",
        _ => "expired",
    }
}
