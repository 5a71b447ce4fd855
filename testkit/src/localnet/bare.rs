//! A chain that has nothing of ours yet, and the command line on it.

use crate::localnet::agave::{Agave, program_file};
use crate::localnet::{Kind, SLOT_MS};
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

/// Key file of the program's address.
pub const PROGRAM_KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../programs/millrace/development-key.json"
);

/// A running chain, on the validator that the environment names.
pub struct Bare {
    /// HTTP address of its RPC.
    pub rpc_url: String,
    /// Websocket address of its RPC.
    pub ws_url: String,
    /// For files of a test.
    pub folder: TempDir,
    _validator: Box<dyn Send>,
}

/// A wallet with its key file.
pub struct Wallet {
    /// The key.
    pub keypair: Keypair,
    /// Its file.
    pub file: PathBuf,
}

impl Bare {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let (rpc_url, ws_url, validator): (_, _, Box<dyn Send>) = match Kind::of_environment()? {
            Kind::Embedded => {
                let genesis = Genesis {
                    program: None,
                    funds: &[],
                };
                let validator = Validator::start(genesis, SLOT_MS, None).await?;
                let urls = (validator.rpc_url.clone(), validator.ws_url.clone());
                (urls.0, urls.1, Box::new(validator))
            }
            Kind::Agave(ticks) => {
                let agave = Agave::bare(ticks).await?;
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

    /// The endpoint.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.rpc_url, &self.ws_url)
    }

    /// A new wallet with so many lamports.
    pub async fn wallet(&self, name: &str, lamports: u64) -> Result<Wallet> {
        let keypair = Keypair::new();
        let file = self.folder.path().join(format!("{name}.json"));
        write_keypair(&file, &keypair)?;
        if lamports > 0 {
            airdrop(&self.rpc(), &keypair.pubkey(), lamports).await?;
        }
        Ok(Wallet { keypair, file })
    }

    /// The command line with a wallet's key; it speaks JSON.
    pub fn command(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Command> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run this by `make test`")?;
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

    /// Runs the command line to its end, beside the test.
    pub async fn run(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(wallet, arguments)?;
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Runs a command that has to succeed, and returns what it says.
    pub async fn succeed(&self, wallet: &Wallet, arguments: &[&str]) -> Result<Value> {
        let output = self.run(wallet, arguments).await?;
        ensure!(
            output.status.success(),
            "{arguments:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("what it says is no JSON")
    }

    /// Runs a command that has to fail, and returns what it says of it.
    pub async fn refused(&self, wallet: &Wallet, arguments: &[&str]) -> Result<String> {
        let output = self.run(wallet, arguments).await?;
        ensure!(
            output.status.code() == Some(1),
            "{arguments:?} ended with {}",
            output.status
        );
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A file of these bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Waits until a condition on the chain holds.
    pub async fn until<F>(&self, what: &str, condition: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        crate::until(what, condition).await
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
