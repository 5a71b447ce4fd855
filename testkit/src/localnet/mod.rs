//! Whole networks for tests. `MILLRACE_VALIDATOR` selects the validator: `embedded` (the default) or
//! `agave`. The tests are the same on both.

pub mod agave;
pub mod balances;
pub mod bare;

use crate::jobs::JobFiles;
use crate::localnet::agave::{AgaveValidator, program_file};
use anyhow::{Context, Result, bail};
use millrace_cli::api::{Api, JobPhase, JobView};
use millrace_cli::job::{result, submit};
use millrace_cli::localnet::Localnet;
use millrace_cli::localnet::options::{ChainOptions, Options};
use millrace_client::program::state::{Client, Provider};
use millrace_client::rpc::client::Rpc;
use millrace_client::{Pubkey, pda};
use solana_sdk::signature::{Keypair, Signer};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Length of a slot of the embedded validator, milliseconds.
pub const SLOT_MS: u64 = 100;
/// Ticks of an Agave slot in tests, which makes slots of 50 ms.
const FAST_TICKS: u32 = 8;
/// How long tests wait for a condition.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(150);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidatorKind {
    /// In this process.
    Embedded,
    /// A child process, with this many ticks in each slot; `None` is the default.
    Agave(Option<u32>),
}

impl ValidatorKind {
    pub fn from_env() -> Result<Self> {
        match std::env::var("MILLRACE_VALIDATOR").as_deref() {
            Err(_) | Ok("embedded") => Ok(Self::Embedded),
            Ok("agave") => Ok(Self::Agave(Some(FAST_TICKS))),
            Ok(other) => bail!("MILLRACE_VALIDATOR is {other}: set it to embedded or agave"),
        }
    }
}

/// A running network.
pub struct Net {
    pub local: Localnet,
    agave: Option<AgaveValidator>,
}

impl Net {
    /// Starts a network on the validator that the environment selects.
    pub async fn start(configure: impl FnOnce(&mut Options)) -> Result<Self> {
        Self::start_on(ValidatorKind::from_env()?, configure).await
    }

    pub async fn start_on(
        kind: ValidatorKind,
        configure: impl FnOnce(&mut Options),
    ) -> Result<Self> {
        let mut options = Options::embedded()?;
        options.program = Some(program_file()?);
        options.close_after = Duration::from_secs(3_600);
        let agave = match kind {
            ValidatorKind::Embedded => {
                options.chain = ChainOptions::Embedded {
                    slot_ms: SLOT_MS,
                    port: None,
                };
                None
            }
            ValidatorKind::Agave(ticks) => {
                // Only the upgrade authority may initialize the program's network.
                let deployer = Keypair::new();
                let agave = AgaveValidator::start(ticks, &deployer.pubkey()).await?;
                options.deployer = Some(deployer);
                options.chain = ChainOptions::External {
                    rpc_url: agave.rpc_url.clone(),
                    ws_url: agave.ws_url.clone(),
                };
                Some(agave)
            }
        };
        configure(&mut options);
        let local = Localnet::start(options).await?;
        Ok(Self { local, agave })
    }

    /// Starts a network on a running chain to which `deployer` has deployed the program.
    pub async fn start_at(rpc_url: &str, ws_url: &str, deployer: Keypair) -> Result<Self> {
        let mut options = Options::embedded()?;
        options.deployer = Some(deployer);
        options.chain = ChainOptions::External {
            rpc_url: rpc_url.to_owned(),
            ws_url: ws_url.to_owned(),
        };
        let local = Localnet::start(options).await?;
        Ok(Self { local, agave: None })
    }

    /// The validator's process id, unless it runs in this process.
    pub fn validator_process(&self) -> Option<u32> {
        self.agave.as_ref().map(AgaveValidator::process_id)
    }

    pub async fn stop(self) {
        self.local.stop().await;
    }

    pub fn rpc(&self) -> Rpc {
        self.local.rpc()
    }

    pub fn api(&self) -> Result<Api> {
        Ok(self.local.api()?)
    }

