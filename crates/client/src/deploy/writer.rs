//! Fills a buffer: reads it, writes only the pieces that differ, many at once, and reads it again.

use super::flight::{Known, Next};
use super::image::differing_chunks;
use super::instruction::write;
use super::state;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::tx::packing::with_budget;
use futures_util::{StreamExt, stream};
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::hash::Hash;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature, Signer};
use solana_sdk::transaction::{Transaction, TransactionError};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::debug;

/// Compute units of a write, some above what it takes.
pub const WRITE_UNITS: u32 = 10_000;
/// Sends that wait for the endpoint's answer at the same time.
const SENDS: usize = 8;
const POLL: Duration = Duration::from_millis(250);
/// A blockhash younger than this is taken for the next transactions too.
const FRESH: Duration = Duration::from_secs(10);
/// How long the endpoint may give no answer, or no write may land.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often the buffer is read and what differs is written, until it is whole.
const ROUNDS: u32 = 4;
/// Most signatures that an endpoint tells of at once.
const MAX_STATUS_SIGNATURES: usize = 256;

/// Fills a buffer whose authority is the wallet that pays.
pub struct BufferWriter<'a> {
    /// The endpoint.
    pub rpc: &'a Rpc,
    /// Who pays and may write.
    pub wallet: &'a Keypair,
    /// The buffer.
    pub buffer: Pubkey,
    /// Most writes under way at once.
    pub at_once: usize,
    /// Micro-lamports for each compute unit, on top of what a signature costs.
    pub unit_price: u64,
}

/// How far the writing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteProgress {
    /// Pieces that have landed in this run.
    pub landed: usize,
    /// Pieces that differed when this run began.
    pub wanted: usize,
    /// Transactions that could no longer land and were signed anew.
    pub signed_anew: usize,
}

struct UnderWay {
    piece: Range<usize>,
    transaction: Transaction,
    last_valid: u64,
    sent: Instant,
}

struct Blockhash {
    hash: Hash,
    last_valid: u64,
    at: Instant,
}

/// Writes that wait, and those that are under way.
struct Flight {
    waiting: VecDeque<Range<usize>>,
    under_way: HashMap<Signature, UnderWay>,
    blockhash: Option<Blockhash>,
    /// When anything was last heard of.
    heard: Instant,
}

