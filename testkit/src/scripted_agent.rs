//! An agent that says whatever it is told to: a websocket, and the keys of a provider.

use crate::localnet::{Net, PATIENCE};
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

/// Who an agent says that it is.
pub struct Identity {
    /// The provider's account.
    pub provider: Pubkey,
    /// The key that signs.
    pub operator: Keypair,
}

impl Identity {
    /// The true one of a provider.
    pub fn of(net: &Net, index: usize) -> Result<Self> {
        Ok(Self {
            provider: net.local.provider(index).context("no such provider")?,
            operator: net.local.keys.providers[index]
                .operator
                .keypair
                .insecure_clone(),
        })
    }

    /// The answer to a challenge.
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

/// A connection to the orchestrator.
pub struct RawAgent {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The challenge's nonce.
    pub nonce: [u8; 32],
    /// The network that it is about.
    pub network_id: Digest,
}

impl RawAgent {
    /// Connects, and says nothing yet.
    pub async fn connect(net: &Net) -> Result<Self> {
        let url = net.local.orchestrator_url.replacen("http", "ws", 1);
        let (socket, _) = connect_async(format!("{url}/v1/agents")).await?;
        let mut this = Self {
            socket,
            nonce: [0; 32],
            network_id: [0; 32],
        };
        match this.hears().await? {
            Some(ToAgent::Challenge {
                nonce, network_id, ..
            }) => (this.nonce, this.network_id) = (nonce, network_id),
            other => bail!("no challenge but {other:?}"),
        }
        Ok(this)
    }

    /// Connects and is let in.
    pub async fn enter(net: &Net, identity: &Identity) -> Result<Self> {
        let mut this = Self::connect(net).await?;
        let hello = identity.hello(&this.network_id, &this.nonce);
        this.say(&hello).await?;
        match this.hears().await? {
            Some(ToAgent::Welcome { .. }) => Ok(this),
            other => bail!("not let in: {other:?}"),
        }
    }

    /// Says something.
    pub async fn say(&mut self, message: &FromAgent) -> Result<()> {
        self.say_frame(Message::text(encode(message)?)).await
    }

    /// Sends any frame.
    pub async fn say_frame(&mut self, frame: Message) -> Result<()> {
        let sent = timeout(PATIENCE, self.socket.send(frame));
        Ok(sent.await.context("nobody reads")??)
    }

    /// Says something and hears the reason why it is refused.
    pub async fn is_refused(&mut self, message: &FromAgent) -> Result<String> {
        self.say(message).await?;
        match self.hears().await? {
            Some(ToAgent::Refused { reason }) => Ok(reason),
            other => bail!("not refused: {other:?}"),
        }
    }

    /// The next message; `None` where the connection is over.
    pub async fn hears(&mut self) -> Result<Option<ToAgent>> {
        loop {
            let frame = timeout(PATIENCE, self.socket.next());
            match frame.await.context("nothing is said")? {
                Some(Ok(Message::Text(text))) => return Ok(Some(decode(&text)?)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits until the orchestrator ends the connection, whatever it still says.
    pub async fn is_cut(&mut self) -> Result<()> {
        while self.hears().await?.is_some() {}
        Ok(())
    }

    /// Waits for a message that `pick` takes; what else is said in the meantime is passed over, but
    /// pings are answered.
    pub async fn waits<T>(&mut self, mut pick: impl FnMut(ToAgent) -> Option<T>) -> Result<T> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.hears().await? {
                None => bail!("the connection is over"),
                Some(ToAgent::Ping { n }) => self.say(&FromAgent::Pong { n }).await?,
                Some(message) => {
                    if let Some(picked) = pick(message) {
                        return Ok(picked);
                    }
                }
            }
        }
        bail!("it was not said within {PATIENCE:?}")
    }

    /// Waits until this connection answers a ping, so that all that was said before has been heard.
    pub async fn is_heard(&mut self) -> Result<()> {
        self.say_frame(Message::Ping(vec![7].into())).await?;
        loop {
            let frame = timeout(PATIENCE, self.socket.next());
            match frame.await.context("no answer to a ping")? {
                Some(Ok(Message::Pong(_))) => return Ok(()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => bail!("the connection is over"),
                Some(Ok(_)) => {}
            }
        }
    }
}
