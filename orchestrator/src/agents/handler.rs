//! Validates what agents submit before it is stored: cheap checks first, and only for a seat that is the
//! agent's own on chain.

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

/// Longer reasons are truncated.
const MAX_REASON_BYTES: usize = 500;

/// Why a message was ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// The message was valid earlier, or will be soon. An honest agent can send it after a reconnect.
    Stale(String),
    /// No honest agent sends the message.
    Invalid(String),
}

fn stale<T>(reason: &str) -> Result<T, Rejection> {
    Err(Rejection::Stale(reason.to_owned()))
}

fn invalid<T>(reason: &str) -> Result<T, Rejection> {
    Err(Rejection::Invalid(reason.to_owned()))
}

/// An error on our side. The agent repeats the message.
fn retryable(error: impl ToString) -> Rejection {
    Rejection::Stale(error.to_string())
}

impl Agents {
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
                self.handle_commitment(key, seat, commitment, signature)
                    .await
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
                    reason: truncated(result.reason),
                };
                self.handle_reveal(key, revealed).await
            }
            FromAgent::Failed {
                job,
                shard,
                attempt,
                reason,
                retry,
            } => {
                let key = SeatKey::of(job, shard, attempt, provider);
                self.handle_failure(key, truncated(reason), retry).await
            }
            FromAgent::Draining => {
                if let Some(connection) = self.connected().get_mut(&provider) {
                    connection.draining = true;
                }
                Ok(())
            }
            FromAgent::Progress { .. } | FromAgent::Pong { .. } => Ok(()),
            FromAgent::Hello { .. } => invalid("hello was sent twice"),
        }
    }

    /// The shard and the agent's live seat, as they are on chain.
    async fn seat(&self, key: &SeatKey) -> Result<(Shard, Seat), Rejection> {
        let cache = self.feed.cache().read().await;
        let Some(shard) = cache.shard(&key.job, key.shard).copied() else {
            return stale("the shard does not exist");
        };
        let mut seats = shard.seats.iter();
        let own = |s: &&Seat| s.is_live() && s.provider == key.provider && s.attempt == key.attempt;
        match seats.find(own).copied() {
            Some(seat) => Ok((shard, seat)),
            None => stale("the agent has no live seat at this attempt of the shard"),
        }
    }

    async fn handle_commitment(
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
        if seat_index(&shard, &key.provider) != Some(seat) {
            return invalid("the agent has another seat of the shard");
        }
        let Some(account) = self.cached_provider(&key.provider).await else {
            return stale("the provider does not exist");
        };
        let statement = self.seat_context(&key).statement(&commitment);
        if !Signature::from(signature).verify(account.operator.as_ref(), &statement) {
            return invalid("the signature is not the operator's");
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

    /// Accepts a reveal if the output has been uploaded and matches the root, and the root matches the
    /// commitment on chain.
    async fn handle_reveal(&self, key: SeatKey, revealed: RevealedResult) -> Result<(), Rejection> {
        let (shard, seat) = self.seat(&key).await?;
        let stored = {
            let submissions = self.submissions.read();
            let submission = submissions.by_seat.get(&key);
            if submission.is_some_and(|submission| submission.revealed.is_some()) {
                return Ok(());
            }
            submission.map(|submission| submission.commitment)
        };
        let reveal = commitment::Reveal {
            root: &revealed.root,
            units: revealed.units,
            salt: &revealed.salt,
        };
        let commitment = self.seat_context(&key).commitment(&reveal);
        let matches = match seat.status() {
            SeatStatus::Committed => commitment == seat.digest,
            // A stranger has revealed it first; the output still has to be delivered. The salt counts too, in case
            // a fork undoes the reveal.
            SeatStatus::Revealed => {
                (revealed.root, revealed.units) == (seat.digest, seat.units)
                    && stored.is_none_or(|stored| stored == commitment)
            }
            _ => return Ok(()),
        };
        if !matches {
            return invalid("the reveal does not match the seat");
        }
        if !self.matches_output(&revealed).await? {
            return invalid("the output does not match the root");
        }
        let Some(index) = seat_index(&shard, &key.provider) else {
            return stale("the agent has no live seat of the shard");
        };
        // The program has verified the signature on chain; it is not needed again.
        let committed = Submission {
            seat: index,
            commitment: seat.digest,
            signature: [0; 64],
            revealed: None,
        };
        self.upload_quota.claim([revealed.output]);
        self.submissions
            .record_reveal(key, committed, revealed)
            .await
            .map_err(retryable)
    }

    /// Whether the uploaded output yields the root and the units. An output can have 64 MiB, so only a few
    /// are verified at a time, on blocking threads.
    async fn matches_output(&self, revealed: &RevealedResult) -> Result<bool, Rejection> {
        let _permit = self.checks.acquire().await.map_err(retryable)?;
        let bytes = self.blobs.get(&revealed.output).await.map_err(retryable)?;
        let Some(bytes) = bytes else {
            return stale("the output has not been uploaded");
        };
        let (exit, fuel) = (revealed.exit, revealed.fuel);
        let receipt = tokio::task::spawn_blocking(move || {
            let receipt = Receipt::new(&bytes, exit, fuel);
            (receipt.root(), receipt.units())
        });
        Ok(receipt.await.map_err(retryable)? == (revealed.root, revealed.units))
    }

    /// Records that the agent cannot run a shard. Only a provider with a live seat can report a failure, and
    /// only the first report counts.
    async fn handle_failure(
        &self,
        key: SeatKey,
        reason: String,
        retry: bool,
    ) -> Result<(), Rejection> {
        self.seat(&key).await?;
        let (provider, job, shard) = (key.provider, key.job, key.shard);
        info!(%provider, %job, shard, reason, "agent failed to run a shard");
        let known = {
            let submissions = self.submissions.read();
            let failures = submissions.failures.get(&(job, shard));
            failures.is_some_and(|failures| failures.contains_key(&provider))
        };
        if retry || known {
            return Ok(());
        }
        self.submissions
            .record_failure(job, shard, provider, &reason)
            .await
            .map_err(retryable)
    }

    fn seat_context<'a>(&'a self, key: &'a SeatKey) -> commitment::SeatContext<'a> {
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

/// Index of a provider's live seat.
fn seat_index(shard: &Shard, provider: &Pubkey) -> Option<u8> {
    let mut seats = shard.seats.iter();
    let index = seats.position(|seat| seat.is_live() && seat.provider == *provider)?;
    u8::try_from(index).ok()
}

fn truncated(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
    reason.shrink_to_fit();
    reason
}
