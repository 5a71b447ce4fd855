//! What history stores: recorded events, and the cursor up to which they are complete.

use crate::error::ChainError;
use crate::events::ProgramEvent;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The last transaction whose events are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The transaction's slot.
    pub slot: u64,
    /// The transaction's first signature, base58.
    pub signature: String,
}

/// An event and its position on chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// The slot of its block.
    pub slot: u64,
    /// The block's time, unix seconds, if the cluster recorded it.
    pub time: Option<i64>,
    /// The transaction's first signature, base58.
    pub signature: String,
    /// Index of the instruction of the transaction that caused the event.
    pub instruction: u32,
    /// Index of the event's invocation among all invocations of that instruction.
    pub position: u32,
    /// The event.
    pub event: ProgramEvent,
}

/// Stores events and the cursor.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// The cursor; `None` before the first events are stored.
    async fn load(&self) -> Result<Option<Cursor>, ChainError>;
    /// Stores events and then moves the cursor. Events that are stored already (same signature,
    /// instruction and position) are ignored, so the same batch can be saved again after a failure.
    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError>;
}
