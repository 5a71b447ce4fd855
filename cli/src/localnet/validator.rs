//! The embedded validator: a chain in this process, behind the usual RPC and websocket.
//!
//! It is started from its parts rather than by its own kit, which can choose neither ports nor
//! whether each transaction is profiled, and which leaves its events to pile up until it stands still.

use crossbeam_channel::{Receiver, Sender, unbounded};
use millrace_client::Pubkey;
use millrace_client::pda::SYSTEM_PROGRAM;
use solana_sdk::pubkey;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::time::Duration;
use surfpool_core::runloops::start_local_surfnet_runloop;
use surfpool_core::solana_account::Account;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;
use surfpool_core::surfnet::svm::{SurfnetSvm, SurfnetSvmConfig};
use surfpool_types::{
    BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
};
use thiserror::Error;
use tokio::sync::{oneshot, watch};

const LOADER: Pubkey = pubkey!("BPFLoader2111111111111111111111111111111111");
/// Lamports of the program's account: far above its rent.
const PROGRAM_LAMPORTS: u64 = 100_000_000_000;
const HOST: &str = "127.0.0.1";
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Threads of the validator's own loop; its servers bring theirs.
const THREADS: usize = 2;

/// What a chain is born with.
pub struct Genesis<'a> {
    /// The on-chain program's file; `None` for a chain that it is yet to be deployed on.
    pub program: Option<&'a [u8]>,
    /// Lamports by wallet.
    pub funds: &'a [(Pubkey, u64)],
}

/// Why there is no validator.
#[derive(Debug, Error)]
pub enum ValidatorError {
    /// A port is taken.
    #[error(
        "port {port} is in use, and the {what} needs it; end what uses it, or choose another with {flag}"
    )]
    PortInUse {
        /// The port.
        port: u16,
        /// Who needs it.
        what: &'static str,
        /// How to choose another.
        flag: &'static str,
    },
    /// Something else.
    #[error("the embedded validator did not start: {0}")]
    Start(String),
}

/// A running validator. Dropping it ends it, without waiting for the end.
pub struct Validator {
    /// HTTP address of its RPC.
    pub rpc_url: String,
    /// Websocket address of its RPC.
    pub ws_url: String,
    commands: Sender<SimnetCommand>,
    ended: watch::Receiver<bool>,
}

