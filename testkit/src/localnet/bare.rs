//! A chain without the program, and the command line on it.

use crate::localnet::agave::{AgaveValidator, program_file};
use crate::localnet::{SLOT_MS, ValidatorKind};
use anyhow::{Context, Result, ensure};
use millrace_cli::localnet::validator::{Genesis, Validator};
use millrace_cli::tokens::funding::airdrop;
use millrace_client::rpc::client::Rpc;
use millrace_client::wallet::write_keypair;
use serde_json::Value;
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The key file of the program's address.
pub const PROGRAM_KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../programs/millrace/development-key.json"
);

/// A running chain, on the validator that the environment selects.
pub struct BareChain {
    pub rpc_url: String,
    pub ws_url: String,
    /// A temporary folder for the files of a test.
    pub folder: TempDir,
    _validator: Box<dyn Send>,
}

/// A wallet with its key file.
pub struct Wallet {
    pub keypair: Keypair,
    pub file: PathBuf,
}

impl BareChain {
    pub async fn start() -> Result<Self> {
        let (rpc_url, ws_url, validator): (_, _, Box<dyn Send>) = match ValidatorKind::from_env()? {
            ValidatorKind::Embedded => {
                let genesis = Genesis {
                    program: None,
                    funds: &[],
                };
                let validator = Validator::start(genesis, SLOT_MS, None).await?;
                let urls = (validator.rpc_url.clone(), validator.ws_url.clone());
                (urls.0, urls.1, Box::new(validator))
            }
            ValidatorKind::Agave(ticks) => {
                let agave = AgaveValidator::without_program(ticks).await?;
                (agave.rpc_url.clone(), agave.ws_url.clone(), Box::new(agave))
            }
        };
        Ok(Self {
            rpc_url,
            ws_url,
            folder: tempfile::Builder::new()
                .prefix("millrace-bare-")
                .tempdir()?,
            _validator: validator,
        })
    }

    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.rpc_url, &self.ws_url)
    }

    /// Creates a wallet with this many lamports.
    pub async fn wallet(&self, name: &str, lamports: u64) -> Result<Wallet> {
        let keypair = Keypair::new();
        let file = self.folder.path().join(format!("{name}.json"));
        write_keypair(&file, &keypair)?;
        if lamports > 0 {
            airdrop(&self.rpc(), &keypair.pubkey(), lamports).await?;
        }
        Ok(Wallet { keypair, file })
    }

    /// A `millrace --json` process with the wallet's key.
    pub fn command(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Command> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run the tests with `make test`")?;
        let mut command = Command::new(binary);
        command
            .args(["--json", "--url", &self.rpc_url, "--ws-url", &self.ws_url])
            .arg("--keypair")
            .arg(&wallet.file)
            .args(arguments)
            .env("MILLRACE_PROGRAM_SO", program_file()?)
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Runs the command line to its end without blocking the test.
    pub async fn run(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(wallet, arguments)?;
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Runs a command that has to succeed, and returns its data.
    pub async fn succeed(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Value> {
        let output = self.run(wallet, arguments).await?;
        ensure!(
            output.status.success(),
            "{arguments:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("the output is not JSON")
    }

    /// Runs a command that has to fail with exit code 1, and returns its stderr.
    pub async fn refused(&self, wallet: &Wallet, arguments: &[&str]) -> Result<String> {
        let output = self.run(wallet, arguments).await?;
        ensure!(
            output.status.code() == Some(1),
            "{arguments:?} ended with {}",
            output.status
        );
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Writes a file with these bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Polls `condition` until it is true; see [`wait_until`](crate::wait_until).
    pub async fn wait_until<F>(&self, what: &str, condition: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        crate::wait_until(what, condition).await
    }
}

/// A path as a command line argument.
pub fn path_str(path: &Path) -> &str {
    path.to_str().unwrap()
}
