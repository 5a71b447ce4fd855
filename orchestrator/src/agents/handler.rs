//! What agents hand in, checked before it reaches the desk: what costs least first, and only for a
//! seat that the chain says is the agent's own.

use super::Agents;
use crate::submissions::model::{RevealedResult, SeatKey, Submission};
use millrace_client::Pubkey;
use millrace_client::program::state::{Seat, SeatStatus, Shard};
use millrace_protocol::agent::{self, FromAgent};
use millrace_protocol::commitment;
use millrace_protocol::hash::Digest;
use millrace_protocol::receipt::Receipt;
use solana_sdk::signature::Signature;
use tracing::info;

/// Bytes that are kept of a reason.
const LONGEST_REASON: usize = 500;

/// Why something was not taken in. It can harm nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// It may have been right once, or be right soon: an honest agent says such things after a cut.
    Stale(String),
    /// No honest agent says it.
    Invalid(String),
}

fn stale<T>(reason: &str) -> Result<T, Rejection> {
    Err(Rejection::Stale(reason.to_owned()))
}

fn wrong<T>(reason: &str) -> Result<T, Rejection> {
    Err(Rejection::Invalid(reason.to_owned()))
}

/// What is no fault of the agent: it will say it again.
fn retryable(error: impl ToString) -> Rejection {
    Rejection::Stale(error.to_string())
}

impl Agents {
    /// Takes in what an agent says.
    pub(super) async fn handle_message(
        &self,
        provider: Pubkey,
        text: &str,
    ) -> Result<(), Rejection> {
        let message = agent::decode::<FromAgent>(text);
        match message.map_err(|error| Rejection::Invalid(error.to_string()))? {
            FromAgent::Committed {
                job,
                shard,
                attempt,
                seat,
                commitment,
                signature,
            } => {
                let key = SeatKey::of(job, shard, attempt, provider);
                self.take_commitment(key, seat, commitment, signature).await
            }
            FromAgent::Revealed {
                job,
                shard,
                attempt,
                result,
                ..
            } => {
                let key = SeatKey::of(job, shard, attempt, provider);
                let revealed = RevealedResult {
                    root: result.root,
                    units: result.units,
                    salt: result.salt,
                    output: result.output,
                    exit: result.exit,
                    fuel: result.fuel,
                    reason: shortened(result.reason),
                };
                self.take_reveal(key, revealed).await
            }
            FromAgent::Failed {
                job,
                shard,
                attempt,
                reason,
                retry,
            } => {
                let key = SeatKey::of(job, shard, attempt, provider);
                self.take_failure(key, shortened(reason), retry).await
            }
            FromAgent::Draining => {
                if let Some(connection) = self.connected().get_mut(&provider) {
                    connection.draining = true;
                }
                Ok(())
            }
            FromAgent::Progress { .. } | FromAgent::Pong { .. } => Ok(()),
            FromAgent::Hello { .. } => wrong("it said hello twice"),
        }
    }

    /// The shard and the seat that a key names, as the chain has them.
    async fn seat(&self, key: &SeatKey) -> Result<(Shard, Seat), Rejection> {
        let cache = self.feed.cache().read().await;
        let Some(shard) = cache.shard(&key.job, key.shard).copied() else {
            return stale("no such shard");
        };
        let mut seats = shard.seats.iter();
        let own = |s: &&Seat| s.is_live() && s.provider == key.provider && s.attempt == key.attempt;
        match seats.find(own).copied() {
            Some(seat) => Ok((shard, seat)),
            None => stale("the seat is not its own, or over"),
        }
    }