impl Validator {
    /// Starts a validator with slots of `slot_ms` milliseconds; RPC on `port` and its websocket on the
    /// next one, or on free ones.
    pub async fn start(
        genesis: Genesis<'_>,
        slot_ms: u64,
        port: Option<u16>,
    ) -> Result<Self, ValidatorError> {
        let (rpc_port, ws_port) = ports(port)?;
        let config = config(slot_ms, rpc_port, ws_port);
        let (svm, events, geyser) = chain(&config, &genesis)?;
        let (commands, orders) = unbounded();
        let (ready, started) = oneshot::channel();
        let (over, ended) = watch::channel(false);
        let validator = Self {
            rpc_url: format!("http://{HOST}:{rpc_port}"),
            ws_url: format!("ws://{HOST}:{ws_port}"),
            commands: commands.clone(),
            ended,
        };
        let (failed, failure) = oneshot::channel();
        spawn("validator-events", move || listen(&events, ready, &over))?;
        spawn("validator", move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .enable_all()
                .build();
            let result = match runtime {
                Ok(runtime) => {
                    let locker = SurfnetSvmLocker::new(svm);
                    let run = start_local_surfnet_runloop(locker, config, commands, orders, geyser);
                    runtime.block_on(run).map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = result {
                tracing::error!(error, "the embedded validator ended");
                // Nobody listens any more once it has started.
                let _ = failed.send(error);
            }
        })?;
        let start = async {
            tokio::select! {
                Ok(result) = started => result,
                Ok(error) = failure => Err(error),
                else => Err("it ended at once".to_owned()),
            }
        };
        let late = || format!("it was not ready within {} s", START_TIMEOUT.as_secs());
        let result = tokio::time::timeout(START_TIMEOUT, start).await;
        result
            .unwrap_or_else(|_| Err(late()))
            .map_err(ValidatorError::Start)?;
        Ok(validator)
    }

    /// Ends it and waits until its ports are free, at most some seconds.
    pub async fn stop(mut self) {
        // A loop that has ended already takes no command, and needs none.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
        let over = self.ended.wait_for(|over| *over);
        if tokio::time::timeout(STOP_TIMEOUT, over).await.is_err() {
            tracing::warn!("the embedded validator takes its time to end");
        }
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        // A second one does no harm.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), ValidatorError> {
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work);
    thread
        .map(drop)
        .map_err(|error| ValidatorError::Start(error.to_string()))
}

/// Takes every event, because the validator stands still once they pile up.
fn listen(
    events: &Receiver<SimnetEvent>,
    ready: oneshot::Sender<Result<(), String>>,
    over: &watch::Sender<bool>,
) {
    /// The RPC server and its websocket each say so.
    const SHUTDOWNS: u32 = 2;
    let (mut ready, mut shutdowns) = (Some(ready), 0);
    let mut tell = |result| {
        if let Some(ready) = ready.take() {
            // The one who waited may have lost patience.
            let _ = ready.send(result);
        }
    };
    for event in events {
        match event {
            SimnetEvent::CoreStarted(_) => tell(Ok(())),
            SimnetEvent::Aborted(reason) => tell(Err(reason)),
            SimnetEvent::Shutdown => {
                shutdowns += 1;
                if shutdowns == SHUTDOWNS {
                    over.send_replace(true);
                }
            }
            SimnetEvent::ErrorLog(_, reason) => tracing::warn!(reason, "embedded validator"),
            SimnetEvent::WarnLog(_, reason) => tracing::debug!(reason, "embedded validator"),
            _ => {}
        }
    }
    over.send_replace(true);
}

type Parts = (
    SurfnetSvm,
    Receiver<SimnetEvent>,
    Receiver<surfpool_core::surfnet::GeyserEvent>,
);

fn chain(config: &SurfpoolConfig, genesis: &Genesis<'_>) -> Result<Parts, ValidatorError> {
    let fail =
        |error: surfpool_core::error::SurfpoolError| ValidatorError::Start(error.to_string());
    let simnet = config.simnets.first().cloned().unwrap_or_default();
    let (mut svm, events, geyser) = SurfnetSvm::new(SurfnetSvmConfig {
        slot_time: simnet.slot_time,
        instruction_profiling_enabled: false,
        ..SurfnetSvmConfig::default()
    })
    .map_err(fail)?;
    let program = genesis.program.map(|bytes| {
        let account = Account {
            lamports: PROGRAM_LAMPORTS,
            data: bytes.to_vec(),
            owner: LOADER.to_bytes().into(),
            executable: true,
            rent_epoch: u64::MAX,
        };
        (millrace_client::pda::PROGRAM, account)
    });
    let wallets = genesis.funds.iter().map(|(wallet, lamports)| {
        let account = Account {
            lamports: *lamports,
            owner: SYSTEM_PROGRAM.to_bytes().into(),
            ..Account::default()
        };
        (*wallet, account)
    });
    for (address, account) in wallets.chain(program) {
        svm.set_account(&address.to_bytes().into(), account)
            .map_err(fail)?;
    }
    Ok((svm, events, geyser))
}

fn config(slot_ms: u64, rpc_port: u16, ws_port: u16) -> SurfpoolConfig {
    SurfpoolConfig {
        simnets: vec![SimnetConfig {
            offline_mode: true,
            remote_rpc_url: None,
            slot_time: slot_ms,
            block_production_mode: BlockProductionMode::Clock,
            instruction_profiling_enabled: false,
            ..SimnetConfig::default()
        }],
        rpc: RpcConfig {
            bind_host: HOST.to_owned(),
            bind_port: rpc_port,
            ws_port,
            ..RpcConfig::default()
        },
        ..SurfpoolConfig::default()
    }
}

/// Both ports, free at this moment.
fn ports(port: Option<u16>) -> Result<(u16, u16), ValidatorError> {
    let Some(port) = port else {
        // Held together, so that they differ.
        let (first, second) = (free()?, free()?);
        let number = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let numbers = number(&first).and_then(|a| Ok((a, number(&second)?)));
        return numbers.map_err(|error| ValidatorError::Start(error.to_string()));
    };
    let next = port.checked_add(1).ok_or_else(|| {
        ValidatorError::Start(format!("port {port} has none above it for the websocket"))
    })?;
    require_free(port, "validator's RPC", "--port")?;
    require_free(next, "validator's websocket, one above its RPC,", "--port")?;
    Ok((port, next))
}

fn free() -> Result<TcpListener, ValidatorError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(|error| ValidatorError::Start(format!("no port is free: {error}")))
}

/// # Errors
/// [`ValidatorError::PortInUse`].
pub fn require_free(
    port: u16,
    what: &'static str,
    flag: &'static str,
) -> Result<(), ValidatorError> {
    match TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(_) => Err(ValidatorError::PortInUse { port, what, flag }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_flag() {
        let taken = free().unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = ports(Some(port)).unwrap_err();
        assert!(matches!(error, ValidatorError::PortInUse { port: p, .. } if p == port));
        assert!(error.to_string().contains("--port"));
        drop(taken);
        assert_eq!(ports(None).map(|(a, b)| a != b).ok(), Some(true));
    }
}
