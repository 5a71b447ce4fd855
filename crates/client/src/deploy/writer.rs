//! Fills a buffer: reads it, writes only the chunks that differ, many at the same time, and reads it
//! again. What has landed stays in the buffer, so an interrupted run is continued by the next one and
//! needs no durable journal.

use super::image::differing_chunks;
use super::instructions::write;
use super::state;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::tx::journal::MemoryJournal;
use crate::tx::policy::SendPolicy;
use crate::tx::sender::Sender;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signer};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

/// Compute units of a write: some more than it consumes.
pub const WRITE_UNITS: u32 = 10_000;
/// Gives up if no write lands for this long.
const STALL_TIMEOUT: Duration = Duration::from_secs(180);
/// Pause before a write is tried again after a fault of the endpoint.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// How often the buffer is read and completed before it must be whole.
const MAX_ROUNDS: u32 = 4;

/// Fills a buffer whose authority is the wallet that pays.
pub struct BufferWriter<'a> {
    /// The endpoint.
    pub rpc: &'a Rpc,
    /// Pays, and is the buffer's authority.
    pub wallet: &'a Keypair,
    /// The buffer account.
    pub buffer: Pubkey,
    /// Most writes in flight at the same time; 0 counts as 1.
    pub concurrency: usize,
    /// Price of a write, micro-lamports per compute unit.
    pub unit_price: u64,
}

/// How far a [`BufferWriter`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteProgress {
    /// Chunks that have landed in this run.
    pub landed: usize,
    /// Chunks that differed when this run began.
    pub total: usize,
}

impl BufferWriter<'_> {
    /// Writes `image` to the buffer. `on_progress` is called at the beginning of each round and after
    /// each chunk that landed.
    ///
    /// # Errors
    /// [`ChainError::Missing`] if the buffer does not exist. [`ChainError::Failed`] if a write fails on
    /// chain, for lack of funds or authority. [`ChainError::Expired`], or the last fault of the endpoint,
    /// if nothing lands for [`STALL_TIMEOUT`]. What has landed stays, and the next call continues there.
    pub async fn fill(
        &self,
        image: &[u8],
        mut on_progress: impl FnMut(WriteProgress),
    ) -> Result<WriteProgress, ChainError> {
        let policy = SendPolicy::bulk(WRITE_UNITS, self.unit_price);
        let journal = Arc::new(MemoryJournal::default());
        let sender = Sender::with_policy(self.rpc.clone(), journal, policy);
        let mut progress = WriteProgress::default();
        for round in 0..MAX_ROUNDS {
            let found = state::read_buffer(self.rpc, &self.buffer).await?;
            let found = found.ok_or(ChainError::Missing {
                address: self.buffer,
                what: "buffer",
            })?;
            let chunks = differing_chunks(image, &found.bytes);
            if chunks.is_empty() {
                return Ok(progress);
            }
            if round == 0 {
                progress.total = chunks.len();
            }
            on_progress(progress);
            self.write_all(&sender, image, chunks, &mut || {
                progress.landed += 1;
                on_progress(progress);
            })
            .await?;
        }
        Err(ChainError::Expired {
            attempts: MAX_ROUNDS,
        })
    }

    /// Writes all `chunks`. Those that expire are left to the next round.
    async fn write_all(
        &self,
        sender: &Sender,
        image: &[u8],
        chunks: Vec<Range<usize>>,
        on_landed: &mut impl FnMut(),
    ) -> Result<(), ChainError> {
        // The last fault of the endpoint since a write landed.
        let fault = Mutex::new(None);
        let writes = chunks.into_iter().map(|chunk| {
            let write = self.instruction(&chunk, image);
            self.write_one(sender, write, &fault)
        });
        let mut writes = stream::iter(writes).buffer_unordered(self.concurrency.max(1));
        let mut last_landed = Instant::now();
        loop {
            match timeout_at(last_landed + STALL_TIMEOUT, writes.next()).await {
                Ok(None) => return Ok(()),
                Ok(Some(Ok(()))) => {
                    last_landed = Instant::now();
                    *fault.lock() = None;
                    on_landed();
                }
                Ok(Some(Err(ChainError::Expired { .. }))) => {}
                Ok(Some(Err(error))) => return Err(error),
                Err(_) => {
                    let fault = fault.lock().take();
                    return Err(fault.unwrap_or(ChainError::Expired { attempts: 1 }));
                }
            }
        }
    }

    /// Lands one write. Faults of the endpoint are kept in `fault`, and the write is tried again.
    async fn write_one(
        &self,
        sender: &Sender,
        write: Instruction,
        fault: &Mutex<Option<ChainError>>,
    ) -> Result<(), ChainError> {
        let (instructions, signers) = ([write], [self.wallet]);
        loop {
            match sender.send("write a chunk", &instructions, &signers).await {
                Err(error @ (ChainError::Unreachable { .. } | ChainError::Rpc { .. })) => {
                    debug!(%error, "failed to write a chunk; retrying");
                    *fault.lock() = Some(error);
                    sleep(RETRY_INTERVAL).await;
                }
                sent => return sent.map(drop),
            }
        }
    }

    fn instruction(&self, chunk: &Range<usize>, image: &[u8]) -> Instruction {
        // Accounts have at most 10 MiB.
        let offset = u32::try_from(chunk.start).unwrap_or(u32::MAX);
        let bytes = image[chunk.clone()].to_vec();
        write(&self.buffer, &self.wallet.pubkey(), offset, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::image::CHUNK_BYTES;
    use super::*;
    use crate::tx::packing::{MAX_TX_BYTES, size};

    #[test]
    fn a_full_chunk_fits_into_a_transaction_and_leaves_little_room() {
        let wallet = Keypair::new();
        let rpc = Rpc::new("http://127.0.0.1:1", "ws://127.0.0.1:2");
        let writer = BufferWriter {
            rpc: &rpc,
            wallet: &wallet,
            buffer: Pubkey::new_from_array([3; 32]),
            concurrency: 1,
            unit_price: 1,
        };
        let write = writer.instruction(&(0..CHUNK_BYTES), &[7; CHUNK_BYTES]);
        let key = wallet.pubkey();
        let bytes = size(&[write], &key, &[key]);
        assert!(
            (MAX_TX_BYTES - 31..=MAX_TX_BYTES).contains(&bytes),
            "{bytes}"
        );
    }
}
