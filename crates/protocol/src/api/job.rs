//! A job as `GET /v1/jobs/{job}` reports it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::phase::{JobPhase, SeatPhase, ShardPhase};

/// A job. Amounts are base units of the payment token, times unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobView {
    /// Address of the job's account.
    pub job: String,
    /// Address of the wallet that posted the job.
    pub client: String,
    /// Hash of the manifest, hex.
    pub manifest: String,
    /// How far the job has come.
    pub state: JobPhase,
    /// Number of shards.
    pub shard_count: u32,
    /// Number of shards with a paid result.
    pub settled: u32,
    /// Number of shards that ended without a result.
    pub failed: u32,
    /// Number of shards that were cancelled before they were assigned.
    pub cancelled: u32,
    /// Amount that the client put into escrow.
    pub deposited: u64,
    /// Amount paid to providers.
    pub paid: u64,
    /// Amount paid to the protocol.
    pub fee: u64,
    /// Amount returned to the client.
    pub refunded: u64,
    /// Lost bonds that the job received.
    pub compensated: u64,
    /// When the job expires.
    pub deadline: i64,
    /// Why shards have no seats yet; empty if none is waiting.
    pub pending_reasons: Vec<String>,
    /// The shards, by index.
    pub shards: Vec<ShardView>,
}

/// A shard of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShardView {
    /// Index within the job.
    pub index: u32,
    /// How far the shard has come.
    pub state: ShardPhase,
    /// Attempt, counted from 0.
    pub attempt: u8,
    /// Root of the agreed result, hex.
    pub root: Option<String>,
    /// Name of the output's blob, hex.
    pub output: Option<String>,
    /// Exit of the program: 0 for success, above 0 its exit code, below 0 why it was ended.
    pub exit: Option<i32>,
    /// The exit in words; none for success.
    pub reason: Option<String>,
    /// Fuel consumed.
    pub fuel: Option<u64>,
    /// The seats, without empty ones.
    pub seats: Vec<SeatView>,
}

/// A seat of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeatView {
    /// Address of the provider's account.
    pub provider: String,
    /// How far the seat has come.
    #[serde(alias = "status")]
    pub state: SeatPhase,
    /// Agreed price in base units per unit.
    pub price: u64,
}

impl JobView {
    /// Whether every shard is settled, failed or cancelled.
    pub fn is_over(&self) -> bool {
        let ended = u64::from(self.settled) + u64::from(self.failed) + u64::from(self.cancelled);
        matches!(self.state, JobPhase::Finished | JobPhase::Closed)
            || ended >= u64::from(self.shard_count)
    }

    /// The view after the job's account is closed, which returns what is left of the deposit.
    pub fn closed(mut self) -> Self {
        let all = self.deposited.saturating_add(self.compensated);
        self.refunded = all.saturating_sub(self.paid).saturating_sub(self.fee);
        self.state = JobPhase::Closed;
        self.pending_reasons.clear();
        self
    }

    /// Reads a stored view, also one that a version before 0.2 wrote: `shards` was the number of
    /// shards then, `parts` the shards and `why` the reasons.
    ///
    /// # Errors
    /// If the text is not the JSON of a view.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        let mut stored: Value = serde_json::from_str(text)?;
        if let Value::Object(fields) = &mut stored
            && let Some(parts) = fields.remove("parts")
        {
            for (name, value) in [
                ("shard_count", fields.remove("shards")),
                ("pending_reasons", fields.remove("why")),
                ("shards", Some(parts)),
            ] {
                fields.extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        serde_json::from_value(stored)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_view_of_an_older_version_is_read() {
        let old = r#"{"job":"J","client":"C","manifest":"00","state":"closed","shards":2,
            "settled":1,"failed":1,"cancelled":0,"deposited":9,"paid":4,"fee":1,"refunded":4,
            "compensated":0,"deadline":7,"why":["paused"],"parts":[
            {"index":0,"state":"settled","attempt":1,"root":"aa","output":"bb","exit":0,
             "reason":null,"fuel":3,"seats":[
                {"provider":"P","status":"right","price":2},
                {"provider":"Q","status":"wrong","price":2},
                {"provider":"R","status":"working","price":2}]},
            {"index":1,"state":"failed","attempt":0,"seats":[]}]}"#;
        let view = JobView::from_stored(old).unwrap();
        assert_eq!((view.state, view.shard_count), (JobPhase::Closed, 2));
        assert_eq!(view.pending_reasons, ["paused"]);
        let states: Vec<ShardPhase> = view.shards.iter().map(|shard| shard.state).collect();
        assert_eq!(states, [ShardPhase::Settled, ShardPhase::Failed]);
        let seats: Vec<SeatPhase> = view.shards[0].seats.iter().map(|seat| seat.state).collect();
        assert_eq!(
            seats,
            [SeatPhase::Agreed, SeatPhase::Disagreed, SeatPhase::Assigned]
        );

        let text = serde_json::to_string(&view).unwrap();
        assert_eq!(JobView::from_stored(&text).unwrap(), view);
    }

    #[test]
    fn a_closed_view_returns_what_is_left() {
        let view = JobView {
            deposited: 10,
            compensated: 3,
            paid: 6,
            fee: 2,
            pending_reasons: vec!["paused".to_owned()],
            ..JobView::default()
        };
        let closed = view.closed();
        assert_eq!((closed.refunded, closed.state), (5, JobPhase::Closed));
        assert!(closed.pending_reasons.is_empty() && closed.is_over());
    }

    #[test]
    fn a_job_is_over_when_every_shard_has_ended() {
        let mut view = JobView {
            shard_count: 3,
            settled: 1,
            failed: 1,
            ..JobView::default()
        };
        assert!(!view.is_over());
        view.cancelled = 1;
        assert!(view.is_over());
    }
}
