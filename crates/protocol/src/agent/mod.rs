//! The agent protocol: the messages between an orchestrator and a provider's agent. Each websocket
//! text frame holds one JSON object whose `type` field names the message. Digests, salts and
//! signatures are lowercase hex, addresses base58.
//!
//! The agent opens the connection. The orchestrator sends [`ToAgent::Challenge`], the agent answers
//! with [`FromAgent::Hello`], and [`ToAgent::Welcome`] admits it. Then each task passes through Run →
//! Committed → Reveal → Revealed → Release; Failed replaces Committed or Revealed if the agent cannot
//! continue. Either side may repeat a message after a reconnect. Each message refers to one (job,
//! shard, attempt) and has no effect the second time.
//!
//! Unknown fields are ignored, so a newer peer may add fields. A change that an older peer would
//! misunderstand increments [`PROTOCOL_VERSION`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::blob::hex_bytes;
use crate::hash::{Digest, sha256};
use crate::key::Key;

/// Version of the agent protocol that this crate speaks. Peers work together only if their versions
/// are equal.
pub const PROTOCOL_VERSION: u32 = 1;
/// Maximum length of a frame in bytes, in both directions: 1 MiB.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// Domain of the challenge that an agent signs.
pub const AGENT_DOMAIN: &[u8; 24] = b"millrace/agent/v1\0\0\0\0\0\0\0";

/// A message cannot be sent or understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The frame is longer than [`MAX_FRAME_BYTES`].
    #[error("the message has {bytes} bytes, and the limit is {MAX_FRAME_BYTES}; shorten its texts")]
    TooLong {
        /// Length of the frame.
        bytes: usize,
    },
    /// The frame is not a message that this side accepts.
    #[error("malformed message ({reason}); both peers need compatible versions")]
    Malformed {
        /// The message of the parser.
        reason: String,
    },
    /// The peer speaks another version of the protocol.
    #[error(
        "the {peer} speaks version {found} of the agent protocol, and this side version \
         {PROTOCOL_VERSION}; update the older one"
    )]
    Version {
        /// Role of the peer.
        peer: &'static str,
        /// The peer's version.
        found: u32,
    },
}

/// A seat that the agent should run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Address of the job's account.
    pub job: Key,
    /// Index of the shard within the job.
    pub shard: u32,
    /// Attempt at which the seat was assigned.
    pub attempt: u8,
    /// Index of the seat within the shard.
    pub seat: u8,
    /// Id of the network; part of every signed statement.
    #[serde(with = "hex_bytes")]
    pub network_id: Digest,
    /// Address of the on-chain program; part of every signed statement.
    pub program: Key,
    /// Hash of the manifest, which is also the name of its blob.
    #[serde(with = "hex_bytes")]
    pub manifest: Digest,
    /// Unix time in seconds before which the commitment must be on chain.
    pub commit_by: i64,
    /// Unix time in seconds before which the reveal must be on chain.
    pub reveal_by: i64,
}

/// The result of a shard, as the agent that ran it stores and reveals it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardResult {
    /// Root of the result, see [`crate::receipt::Receipt::root`].
    #[serde(with = "hex_bytes")]
    pub root: Digest,
    /// Metered units (1 unit = 1,000,000 fuel, rounded up).
    pub units: u64,
    /// The random bytes of the commitment.
    #[serde(with = "hex_bytes")]
    pub salt: [u8; 32],
    /// SHA-256 of the output, which is also the name of its blob.
    #[serde(with = "hex_bytes")]
    pub output: Digest,
    /// Length of the output in bytes.
    pub output_bytes: u64,
    /// Fuel consumed.
    pub fuel: u64,
    /// 0 for success, above 0 the program's exit code, below 0 why it was ended.
    pub exit: i32,
    /// The exit in words; empty for success.
    pub reason: String,
}

