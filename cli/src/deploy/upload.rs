//! Writes a build into a buffer account, from which the program is deployed or upgraded.

use super::build::{Build, BuildArgs};
use super::costs::{DeployCosts, DeployRents, UploadPlan};
use super::error::DeployError;
use crate::config::Settings;
use crate::error::{CliError, Shortfall};
use crate::ui::confirm;
use crate::ui::output::{self, SOL_DECIMALS, key_values};
use crate::ui::progress::Progress;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::buffer::BufferAddress;
use millrace_client::deploy::image::differing_chunks;
use millrace_client::deploy::state::{Buffer, DeployedProgram};
use millrace_client::deploy::writer::{BufferWriter, WriteProgress};
use millrace_client::deploy::{instructions, state};
use millrace_client::pda::{self, PROGRAM};
use millrace_client::program::constants::DEVELOPMENT_ID;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use serde::Serialize;
use solana_sdk::signature::{Keypair, Signer};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLL_INTERVAL: Duration = Duration::from_millis(100);
const CHANGE_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Args, Clone, Debug)]
pub struct UploadArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// Maximum size of the program in bytes, which determines its rent [default: the build's size; upgrades extend the program if needed]
    #[arg(long, value_name = "BYTES")]
    pub max_len: Option<usize>,
    /// Maximum number of writes in flight; lower it if the endpoint limits requests
    #[arg(long, default_value_t = 32, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
    /// Priority fee of each write in micro-lamports per compute unit, for busy clusters
    #[arg(long, default_value_t = 0, value_name = "PRICE")]
    pub unit_price: u64,
    /// Skip the confirmation prompt
    #[arg(short, long)]
    pub yes: bool,
}

/// A planned upload and its costs.
pub struct Upload<'a> {
    pub args: &'a UploadArgs,
    pub sender: &'a Sender,
    pub wallet: &'a Keypair,
    pub build: &'a Build,
    pub address: BufferAddress,
    /// The buffer that an earlier run left.
    pub existing: Option<Buffer>,
    pub costs: DeployCosts,
    rents: DeployRents,
}

#[derive(Serialize)]
pub struct DeployReport {
    pub program: String,
    /// Account with the program's bytes.
    pub program_data: String,
    /// `deployed`, `upgraded`, `proposed`, or `nothing` if the build was already deployed.
    pub done: &'static str,
    /// The buffer; closed unless the upgrade was only proposed.
    pub buffer: String,
    /// Chunks that this run wrote.
    pub written: usize,
    /// Size of the build.
    pub bytes: usize,
    /// Maximum size of the program.
    pub max_len: usize,
    /// SHA-256 of the build's file, hex.
    pub sha256: String,
    /// SHA-256 without trailing zeros, hex, as `solana-verify` computes it.
    pub program_hash: String,
    /// Slot of the last change.
    pub slot: Option<u64>,
    pub upgrade_authority: Option<String>,
    /// Signature of the last transaction.
    pub signature: Option<String>,
}

impl<'a> Upload<'a> {
    /// Reads the existing buffer and computes the costs. `deployed` is the program to upgrade, if any;
    /// `room` is its maximum size afterwards.
    pub async fn plan(
        args: &'a UploadArgs,
        sender: &'a Sender,
        wallet: &'a Keypair,
        build: &'a Build,
        deployed: Option<&DeployedProgram>,
        room: usize,
    ) -> Result<Self, CliError> {
        let rpc = sender.rpc();
        let key = wallet.pubkey();
        let address = BufferAddress::of(&key, &PROGRAM, &build.file_hash);
        let existing = state::read_buffer(rpc, &address.address).await?;
        let rents = DeployRents::read(rpc, build.bytes.len(), room).await?;
        let bytes = existing.as_ref().map_or(&[][..], |buffer| &buffer.bytes);
        let plan = UploadPlan {
            chunks: differing_chunks(&build.bytes, bytes).len(),
            in_buffer: existing.as_ref().map(|buffer| buffer.lamports),
            in_data: deployed.map(|deployed| deployed.lamports),
            grows: deployed.is_some_and(|deployed| room > deployed.bytes.len()),
            unit_price: args.unit_price,
        };
        let costs = DeployCosts::of(plan, &rents);
        Ok(Self {
            args,
            sender,
            wallet,
            build,
            address,
            existing,
            costs,
            rents,
        })
    }

    /// Prints the costs, checks that the wallet can pay them, and asks for confirmation.
    ///
    /// # Errors
    /// [`CliError::TooLittleSol`], [`DeployError::ForeignBuffer`], [`CliError::NotConfirmed`].
    pub async fn confirm(&self, settings: &Settings, question: &str) -> Result<(), CliError> {
        let key = self.wallet.pubkey();
        if let Some(buffer) = &self.existing
            && buffer.authority != Some(key)
        {
            return Err(foreign_buffer(&self.address.address, buffer, key).into());
        }
        output::notice(&self.costs.table());
        let has = self.sender.rpc().lamports(&key).await?;
        let needed = self.costs.peak().saturating_add(self.rents.wallet);
        if let Some(shortfall) = Shortfall::of(key, has, needed, SOL_DECIMALS) {
            return Err(CliError::TooLittleSol(shortfall));
        }
        if PROGRAM == DEVELOPMENT_ID && !is_local(&settings.rpc_url) {
            output::notice(
                "warning: this build uses the development address, whose key is in the repository, so anyone can deploy there first; create your own key for a permanent network (docs/deploying.md)",
            );
        }
        if self.args.yes {
            Ok(())
        } else {
            confirm::ask_yes(question)
        }
    }

