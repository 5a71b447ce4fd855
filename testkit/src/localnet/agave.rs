//! The Agave validator as a child process, on free ports of 127.0.0.1.

use anyhow::{Context, Result, ensure};
use millrace_client::Pubkey;
use millrace_client::pda::PROGRAM;
use millrace_client::rpc::client::Rpc;
use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(90);
/// Consecutive ports that the validator may use.
const PORTS: u16 = 40;
/// The range in which free ports are searched.
const PORT_RANGE: Range<u16> = 12_000..32_000;

/// A running validator. Dropping it ends the process and removes its ledger.
pub struct AgaveValidator {
    pub rpc_url: String,
    pub ws_url: String,
    process: Child,
    _ledger: TempDir,
    _ports: File,
}

impl AgaveValidator {
    /// Starts a validator with the program loaded and upgradeable by `authority`, and waits until it
    /// produces blocks.
    ///
    /// `ticks_per_slot`: 8 gives slots of 50 ms; `None` gives the default of 400 ms.
    pub async fn start(ticks_per_slot: Option<u32>, authority: &Pubkey) -> Result<Self> {
        Self::launch(ticks_per_slot, Some((program_file()?, *authority))).await
    }

    /// Starts a validator without the program.
    pub async fn without_program(ticks_per_slot: Option<u32>) -> Result<Self> {
        Self::launch(ticks_per_slot, None).await
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    async fn launch(
        ticks_per_slot: Option<u32>,
        program: Option<(PathBuf, Pubkey)>,
    ) -> Result<Self> {
        let binary = std::env::var("MILLRACE_AGAVE_BIN")
            .context("MILLRACE_AGAVE_BIN is not set: run this by `make test-agave`")?;
        let ledger = tempfile::Builder::new()
            .prefix("millrace-ledger-")
            .tempdir()?;
        let (first, ports) = free_range(PORTS)?;
        let mut command = Command::new(&binary);
        command
            .args(["--reset", "--quiet", "--bind-address", "127.0.0.1"])
            .arg("--ledger")
            .arg(ledger.path())
            .args(["--rpc-port", &first.to_string()])
            .args(["--faucet-port", &(first + 2).to_string()])
            .args(["--gossip-port", &(first + 3).to_string()])
            .args([
                "--dynamic-port-range",
                &format!("{}-{}", first + 4, first + PORTS),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((file, authority)) = program {
            command
                .args(["--upgradeable-program", &PROGRAM.to_string()])
                .arg(file)
                .arg(authority.to_string());
        }
        if let Some(ticks) = ticks_per_slot {
            command.args(["--ticks-per-slot", &ticks.to_string()]);
        }
        let process = command
            .spawn()
            .with_context(|| format!("starting {binary}"))?;
        let validator = Self {
            rpc_url: format!("http://127.0.0.1:{first}"),
            ws_url: format!("ws://127.0.0.1:{}", first + 1),
            process,
            _ledger: ledger,
            _ports: ports,
        };
        let rpc = Rpc::new(&validator.rpc_url, &validator.ws_url);
        rpc.wait_until_healthy(START_TIMEOUT).await?;
        // Programs in the genesis can be called from the second slot on.
        let start = std::time::Instant::now();
        while rpc.time().await.map_or(0, |time| time.slot) < 3 {
            ensure!(
                start.elapsed() < START_TIMEOUT,
                "the validator produces no blocks"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(validator)
    }
}

impl Drop for AgaveValidator {
    fn drop(&mut self) {
        // The validator may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The file of the built program.
pub fn program_file() -> Result<PathBuf> {
    let path = std::env::var_os("MILLRACE_PROGRAM_SO")
        .map(PathBuf::from)
        .context("MILLRACE_PROGRAM_SO is not set: run this by `make test`")?;
    ensure!(
        path.exists(),
        "{} is missing: run `make program`",
        path.display()
    );
    Ok(path)
}

/// Ports that no other process uses, below the ephemeral ports, of which some tests open thousands. A lock
/// on a file reserves the ports until the validator has ended.
fn free_range(count: u16) -> Result<(u16, File)> {
    for first in PORT_RANGE.step_by(usize::from(count) + 1) {
        let lock = std::env::temp_dir().join(format!("millrace-ports-{first}.lock"));
        let lock = File::create(&lock).with_context(|| format!("creating {}", lock.display()))?;
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if lock.try_lock().is_ok() && (first..=first + count).all(is_free) {
            return Ok((first, lock));
        }
    }
    anyhow::bail!(
        "no {count} ports in a row are free from {}",
        PORT_RANGE.start
    )
}
