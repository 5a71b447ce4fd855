//! Authentication: an agent proves that it has the operator key of a registered provider by signing a fresh
//! challenge.

use super::{AgentConnection, Agents, OutboundMessage, QUEUE_LENGTH};
use millrace_client::Pubkey;
use millrace_client::program::state::Provider;
use millrace_protocol::agent::{self, FromAgent, agent_challenge};
use solana_sdk::signature::Signature;
use std::collections::HashMap;
use std::time::Instant;
use tokio::sync::mpsc;

/// A hello has about 400 bytes.
const MAX_HELLO_BYTES: usize = 4_096;
/// Larger capacities are lowered to this one, so that no agent attracts every shard.
const MAX_CAPACITY: u32 = 4_096;
/// Longer version texts are truncated.
const MAX_VERSION_BYTES: usize = 64;

pub(super) struct AuthenticatedAgent {
    pub(super) provider: Pubkey,
    /// Distinguishes connections of the same provider.
    pub(super) number: u64,
    /// Messages to send. Closed when the connection has to end.
    pub(super) inbox: mpsc::Receiver<OutboundMessage>,
}

impl Agents {
    /// Authenticates an agent and registers its connection, which replaces an older one of the same provider.
    /// Cheap checks come first, and the chain is read only after the signature has been verified.
    pub(super) async fn authenticate(
        &self,
        hello: &str,
        nonce: &[u8; 32],
    ) -> Result<AuthenticatedAgent, String> {
        if hello.len() > MAX_HELLO_BYTES {
            return Err(format!("a hello has at most {MAX_HELLO_BYTES} bytes"));
        }
        let hello = agent::decode::<FromAgent>(hello).map_err(|error| error.to_string())?;
        let FromAgent::Hello {
            protocol,
            provider,
            operator,
            signature,
            capacity,
            mut version,
        } = hello
        else {
            return Err("the first message must be hello".to_owned());
        };
        agent::check_version("agent", protocol).map_err(|error| error.to_string())?;
        let statement = agent_challenge(&self.network_id, nonce, &provider.0);
        if !Signature::from(signature).verify(&operator.0, &statement) {
            return Err("the signature does not match the challenge".to_owned());
        }
        let key = Pubkey::new_from_array(provider.0);
        let account = self.find_provider(&key).await.ok_or_else(|| {
            format!(
                "{provider} is not a provider of this network; register it with `millrace provider register`"
            )
        })?;
        if account.operator.to_bytes() != operator.0 {
            return Err(format!("{operator} is not the operator key of {provider}"));
        }
        if let Some(left) = self.bans().remaining(&key, Instant::now()) {
            return Err(format!(
                "banned for another {} seconds for exceeding the rate limit",
                left.as_secs() + 1
            ));
        }
        version.truncate(version.floor_char_boundary(MAX_VERSION_BYTES));
        let (queue, inbox) = mpsc::channel(QUEUE_LENGTH);
        let number = rand::random();
        let connection = AgentConnection {
            number,
            capacity: capacity.clamp(1, MAX_CAPACITY),
            draining: false,
            version,
            queue,
            sent: HashMap::new(),
        };
        self.connected().insert(key, connection);
        self.changes.send_modify(|count| *count += 1);
        Ok(AuthenticatedAgent {
            provider: key,
            number,
            inbox,
        })
    }

    /// A provider's account from the cache.
    pub(super) async fn cached_provider(&self, key: &Pubkey) -> Option<Provider> {
        let cache = self.feed.cache().read().await;
        cache.providers().get(key).copied()
    }

    /// A provider's account from the cache, or else from the chain. Reads of the chain are rate-limited:
    /// any caller can name addresses that are not providers, and the cache learns of new providers anyway.
    async fn find_provider(&self, key: &Pubkey) -> Option<Provider> {
        if let Some(account) = self.cached_provider(key).await {
            return Some(account);
        }
        if self.lookups.check().is_err() {
            return None;
        }
        self.feed.refresh(&[*key]).await.ok()?;
        self.cached_provider(key).await
    }

    /// Removes a connection, unless a newer one of the same provider has replaced it.
    pub(super) fn disconnect(&self, provider: &Pubkey, number: u64) {
        let mut connected = self.connected();
        if connected.get(provider).is_some_and(|c| c.number == number) {
            connected.remove(provider);
        }
        drop(connected);
        self.changes.send_modify(|count| *count += 1);
    }
}