    /// Creates the buffer if it does not exist, and writes the chunks that differ. Returns their number.
    pub async fn run(&self) -> Result<usize, CliError> {
        let mut progress = Progress::new();
        if self.existing.is_none() {
            progress.update("creating the buffer");
            let key = self.wallet.pubkey();
            let length = self.build.bytes.len();
            let rent = self.rents.buffer;
            let create = instructions::create_buffer(&key, &self.address, length, rent);
            self.sender
                .send("create buffer", &create, &[self.wallet])
                .await?;
        } else {
            progress.update("continuing the upload of an earlier run");
        }
        let writer = BufferWriter {
            rpc: self.sender.rpc(),
            wallet: self.wallet,
            buffer: self.address.address,
            concurrency: usize::from(self.args.at_once),
            unit_price: self.args.unit_price,
        };
        let mut last = WriteProgress::default();
        let filled = writer.fill(&self.build.bytes, |written| {
            // Without a terminal each update is a line: report every tenth only.
            let (landed, wanted) = (written.landed, written.total);
            let tenth = landed * 10 / wanted.max(1);
            if tenth > last.landed * 10 / wanted.max(1) || landed == 0 {
                progress.update(&format!("writing the program: {landed} of {wanted} chunks"));
            }
            last = written;
        });
        match filled.await {
            Ok(written) => Ok(written.landed),
            Err(source) => Err(DeployError::Interrupted {
                landed: last.landed,
                wanted: last.total,
                buffer: self.address.address,
                lamports: self.costs.buffer_returns,
                source: Box::new(source),
            }
            .into()),
        }
    }

    pub fn report(
        &self,
        done: &'static str,
        written: usize,
        deployed: &DeployedProgram,
        signature: Option<String>,
    ) -> DeployReport {
        DeployReport {
            done,
            written,
            buffer: self.address.address.to_string(),
            signature,
            ..DeployReport::unchanged(self.build, &self.address, deployed)
        }
    }
}

impl DeployReport {
    /// For a program that already has these bytes.
    pub fn unchanged(build: &Build, address: &BufferAddress, deployed: &DeployedProgram) -> Self {
        Self {
            program: PROGRAM.to_string(),
            program_data: pda::program_data().to_string(),
            done: "nothing",
            buffer: address.address.to_string(),
            written: 0,
            bytes: build.bytes.len(),
            max_len: deployed.bytes.len(),
            sha256: hex::encode(build.file_hash),
            program_hash: hex::encode(build.hash),
            slot: deployed.slot,
            upgrade_authority: deployed.authority.map(|key| key.to_string()),
            signature: None,
        }
    }

    pub fn text(&self) -> String {
        let none = || "none".to_owned();
        key_values([
            ("program", self.program.clone()),
            ("done", self.done.to_owned()),
            (
                "bytes",
                format!("{} of at most {}", self.bytes, self.max_len),
            ),
            ("program hash", self.program_hash.clone()),
            (
                "slot",
                self.slot.map(|slot| slot.to_string()).unwrap_or_default(),
            ),
            (
                "upgrade authority",
                self.upgrade_authority.clone().unwrap_or_else(none),
            ),
            ("chunks written", self.written.to_string()),
        ])
    }
}

fn is_local(url: &str) -> bool {
    url.contains("//127.0.0.1") || url.contains("//localhost") || url.contains("//[::1]")
}

fn foreign_buffer(buffer: &Pubkey, found: &Buffer, wallet: Pubkey) -> DeployError {
    let owner = found.authority.map(|key| key.to_string());
    DeployError::ForeignBuffer {
        buffer: *buffer,
        owner: owner.unwrap_or_else(|| "no authority".into()),
        wallet,
    }
}

/// Waits until the program was changed after slot `after`, and one more slot has passed: the loader
/// changes a program at most once per slot, and the new bytes can be called from the next slot on.
pub async fn wait_until_changed(
    rpc: &Rpc,
    after: Option<u64>,
) -> Result<DeployedProgram, CliError> {
    let start = Instant::now();
    while start.elapsed() < CHANGE_TIMEOUT {
        let (now, deployed) = tokio::try_join!(rpc.time(), state::read_program(rpc))?;
        if let Some(deployed) = deployed
            && deployed.slot > after
            && deployed.slot.is_some_and(|slot| now.slot > slot)
        {
            return Ok(deployed);
        }
        sleep(POLL_INTERVAL).await;
    }
    Err(CliError::TooSlow {
        what: "the change of the program",
        seconds: CHANGE_TIMEOUT.as_secs(),
    })
}