    /// The client's wallet.
    pub fn wallet(&self) -> &Keypair {
        &self.local.keys.client.keypair
    }

    /// A silent `millrace` process on this network, without arguments so far.
    pub fn command(&self) -> Result<Command> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run the tests with `make test`")?;
        let mut command = Command::new(binary);
        command.arg("--network").arg(&self.local.file_path);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }

    /// Runs `millrace --json` and returns its exit code, its data and its stderr.
    pub async fn run_json(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<(Option<i32>, serde_json::Value, String)> {
        let mut command = self.command()?;
        command.arg("--json").args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let data = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok((output.status.code(), data, stderr))
    }

    /// Checks and posts a job like `millrace job submit`.
    pub async fn post(&self, files: &JobFiles) -> Result<Pubkey> {
        self.post_file(&files.path()).await
    }

    pub async fn post_file(&self, manifest: &Path) -> Result<Pubkey> {
        let connection = self.local.connection().await?;
        let api = self.api()?;
        let wallet = self.local.keys.client.pubkey();
        let resolved = submit::load(manifest, &api).await?;
        let prepared = submit::prepare(&connection, &api, wallet, resolved).await?;
        let posted = submit::post(&prepared, &api, &self.local.sender(), self.wallet()).await?;
        Ok(posted.job)
    }

    /// Waits until the job's view meets the condition.
    pub async fn wait_for(
        &self,
        job: &Pubkey,
        what: &str,
        condition: impl Fn(&JobView) -> bool,
    ) -> Result<JobView> {
        let (api, start) = (self.api()?, Instant::now());
        let mut last = None;
        while start.elapsed() < WAIT_TIMEOUT {
            last = api.job(job).await.ok().flatten().or(last);
            if let Some(view) = last.as_ref().filter(|view| condition(view)) {
                return Ok(view.clone());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{what} did not happen within {WAIT_TIMEOUT:?}; the job: {last:#?}")
    }

    /// Waits until every shard is settled, failed or cancelled.
    pub async fn wait_finished(&self, job: &Pubkey) -> Result<JobView> {
        self.wait_for(job, "the end of the job", JobView::is_over)
            .await
    }

    /// Waits until the job is closed on chain.
    pub async fn wait_closed(&self, job: &Pubkey) -> Result<JobView> {
        self.wait_for(job, "closing the job", |view| {
            view.state == JobPhase::Closed
        })
        .await
    }

    /// The verified and joined result.
    pub async fn result(&self, job: &Pubkey) -> Result<Vec<u8>> {
        let (rpc, api) = (self.rpc(), self.api()?);
        let fetched = result::fetch(&rpc, &api, job).await?;
        Ok(result::join(&api, job, fetched).await?)
    }

    /// A Provider account.
    pub async fn provider(&self, index: usize) -> Result<Provider> {
        let key = self.local.provider(index).context("no such provider")?;
        Ok(self.rpc().get(&key).await?)
    }

    /// Payment tokens in the client's wallet, base units.
    pub async fn client_tokens(&self) -> Result<u64> {
        let wallet = self.local.keys.client.pubkey();
        let account = pda::token_account(&wallet, &self.local.mints.payment);
        Ok(self.rpc().token_balance(&account).await?.unwrap_or(0))
    }

    pub async fn client_lamports(&self) -> Result<u64> {
        Ok(self
            .rpc()
            .lamports(&self.local.keys.client.pubkey())
            .await?)
    }

    /// The balance of the client's escrow vault, and the total that its account records as held.
    pub async fn escrow(&self) -> Result<(u64, u64)> {
        let client = pda::client(&self.local.keys.client.pubkey());
        let vault = self
            .rpc()
            .token_balance(&pda::escrow(&client))
            .await?
            .unwrap_or(0);
        let client: Client = self.rpc().get(&client).await?;
        Ok((vault, client.held))
    }

    /// Polls `condition` until it is true; see [`wait_until`](crate::wait_until).
    pub async fn wait_until<F>(&self, what: &str, condition: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        crate::wait_until(what, condition).await
    }
}
