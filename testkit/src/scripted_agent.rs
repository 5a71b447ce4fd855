//! A provider agent whose messages a test writes: a websocket connection and a provider's keys.

use crate::localnet::{Net, WAIT_TIMEOUT};
use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use millrace_client::{Pubkey, pda};
use millrace_protocol::agent::{
    FromAgent, PROTOCOL_VERSION, Task, ToAgent, agent_challenge, decode, encode,
};
use millrace_protocol::commitment::{Reveal, SeatContext};
use millrace_protocol::hash::Digest;
use solana_sdk::signature::{Keypair, Signer};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The provider and the key that an agent claims to be.
pub struct Identity {
    /// The Provider account.
    pub provider: Pubkey,
    pub operator: Keypair,
}

impl Identity {
    /// The genuine identity of a provider.
    pub fn of(net: &Net, index: usize) -> Result<Self> {
        Ok(Self {
            provider: net.local.provider(index).context("no such provider")?,
            operator: net.local.keys.providers[index]
                .operator
                .keypair
                .insecure_clone(),
        })
    }

    /// The signed answer to the orchestrator's challenge.
    pub fn hello(&self, network_id: &Digest, nonce: &[u8; 32]) -> FromAgent {
        let provider = self.provider.to_bytes();
        let statement = agent_challenge(network_id, nonce, &provider);
        FromAgent::Hello {
            protocol: PROTOCOL_VERSION,
            provider: provider.into(),
            operator: self.operator.pubkey().to_bytes().into(),
            signature: self.operator.sign_message(&statement).into(),
            capacity: 4,
            version: "scripted".to_owned(),
        }
    }

    /// A signed commitment for a task's seat.
    pub fn committed(&self, task: &Task, reveal: &Reveal) -> FromAgent {
        let seat = SeatContext {
            network_id: &task.network_id,
            program: pda::PROGRAM.as_array(),
            job: &task.job.0,
            shard: task.shard,
            attempt: task.attempt,
            provider: self.provider.as_array(),
        };
        let commitment = seat.commitment(reveal);
        let statement = seat.statement(&commitment);
        FromAgent::Committed {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
            seat: task.seat,
            commitment,
            signature: self.operator.sign_message(&statement).into(),
        }
    }
}

pub struct ScriptedAgent {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The nonce of the orchestrator's challenge.
    pub nonce: [u8; 32],
    /// The network id in the challenge.
    pub network_id: Digest,
}

impl ScriptedAgent {
    /// Connects and receives the challenge; sends nothing.
    pub async fn connect(net: &Net) -> Result<Self> {
        let url = net.local.orchestrator_url.replacen("http", "ws", 1);
        let (socket, _) = connect_async(format!("{url}/v1/agents")).await?;
        let mut this = Self {
            socket,
            nonce: [0; 32],
            network_id: [0; 32],
        };
        match this.receive().await? {
            Some(ToAgent::Challenge {
                nonce, network_id, ..
            }) => (this.nonce, this.network_id) = (nonce, network_id),
            other => bail!("expected a challenge, received {other:?}"),
        }
        Ok(this)
    }

    /// Connects, answers the challenge and receives the welcome.
    pub async fn connect_as(net: &Net, identity: &Identity) -> Result<Self> {
        let mut this = Self::connect(net).await?;
        let hello = identity.hello(&this.network_id, &this.nonce);
        this.send(&hello).await?;
        match this.receive().await? {
            Some(ToAgent::Welcome { .. }) => Ok(this),
            other => bail!("expected a welcome, received {other:?}"),
        }
    }

    pub async fn send(&mut self, message: &FromAgent) -> Result<()> {
        self.send_frame(Message::text(encode(message)?)).await
    }

    pub async fn send_frame(&mut self, frame: Message) -> Result<()> {
        let sent = timeout(WAIT_TIMEOUT, self.socket.send(frame));
        Ok(sent.await.context("the orchestrator does not read")??)
    }

    /// Sends a message that the orchestrator must refuse, and returns its reason.
    pub async fn send_refused(&mut self, message: &FromAgent) -> Result<String> {
        self.send(message).await?;
        match self.receive().await? {
            Some(ToAgent::Refused { reason }) => Ok(reason),
            other => bail!("expected a refusal, received {other:?}"),
        }
    }

    /// The next message, or `None` if the connection is closed.
    pub async fn receive(&mut self) -> Result<Option<ToAgent>> {
        loop {
            let frame = timeout(WAIT_TIMEOUT, self.socket.next());
            match frame.await.context("the orchestrator sends nothing")? {
                Some(Ok(Message::Text(text))) => return Ok(Some(decode(&text)?)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits until the orchestrator closes the connection; ignores messages before that.
    pub async fn wait_closed(&mut self) -> Result<()> {
        while self.receive().await?.is_some() {}
        Ok(())
    }

    /// Waits for a message that `pick` accepts. Other messages are ignored, except that pings are
    /// answered.
    pub async fn wait_for<T>(&mut self, mut pick: impl FnMut(ToAgent) -> Option<T>) -> Result<T> {
        let start = Instant::now();
        while start.elapsed() < WAIT_TIMEOUT {
            match self.receive().await? {
                None => bail!("the connection is closed"),
                Some(ToAgent::Ping { n }) => self.send(&FromAgent::Pong { n }).await?,
                Some(message) => {
                    if let Some(picked) = pick(message) {
                        return Ok(picked);
                    }
                }
            }
        }
        bail!("no such message arrived within {WAIT_TIMEOUT:?}")
    }

    /// Waits for the answer to a ping, so everything sent before it has been processed.
    pub async fn sync(&mut self) -> Result<()> {
        self.send_frame(Message::Ping(vec![7].into())).await?;
        loop {
            let frame = timeout(WAIT_TIMEOUT, self.socket.next());
            match frame.await.context("no answer to a ping")? {
                Some(Ok(Message::Pong(_))) => return Ok(()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => bail!("the connection is closed"),
                Some(Ok(_)) => {}
            }
        }
    }
}
