//! What an orchestrator and a provider's agent say to each other: one JSON object per websocket
//! text frame, its kind in `type`. Digests, salts and signatures travel as lowercase hex, accounts
//! in base58.
//!
//! The agent connects outward. The orchestrator opens with [`ToAgent::Challenge`], the agent
//! answers with [`FromAgent::Hello`], and after [`ToAgent::Welcome`] tasks flow: Run → Committed →
//! Reveal → Revealed → Release, with Failed in place of what the agent can't do. Either side may
//! repeat a message after a cut; each is about one (job, shard, attempt) and changes nothing the
//! second time.
//!
//! Fields that a side doesn't know are passed over, so that a newer peer may say more.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::blob::hex_bytes;
use crate::hash::{Digest, sha256};
use crate::key::Key;

/// The longest frame in bytes that either side sends or takes: 1 MiB.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// Domain of the challenge that an agent signs.
pub const AGENT_DOMAIN: &[u8; 24] = b"millrace/agent/v1\0\0\0\0\0\0\0";

/// A frame that can't be sent or understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// Longer than [`MAX_FRAME_BYTES`].
    #[error("the message has {bytes} bytes, and {MAX_FRAME_BYTES} are allowed: shorten its texts")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not one of the messages of this side.
    #[error("the message can't be understood ({reason}): both sides need versions that fit")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
}

/// A seat that the agent is to fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The job's account.
    pub job: Key,
    /// Index of the shard within the job.
    pub shard: u32,
    /// Attempt at which the seat was assigned.
    pub attempt: u8,
    /// Index of the seat within the shard.
    pub seat: u8,
    /// Id of the network, part of what is signed.
    #[serde(with = "hex_bytes")]
    pub network_id: Digest,
    /// Address of the on-chain program, part of what is signed.
    pub program: Key,
    /// The manifest's hash: the name of the blob that says what to run.
    #[serde(with = "hex_bytes")]
    pub manifest: Digest,
    /// Unix time in seconds before which the commitment has to be on chain.
    pub commit_by: i64,
    /// Unix time in seconds before which the reveal has to be on chain.
    pub reveal_by: i64,
}

/// What the orchestrator says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// The first message on a connection: prove who you are.
    Challenge {
        /// Fresh random bytes of this connection.
        #[serde(with = "hex_bytes")]
        nonce: [u8; 32],
        /// Id of the network that the orchestrator works on.
        #[serde(with = "hex_bytes")]
        network_id: Digest,
        /// Genesis hash of its cluster, in base58; tells an agent that it is on another one.
        genesis: String,
    },
    /// The proof holds; tasks may follow.
    Welcome {
        /// The provider as which the agent is known from here on.
        provider: Key,
    },
    /// The agent is not let in; the connection is closed after this.
    Refused {
        /// What is wrong and what to do.
        reason: String,
    },
    /// Fill this seat.
    Run {
        /// The seat and its deadlines.
        task: Task,
    },
    /// Every commitment of the attempt is in, or its window is over: show the result.
    Reveal {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
    },
    /// The seat is finished: its result may be forgotten, and a run of it ended.
    Release {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// How it ended, for people.
        outcome: String,
    },
    /// A heartbeat, to be answered by [`FromAgent::Pong`].
    Ping {
        /// Comes back in the answer.
        n: u64,
    },
}

/// What the agent says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromAgent {
    /// The answer to [`ToAgent::Challenge`].
    Hello {
        /// The provider's account.
        provider: Key,
        /// Its operator key, which signs.
        operator: Key,
        /// ed25519 signature of the operator over [`agent_challenge`].
        #[serde(with = "hex_bytes")]
        signature: [u8; 64],
        /// Shards that the agent runs at the same time, at least 1.
        capacity: u32,
        /// Version of the agent's software, for people.
        version: String,
    },
    /// The result is there and committed to.
    Committed {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Index of the seat.
        seat: u8,
        /// [`crate::commitment::SeatContext::commitment`] of the claim.
        #[serde(with = "hex_bytes")]
        commitment: Digest,
        /// ed25519 signature of the operator over [`crate::commitment::SeatContext::statement`].
        #[serde(with = "hex_bytes")]
        signature: [u8; 64],
    },
    /// The preimage of the commitment; the output itself has been uploaded before.
    Revealed {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Index of the seat.
        seat: u8,
        /// The result root, see [`crate::receipt::Receipt::root`].
        #[serde(with = "hex_bytes")]
        root: Digest,
        /// Units that the meter counted (1 unit = 1,000,000 fuel, rounded up).
        units: u64,
        /// The random bytes of the commitment.
        #[serde(with = "hex_bytes")]
        salt: [u8; 32],
        /// SHA-256 of the output: the blob that it was uploaded as.
        #[serde(with = "hex_bytes")]
        output: Digest,
        /// Length of the output in bytes.
        output_bytes: u64,
        /// Fuel consumed.
        fuel: u64,
        /// 0 for success, above 0 the program's own exit code, below 0 why it was ended.
        exit: i32,
        /// The exit in words, empty for success.
        reason: String,
    },
    /// The seat can't be filled by this agent.
    Failed {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// What went wrong, for people.
        reason: String,
        /// Whether the same agent may be asked again.
        retry: bool,
    },
    /// How far a run has come; lost ones don't matter.
    Progress {
        /// The job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Fuel used so far.
        fuel: u64,
        /// Fuel that the manifest allows.
        fuel_limit: u64,
    },
    /// The agent finishes what it runs and takes nothing new.
    Draining,
    /// The answer to [`ToAgent::Ping`].
    Pong {
        /// The number of the ping.
        n: u64,
    },
}

/// The 32 bytes that an operator signs to open a connection:
/// `sha256(domain ‖ network id ‖ nonce ‖ provider)`.
pub fn agent_challenge(network_id: &Digest, nonce: &[u8; 32], provider: &[u8; 32]) -> Digest {
    sha256(&[AGENT_DOMAIN, network_id, nonce, provider])
}

/// The text frame of a message.
pub fn encode<M: Serialize>(message: &M) -> Result<String, WireError> {
    let text = serde_json::to_string(message).map_err(|error| WireError::Malformed {
        reason: error.to_string(),
    })?;
    check_length(&text)?;
    Ok(text)
}

/// Reads a text frame as one of the messages of the other side.
pub fn decode<M: DeserializeOwned>(text: &str) -> Result<M, WireError> {
    check_length(text)?;
    serde_json::from_str(text).map_err(|error| WireError::Malformed {
        reason: error.to_string(),
    })
}

fn check_length(text: &str) -> Result<(), WireError> {
    match text.len() {
        bytes if bytes > MAX_FRAME_BYTES => Err(WireError::TooLong { bytes }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
