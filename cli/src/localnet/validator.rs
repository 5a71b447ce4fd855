//! The embedded validator: a chain in this process with the usual RPC and websocket.
//!
//! It does not use surfpool's SDK, which cannot choose ports or disable profiling, and which does not
//! drain the validator's events, so that the validator blocks.

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
/// Far above the rent exemption of the program's account.
const PROGRAM_LAMPORTS: u64 = 100_000_000_000;
const HOST: &str = "127.0.0.1";
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Worker threads of the validator's main loop; its servers have their own.
const WORKER_THREADS: usize = 2;

pub struct Genesis<'a> {
    /// The compiled program; `None` for a chain without it.
    pub program: Option<&'a [u8]>,
    /// Lamports by wallet.
    pub funds: &'a [(Pubkey, u64)],
}

#[derive(Debug, Error)]
pub enum ValidatorError {
    #[error(
        "port {port} is in use, but the {what} needs it; stop the process that uses it, or choose another port with {flag}"
    )]
    PortInUse {
        port: u16,
        what: &'static str,
        flag: &'static str,
    },
    #[error("the embedded validator failed to start: {0}")]
    Start(String),
}

/// A running validator. Dropping it stops it without waiting.
pub struct Validator {
    pub rpc_url: String,
    pub ws_url: String,
    commands: Sender<SimnetCommand>,
    stopped: watch::Receiver<bool>,
}

impl Validator {
    /// Starts a validator with slots of `slot_ms` milliseconds, its RPC on `port` and its websocket on the
    /// next port, or on free ports.
    pub async fn start(
        genesis: Genesis<'_>,
        slot_ms: u64,
        port: Option<u16>,
    ) -> Result<Self, ValidatorError> {
        let (rpc_port, ws_port) = ports(port)?;
        let config = config(slot_ms, rpc_port, ws_port);
        let (svm, events, geyser) = chain(&config, &genesis)?;
        let (commands, receiver) = unbounded();
        let (ready, started) = oneshot::channel();
        let (stopped_tx, stopped) = watch::channel(false);
        let validator = Self {
            rpc_url: format!("http://{HOST}:{rpc_port}"),
            ws_url: format!("ws://{HOST}:{ws_port}"),
            commands: commands.clone(),
            stopped,
        };
        let (failed, failure) = oneshot::channel();
        spawn("validator-events", move || {
            drain_events(&events, ready, &stopped_tx)
        })?;
        spawn("validator", move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(WORKER_THREADS)
                .enable_all()
                .build();
            let result = match runtime {
                Ok(runtime) => {
                    let locker = SurfnetSvmLocker::new(svm);
                    let run =
                        start_local_surfnet_runloop(locker, config, commands, receiver, geyser);
                    runtime.block_on(run).map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = result {
                tracing::error!(error, "embedded validator stopped");
                // The receiver is gone once the validator has started.
                let _ = failed.send(error);
            }
        })?;
        let start = async {
            tokio::select! {
                Ok(result) = started => result,
                Ok(error) = failure => Err(error),
                else => Err("it stopped at once".to_owned()),
            }
        };
        let late = || format!("it was not ready within {} s", START_TIMEOUT.as_secs());
        let result = tokio::time::timeout(START_TIMEOUT, start).await;
        result
            .unwrap_or_else(|_| Err(late()))
            .map_err(ValidatorError::Start)?;
        Ok(validator)
    }

    /// Stops the validator and waits until its ports are free, up to [`STOP_TIMEOUT`].
    pub async fn stop(mut self) {
        // Fails if the loop has already stopped.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
        let stopped = self.stopped.wait_for(|stopped| *stopped);
        if tokio::time::timeout(STOP_TIMEOUT, stopped).await.is_err() {
            tracing::warn!("embedded validator is slow to stop");
        }
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        // A second command has no effect.
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

/// Drains the events, because the validator blocks if their channel is full.
fn drain_events(
    events: &Receiver<SimnetEvent>,
    ready: oneshot::Sender<Result<(), String>>,
    stopped: &watch::Sender<bool>,
) {
    /// The RPC server and its websocket each send one.
    const SHUTDOWNS: u32 = 2;
    let (mut ready, mut shutdowns) = (Some(ready), 0);
    let mut report = |result| {
        if let Some(ready) = ready.take() {
            // The caller may have timed out.
            let _ = ready.send(result);
        }
    };
    for event in events {
        match event {
            SimnetEvent::CoreStarted(_) => report(Ok(())),
            SimnetEvent::Aborted(reason) => report(Err(reason)),
            SimnetEvent::Shutdown => {
                shutdowns += 1;
                if shutdowns == SHUTDOWNS {
                    stopped.send_replace(true);
                }
            }
            SimnetEvent::ErrorLog(_, reason) => tracing::warn!(reason, "embedded validator"),
            SimnetEvent::WarnLog(_, reason) => tracing::debug!(reason, "embedded validator"),
            _ => {}
        }
    }
    stopped.send_replace(true);
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

/// The ports of RPC and websocket, which are free at this moment.
fn ports(port: Option<u16>) -> Result<(u16, u16), ValidatorError> {
    let Some(port) = port else {
        // Bound at the same time, so that they differ.
        let (first, second) = (free()?, free()?);
        let number = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let numbers = number(&first).and_then(|a| Ok((a, number(&second)?)));
        return numbers.map_err(|error| ValidatorError::Start(error.to_string()));
    };
    let next = port.checked_add(1).ok_or_else(|| {
        ValidatorError::Start(format!("port {port} has no next port for the websocket"))
    })?;
    require_free(port, "validator's RPC", "--port")?;
    require_free(next, "validator's websocket", "--port")?;
    Ok((port, next))
}

fn free() -> Result<TcpListener, ValidatorError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(|error| ValidatorError::Start(format!("no free port: {error}")))
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
    fn port_in_use_is_reported_with_its_flag() {
        let taken = free().unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = ports(Some(port)).unwrap_err();
        assert!(matches!(error, ValidatorError::PortInUse { port: p, .. } if p == port));
        assert!(error.to_string().contains("--port"));
        drop(taken);
        assert_eq!(ports(None).map(|(a, b)| a != b).ok(), Some(true));
    }
}