impl BufferWriter<'_> {
    /// Brings the buffer to `image`. `tell` hears how far it is.
    ///
    /// # Errors
    /// [`ChainError::Failed`] where a write fails on chain, for want of funds or authority;
    /// [`ChainError::Expired`] and [`ChainError::Unreachable`] where nothing lands any more. What has
    /// landed stays, and the next call goes on from there.
    pub async fn fill(
        &self,
        image: &[u8],
        mut tell: impl FnMut(WriteProgress),
    ) -> Result<WriteProgress, ChainError> {
        let mut written = WriteProgress::default();
        for round in 0..ROUNDS {
            let found = state::read_buffer(self.rpc, &self.buffer).await?;
            let found = found.ok_or(ChainError::Missing {
                address: self.buffer,
                what: "buffer",
            })?;
            let pieces = differing_chunks(image, &found.bytes);
            if pieces.is_empty() {
                return Ok(written);
            }
            if round == 0 {
                written.wanted = pieces.len();
            }
            tell(written);
            self.fly(image, pieces, &mut written, &mut tell).await?;
        }
        Err(ChainError::Expired { attempts: ROUNDS })
    }

    async fn fly(
        &self,
        image: &[u8],
        pieces: Vec<Range<usize>>,
        written: &mut WriteProgress,
        tell: &mut impl FnMut(WriteProgress),
    ) -> Result<(), ChainError> {
        let mut flight = Flight {
            waiting: pieces.into(),
            under_way: HashMap::new(),
            blockhash: None,
            heard: Instant::now(),
        };
        loop {
            let step = self.step(image, &mut flight, written).await;
            match step {
                Ok(true) => {
                    flight.heard = Instant::now();
                    tell(*written);
                }
                Ok(false) if flight.heard.elapsed() > PATIENCE => {
                    return Err(ChainError::Expired { attempts: 1 });
                }
                Err(error) if !error.is_transient() || flight.heard.elapsed() > PATIENCE => {
                    return Err(error);
                }
                Ok(false) => {}
                Err(error) => debug!(%error, "writing a buffer: the endpoint failed, asking again"),
            }
            if flight.waiting.is_empty() && flight.under_way.is_empty() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }

    /// Sends what there is room for, asks what became of what is under way, and acts on it. Says
    /// whether a write has landed.
    async fn step(
        &self,
        image: &[u8],
        flight: &mut Flight,
        written: &mut WriteProgress,
    ) -> Result<bool, ChainError> {
        self.take_off(image, flight).await?;
        // The height first: a status asked for after it tells whether an old one landed in its last block.
        let height = self.height().await?;
        let statuses = self.statuses(flight.under_way.keys().copied()).await?;
        let (mut landed, mut again) = (false, Vec::new());
        for (signature, status) in statuses {
            let Some(under_way) = flight.under_way.get_mut(&signature) else {
                continue;
            };
            let known = Known {
                status,
                height: Some(height),
                last_valid: under_way.last_valid,
                sent_ago: under_way.sent.elapsed(),
            };
            match known.next() {
                Next::Wait => {}
                Next::Landed => {
                    flight.under_way.remove(&signature);
                    written.landed += 1;
                    landed = true;
                }
                Next::Failed(error) => return Err(ChainError::from_transaction(error, Vec::new())),
                Next::SendAgain => {
                    under_way.sent = Instant::now();
                    again.push(under_way.transaction.clone());
                }
                Next::SignAnew => {
                    if let Some(expired) = flight.under_way.remove(&signature) {
                        flight.waiting.push_back(expired.piece);
                    }
                    flight.blockhash = None;
                    written.signed_anew += 1;
                }
            }
        }
        self.push(again).await;
        Ok(landed)
    }

    /// Signs and sends as many as there is room for.
    async fn take_off(&self, image: &[u8], flight: &mut Flight) -> Result<(), ChainError> {
        let room = self.at_once.max(1).saturating_sub(flight.under_way.len());
        let count = room.min(flight.waiting.len());
        if count == 0 {
            return Ok(());
        }
        let blockhash = match flight.blockhash.take().filter(|b| b.at.elapsed() < FRESH) {
            Some(fresh) => fresh,
            None => self.blockhash().await?,
        };
        let mut sends = Vec::new();
        for piece in flight.waiting.drain(..count) {
            let transaction = self.sign(&piece, image, blockhash.hash);
            sends.push(transaction.clone());
            let under_way = UnderWay {
                piece,
                last_valid: blockhash.last_valid,
                sent: Instant::now(),
                transaction,
            };
            flight
                .under_way
                .insert(under_way.transaction.signatures[0], under_way);
        }
        flight.blockhash = Some(blockhash);
        self.push(sends).await;
        Ok(())
    }

    fn sign(&self, piece: &Range<usize>, image: &[u8], blockhash: Hash) -> Transaction {
        let key = self.wallet.pubkey();
        // Accounts are at most 10 MiB.
        let offset = u32::try_from(piece.start).unwrap_or(u32::MAX);
        let write = write(&self.buffer, &key, offset, &image[piece.clone()]);
        let instructions = with_budget(&[write], WRITE_UNITS, self.unit_price);
        Transaction::new_signed_with_payer(&instructions, Some(&key), &[self.wallet], blockhash)
    }

    /// Sends; errors are not decisive, the statuses are.
    async fn push(&self, transactions: Vec<Transaction>) {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let sends = stream::iter(&transactions).map(|transaction| async move {
            let client = self.rpc.client();
            let sent = client.send_transaction_with_config(transaction, config);
            if let Err(error) = sent.await {
                debug!(signature = %transaction.signatures[0], %error, "a write was not taken");
            }
        });
        sends.buffer_unordered(SENDS).collect::<Vec<()>>().await;
    }

    async fn blockhash(&self) -> Result<Blockhash, ChainError> {
        let client = self.rpc.client();
        let answer = client
            .get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())
            .await;
        let (hash, last_valid) = answer.map_err(self.rpc.error("a blockhash"))?;
        Ok(Blockhash {
            hash,
            last_valid,
            at: Instant::now(),
        })
    }

    async fn height(&self) -> Result<u64, ChainError> {
        let client = self.rpc.client();
        let height = client.get_block_height_with_commitment(CommitmentConfig::confirmed());
        height.await.map_err(self.rpc.error("the block height"))
    }

    async fn statuses(
        &self,
        signatures: impl Iterator<Item = Signature>,
    ) -> Result<Vec<(Signature, Option<Result<(), TransactionError>>)>, ChainError> {
        let signatures: Vec<Signature> = signatures.collect();
        let mut all = Vec::new();
        for some in signatures.chunks(MAX_STATUS_SIGNATURES) {
            let answer = self.rpc.client().get_signature_statuses(some).await;
            let statuses = answer
                .map_err(self.rpc.error("signatures' statuses"))?
                .value;
            for (signature, status) in some.iter().zip(statuses) {
                let confirmed = status
                    .filter(|status| status.satisfies_commitment(CommitmentConfig::confirmed()));
                let result = confirmed.map(|status| match status.err {
                    Some(error) => Err(error),
                    None => Ok(()),
                });
                all.push((*signature, result));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::image::CHUNK_BYTES;
    use super::*;

    /// What a packet may have.
    const MOST_TRANSACTION_BYTES: usize = 1_232;

    #[test]
    fn a_full_piece_fits_into_a_transaction_and_little_is_left() {
        let wallet = Keypair::new();
        let rpc = Rpc::new("http://127.0.0.1:1", "ws://127.0.0.1:2");
        let writer = BufferWriter {
            rpc: &rpc,
            wallet: &wallet,
            buffer: Pubkey::new_from_array([3; 32]),
            at_once: 1,
            unit_price: 1,
        };
        let transaction = writer.sign(&(0..CHUNK_BYTES), &[7; CHUNK_BYTES], Hash::default());
        let bytes = bincode::serialize(&transaction).unwrap().len();
        assert!(bytes <= MOST_TRANSACTION_BYTES, "{bytes}");
        assert!(bytes > MOST_TRANSACTION_BYTES - 32, "{bytes}");
    }
}