    async fn take_commitment(
        &self,
        key: SeatKey,
        seat: u8,
        commitment: Digest,
        signature: [u8; 64],
    ) -> Result<(), Rejection> {
        let (shard, found) = self.seat(&key).await?;
        let known = self.submissions.read().by_seat.contains_key(&key);
        if known || found.status() != SeatStatus::Assigned {
            return Ok(());
        }
        let mut seats = shard.seats.iter();
        let at = seats.position(|s| s.provider == key.provider && s.is_live());
        if at != Some(usize::from(seat)) {
            return wrong("it sits elsewhere");
        }
        let Some(books) = self.provider(&key.provider).await else {
            return stale("no such provider");
        };
        let statement = self.commitment_seat(&key).statement(&commitment);
        if !Signature::from(signature).verify(books.operator.as_ref(), &statement) {
            return wrong("the signature is not the operator's");
        }
        let submission = Submission {
            seat,
            commitment,
            signature,
            revealed: None,
        };
        self.submissions
            .record_commitment(key, submission)
            .await
            .map_err(retryable)
    }

    /// Delivery: the output is here, it gives the root, and the root opens the commitment.
    async fn take_reveal(&self, key: SeatKey, revealed: RevealedResult) -> Result<(), Rejection> {
        let (shard, seat) = self.seat(&key).await?;
        let known = {
            let submissions = self.submissions.read();
            let submission = submissions.by_seat.get(&key);
            submission.is_some_and(|submission| submission.revealed.is_some())
        };
        if known || seat.status() != SeatStatus::Committed {
            return Ok(());
        }
        let reveal = commitment::Reveal {
            root: &revealed.root,
            units: revealed.units,
            salt: &revealed.salt,
        };
        if self.commitment_seat(&key).commitment(&reveal) != seat.digest {
            return wrong("the reveal does not open the commitment");
        }
        if !self.gives_root(&revealed).await? {
            return wrong("the output does not match the root");
        }
        let mut seats = shard.seats.iter();
        let at = seats.position(|s| s.is_live() && s.provider == key.provider);
        let Some(at) = at.and_then(|at| u8::try_from(at).ok()) else {
            return stale("no such seat");
        };
        // The chain has checked the signature; it is not needed again.
        let seated = Submission {
            seat: at,
            commitment: seat.digest,
            signature: [0; 64],
            revealed: None,
        };
        self.upload_quota.claim([revealed.output]);
        self.submissions
            .record_reveal(key, seated, revealed)
            .await
            .map_err(retryable)
    }

    /// Whether the uploaded output gives the root and the units. An output may have 64 MiB, so few are
    /// looked at at a time, and none by a thread that serves connections.
    async fn gives_root(&self, revealed: &RevealedResult) -> Result<bool, Rejection> {
        let _turn = self.checks.acquire().await.map_err(retryable)?;
        let bytes = self.blobs.get(&revealed.output).await.map_err(retryable)?;
        let Some(bytes) = bytes else {
            return stale("the output was not uploaded");
        };
        let (exit, fuel) = (revealed.exit, revealed.fuel);
        let receipt = tokio::task::spawn_blocking(move || {
            let receipt = Receipt::new(&bytes, exit, fuel);
            (receipt.root(), receipt.units())
        });
        Ok(receipt.await.map_err(retryable)? == (revealed.root, revealed.units))
    }

    /// Whoever sits at a shard may say once that it can't run it.
    async fn take_failure(
        &self,
        key: SeatKey,
        reason: String,
        retry: bool,
    ) -> Result<(), Rejection> {
        self.seat(&key).await?;
        let (provider, job, shard) = (key.provider, key.job, key.shard);
        info!(%provider, %job, shard, reason, "an agent could not run a shard");
        let known = {
            let submissions = self.submissions.read();
            let failed = submissions.failures.get(&(job, shard));
            failed.is_some_and(|failed| failed.contains_key(&provider))
        };
        if retry || known {
            return Ok(());
        }
        self.submissions
            .record_failure(job, shard, provider, &reason)
            .await
            .map_err(retryable)
    }

    fn commitment_seat<'a>(&'a self, key: &'a SeatKey) -> commitment::SeatContext<'a> {
        commitment::SeatContext {
            network_id: &self.network_id,
            program: millrace_client::pda::PROGRAM.as_array(),
            job: key.job.as_array(),
            shard: key.shard,
            attempt: key.attempt,
            provider: key.provider.as_array(),
        }
    }
}

fn shortened(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason.shrink_to_fit();
    reason
}