/// A message from the orchestrator to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// The first message on a connection. The agent must prove its identity.
    Challenge {
        /// Version of the protocol, [`PROTOCOL_VERSION`].
        #[serde(default = "first_version")]
        protocol: u32,
        /// Fresh random bytes of this connection.
        #[serde(with = "hex_bytes")]
        nonce: [u8; 32],
        /// Id of the orchestrator's network.
        #[serde(with = "hex_bytes")]
        network_id: Digest,
        /// Genesis hash of the orchestrator's cluster, base58.
        genesis: String,
    },
    /// The proof is valid; tasks may follow.
    Welcome {
        /// The provider that the agent is admitted as.
        provider: Key,
    },
    /// The agent is not admitted. The orchestrator closes the connection after this message.
    Refused {
        /// What is wrong and what to do.
        reason: String,
    },
    /// Run this seat.
    Run {
        /// The seat and its deadlines.
        task: Task,
    },
    /// All commitments of the attempt are on chain, or their window is over. Reveal the result.
    Reveal {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
    },
    /// The seat has ended. The agent may delete its result and should end its run.
    Release {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// How the seat ended, in words.
        outcome: String,
    },
    /// A heartbeat, answered by [`FromAgent::Pong`].
    Ping {
        /// Number that the answer repeats.
        n: u64,
    },
}

/// A message from an agent to the orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromAgent {
    /// The answer to [`ToAgent::Challenge`].
    Hello {
        /// Version of the protocol, [`PROTOCOL_VERSION`].
        #[serde(default = "first_version")]
        protocol: u32,
        /// Address of the provider's account.
        provider: Key,
        /// The provider's operator key, which signs.
        operator: Key,
        /// Ed25519 signature of the operator over [`agent_challenge`].
        #[serde(with = "hex_bytes")]
        signature: [u8; 64],
        /// Number of shards that the agent runs at the same time, at least 1.
        capacity: u32,
        /// Version of the agent's software, for display.
        version: String,
    },
    /// The agent has a result and commits to it.
    Committed {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Index of the seat.
        seat: u8,
        /// [`SeatContext::commitment`](crate::commitment::SeatContext::commitment) to the result.
        #[serde(with = "hex_bytes")]
        commitment: Digest,
        /// Ed25519 signature of the operator over
        /// [`SeatContext::statement`](crate::commitment::SeatContext::statement).
        #[serde(with = "hex_bytes")]
        signature: [u8; 64],
    },
    /// The committed result. The agent has uploaded the output before.
    Revealed {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Index of the seat.
        seat: u8,
        /// The result; its fields are fields of the message.
        #[serde(flatten)]
        result: ShardResult,
    },
    /// The agent cannot run or reveal the seat.
    Failed {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// What went wrong, in words.
        reason: String,
        /// Whether the orchestrator may send the task to this agent again.
        retry: bool,
    },
    /// Progress of a run. Messages of this type may be lost.
    Progress {
        /// Address of the job's account.
        job: Key,
        /// Index of the shard.
        shard: u32,
        /// Attempt of the seat.
        attempt: u8,
        /// Fuel consumed so far.
        fuel: u64,
        /// Fuel limit of the manifest.
        fuel_limit: u64,
    },
    /// The agent finishes its running tasks and accepts no more.
    Draining,
    /// The answer to [`ToAgent::Ping`].
    Pong {
        /// Number of the ping.
        n: u64,
    },
}

/// Version of peers that predate the `protocol` field.
fn first_version() -> u32 {
    1
}

/// Checks the version that a peer announced. `peer` names its role in the error.
pub fn check_version(peer: &'static str, found: u32) -> Result<(), MessageError> {
    if found == PROTOCOL_VERSION {
        Ok(())
    } else {
        Err(MessageError::Version { peer, found })
    }
}

/// The 32 bytes that an operator signs to open a connection:
/// `sha256(domain ‖ network id ‖ nonce ‖ provider)`.
pub fn agent_challenge(network_id: &Digest, nonce: &[u8; 32], provider: &[u8; 32]) -> Digest {
    sha256(&[AGENT_DOMAIN, network_id, nonce, provider])
}

/// Encodes a message as a text frame.
///
/// # Errors
/// If the frame would be longer than [`MAX_FRAME_BYTES`].
pub fn encode<M: Serialize>(message: &M) -> Result<String, MessageError> {
    let text = serde_json::to_string(message).map_err(malformed)?;
    check_length(&text)?;
    Ok(text)
}

/// Decodes a text frame.
///
/// # Errors
/// If the frame is longer than [`MAX_FRAME_BYTES`] or is not a message of the type `M`.
pub fn decode<M: DeserializeOwned>(text: &str) -> Result<M, MessageError> {
    check_length(text)?;
    serde_json::from_str(text).map_err(malformed)
}

fn malformed(error: serde_json::Error) -> MessageError {
    MessageError::Malformed {
        reason: error.to_string(),
    }
}

fn check_length(text: &str) -> Result<(), MessageError> {
    let bytes = text.len();
    if bytes > MAX_FRAME_BYTES {
        return Err(MessageError::TooLong { bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
