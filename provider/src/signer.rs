//! Messages that carry the operator's signature, and the reveal of a commitment.

use millrace_protocol::agent::{FromAgent, PROTOCOL_VERSION, ShardResult, Task, agent_challenge};
use millrace_protocol::commitment::{Reveal, SeatContext};
use millrace_protocol::hash::Digest;
use millrace_protocol::key::Key;
use solana_sdk::signature::{Keypair, Signer};

/// The provider that an agent works for, and its operator key.
pub(crate) struct Identity {
    pub(crate) provider: Key,
    pub(crate) operator: Keypair,
}

impl Identity {
    /// The answer to a challenge.
    pub(crate) fn hello(&self, network: &Digest, nonce: &[u8; 32], capacity: u32) -> FromAgent {
        let challenge = agent_challenge(network, nonce, &self.provider.0);
        FromAgent::Hello {
            protocol: PROTOCOL_VERSION,
            provider: self.provider,
            operator: Key(self.operator.pubkey().to_bytes()),
            signature: self.sign(&challenge),
            capacity,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The commitment to a result. It is the same message each time: the salt is stored with the
    /// result, and ed25519 signatures are deterministic.
    pub(crate) fn committed(&self, task: &Task, result: &ShardResult) -> FromAgent {
        let seat = SeatContext {
            network_id: &task.network_id,
            program: &task.program.0,
            job: &task.job.0,
            shard: task.shard,
            attempt: task.attempt,
            provider: &self.provider.0,
        };
        let commitment = seat.commitment(&Reveal {
            root: &result.root,
            units: result.units,
            salt: &result.salt,
        });
        FromAgent::Committed {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
            seat: task.seat,
            commitment,
            signature: self.sign(&seat.statement(&commitment)),
        }
    }

    fn sign(&self, message: &Digest) -> [u8; 64] {
        self.operator.sign_message(message).into()
    }
}

pub(crate) fn revealed(task: &Task, result: &ShardResult) -> FromAgent {
    FromAgent::Revealed {
        job: task.job,
        shard: task.shard,
        attempt: task.attempt,
        seat: task.seat,
        result: result.clone(),
    }
}
