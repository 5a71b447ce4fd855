//! A job as an orchestrator tells it over HTTP. Fields that another version leaves out have their
//! defaults, so that either side can be the newer one.

use serde::{Deserialize, Serialize};

/// A job. Amounts are base units, times unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobView {
    /// Its account.
    pub job: String,
    /// The wallet that posted it.
    pub client: String,
    /// Its manifest's hash, hex.
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
    /// Put into escrow.
    pub deposited: u64,
    /// Paid to providers.
    pub paid: u64,
    /// Paid to the protocol.
    pub fee: u64,
    /// Given back.
    pub refunded: u64,
    /// Slashed stake that came in.
    pub compensated: u64,
    /// When it expires.
    pub deadline: i64,
    /// Why it waits.
    pub why: Vec<String>,
    /// Its shards.
    pub parts: Vec<PartView>,
}

/// A shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartView {
    /// Index within the job.
    pub index: u32,
    /// waiting, assigned, revealing, settled or failed.
    pub state: String,
    /// Attempt, counted from 0.
    pub attempt: u8,
    /// Result root of the quorum, hex.
    pub root: Option<String>,
    /// Name of the output's blob, hex.
    pub output: Option<String>,
    /// How the program ended.
    pub exit: Option<i32>,
    /// The ending in words.
    pub reason: Option<String>,
    /// Fuel used.
    pub fuel: Option<u64>,
    /// Its seats.
    pub seats: Vec<SeatView>,
}

/// A seat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeatView {
    /// The provider's account.
    pub provider: String,
    /// working, committed, revealed, right, wrong, late or released.
    pub status: String,
    /// Price agreed, base units per unit.
    pub price: u64,
}

impl JobView {
    /// Every shard is paid, failed or cancelled.
    pub fn is_over(&self) -> bool {
        let ended = u64::from(self.settled) + u64::from(self.failed) + u64::from(self.cancelled);
        matches!(self.state.as_str(), "finished" | "closed") || ended >= u64::from(self.shards)
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
    /// Somebody sits there and it has no end yet.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "assigned" | "revealing")
    }
}
