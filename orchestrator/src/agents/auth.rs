//! Who is let in: the operator of a registered provider, proven by a signature over a fresh challenge.

use super::{Agents, Connection, OutboundMessage, QUEUE};
use millrace_client::Pubkey;
use millrace_client::program::state::Provider;
use millrace_protocol::agent::{self, FromAgent, agent_challenge};
use solana_sdk::signature::Signature;
use std::collections::HashMap;
use std::time::Instant;
use tokio::sync::mpsc;

/// A hello has some 400 bytes.
const LONGEST_HELLO: usize = 4_096;
/// More is not believed: the plan would fill one agent with everything.
const MOST_CAPACITY: u32 = 4_096;
/// Bytes that are kept of a version.
const LONGEST_VERSION: usize = 64;

/// An agent that was let in.
pub(super) struct Member {
    /// Its provider.
    pub(super) provider: Pubkey,
    /// Tells this connection from others of the same provider.
    pub(super) number: u64,
    /// What it is to be told. Ends when the connection is to end.
    pub(super) inbox: mpsc::Receiver<OutboundMessage>,
}

impl Agents {
    /// Checks who it is and enters it; a newer connection of the same provider takes the slot of an
    /// older one. What costs least is checked first, and nothing is asked of the chain for whoever
    /// can't sign.
    pub(super) async fn admit(&self, hello: &str, nonce: &[u8; 32]) -> Result<Member, String> {
        if hello.len() > LONGEST_HELLO {
            return Err(format!("a hello has at most {LONGEST_HELLO} bytes"));
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
            return Err("the signature does not answer the challenge".to_owned());
        }
        let key = Pubkey::new_from_array(provider.0);
        let books = self.newcomer(&key).await.ok_or_else(|| {
            format!("{provider} is no provider of this network; register it with `millrace provider register`")
        })?;
        if books.operator.to_bytes() != operator.0 {
            return Err(format!("{operator} is not the operator key of {provider}"));
        }
        if let Some(left) = self.bans().left(&key, Instant::now()) {
            return Err(format!(
                "it flooded, and is not let in for another {} seconds",
                left.as_secs() + 1
            ));
        }
        version.truncate(version.floor_char_boundary(LONGEST_VERSION));
        let (queue, inbox) = mpsc::channel(QUEUE);
        let number = rand::random();
        let connection = Connection {
            number,
            capacity: capacity.clamp(1, MOST_CAPACITY),
            draining: false,
            version,
            queue,
            told: HashMap::new(),
        };
        self.connected().insert(key, connection);
        self.changes.send_modify(|count| *count += 1);
        Ok(Member {
            provider: key,
            number,
            inbox,
        })
    }

    /// The books of a provider that is in the cache.
    pub(super) async fn provider(&self, key: &Pubkey) -> Option<Provider> {
        let cache = self.feed.cache().read().await;
        cache.providers().get(key).copied()
    }

    /// The same, read from the chain where it is not in the cache yet. That is done now and then
    /// only: anybody can name accounts that are no providers, and the cache learns of new ones by
    /// itself.
    async fn newcomer(&self, key: &Pubkey) -> Option<Provider> {
        if let Some(books) = self.provider(key).await {
            return Some(books);
        }
        let may = {
            let mut lookups = self.lookups.lock().unwrap_or_else(|held| held.into_inner());
            lookups.take(1.0, Instant::now())
        };
        if !may {
            return None;
        }
        self.feed.refresh(&[*key]).await.ok()?;
        self.provider(key).await
    }

    pub(super) fn leave(&self, provider: &Pubkey, number: u64) {
        let mut connected = self.connected();
        if connected.get(provider).is_some_and(|c| c.number == number) {
            connected.remove(provider);
        }
        drop(connected);
        self.changes.send_modify(|count| *count += 1);
    }
}
