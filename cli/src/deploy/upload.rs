//! What deploying and upgrading have in common: a buffer that ends up with the build's bytes.

use super::build::{Build, BuildArgs};
use super::costs::{DeployCosts, DeployRents, UploadPlan};
use super::error::DeployError;
use crate::config::settings::Settings;
use crate::error::{CliError, Shortfall};
use crate::ui::confirm;
use crate::ui::output::{self, SOL_DECIMALS, key_values};
use crate::ui::progress::Progress;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::image::differing_chunks;
use millrace_client::deploy::state::{Buffer, DeployedProgram};
use millrace_client::deploy::writer::{BufferWriter, WriteProgress};
use millrace_client::deploy::{BufferAddress, instruction, program_data, state};
use millrace_client::pda::PROGRAM;
use millrace_client::program::constants::DEVELOPMENT_ID;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use serde::Serialize;
use solana_sdk::signature::{Keypair, Signer};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLL_INTERVAL: Duration = Duration::from_millis(100);
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Flags of commands that write bytes.
#[derive(Args, Clone, Debug)]
pub struct UploadArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// Bytes that the program can have after later upgrades; each costs rent [default: as many as it has now, and an upgrade makes room where it needs more]
    #[arg(long, value_name = "BYTES")]
    pub max_len: Option<usize>,
    /// Most writes under way at once; fewer where an endpoint limits its callers
    #[arg(long, default_value_t = 32, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
    /// Micro-lamports for each compute unit of a write, for clusters that are busy
    #[arg(long, default_value_t = 0, value_name = "PRICE")]
    pub unit_price: u64,
    /// Do not ask before signing
    #[arg(short, long)]
    pub yes: bool,
}

/// A buffer on its way, and what it costs.
pub struct Upload<'a> {
    pub args: &'a UploadArgs,
    pub sender: &'a Sender,
    pub wallet: &'a Keypair,
    pub build: &'a Build,
    pub place: BufferAddress,
    pub found: Option<Buffer>,
    pub costs: DeployCosts,
    rents: DeployRents,
}

/// What was done, for people and programs.
#[derive(Serialize)]
pub struct DeployReport {
    /// The program.
    pub program: String,
    /// Where the loader keeps its bytes.
    pub program_data: String,
    /// What was done: `deployed`, `upgraded`, `proposed`, or `nothing` where it was there already.
    pub done: &'static str,
    /// The buffer; emptied unless the upgrade was only proposed.
    pub buffer: String,
    /// Pieces that this run wrote.
    pub written: usize,
    /// Bytes of the build.
    pub bytes: usize,
    /// Bytes that the program can have.
    pub max_len: usize,
    /// SHA-256 of the build's file, hex.
    pub sha256: String,
    /// SHA-256 without the zeros at the end, hex, as `solana-verify` counts it.
    pub program_hash: String,
    /// Slot of the last change.
    pub slot: Option<u64>,
    /// Who may upgrade it.
    pub upgrade_authority: Option<String>,
    /// Signature of the last transaction.
    pub signature: Option<String>,
}

impl<'a> Upload<'a> {
    /// Looks at what is there already, computes the costs, and checks that the wallet has them.
    /// `deployed` is the program that is to be upgraded, `room` what it has room for in the end.
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
        let place = BufferAddress::of(&key, &PROGRAM, &build.file_hash);
        let found = state::read_buffer(rpc, &place.address).await?;
        let rents = DeployRents::read(rpc, build.bytes.len(), room).await?;
        let bytes = found.as_ref().map_or(&[][..], |buffer| &buffer.bytes);
        let work = UploadPlan {
            pieces: differing_chunks(&build.bytes, bytes).len(),
            in_buffer: found.as_ref().map(|buffer| buffer.lamports),
            in_data: deployed.map(|deployed| deployed.lamports),
            grows: deployed.is_some_and(|deployed| room > deployed.bytes.len()),
            unit_price: args.unit_price,
        };
        let costs = DeployCosts::of(work, &rents);
        Ok(Self {
            args,
            sender,
            wallet,
            build,
            place,
            found,
            costs,
            rents,
        })
    }

    /// Shows the costs, checks that the wallet has them, and asks.
    ///
    /// # Errors
    /// [`CliError::TooLittleSol`], [`DeployError::ForeignBuffer`], [`CliError::NotConfirmed`].
    pub async fn confirm(&self, settings: &Settings, question: &str) -> Result<(), CliError> {
        let key = self.wallet.pubkey();
        if let Some(buffer) = &self.found
            && buffer.authority != Some(key)
        {
            return Err(foreign_buffer(&self.place.address, buffer, key).into());
        }
        output::notice(&self.costs.table());
        let has = self.sender.rpc().lamports(&key).await?;
        let needed = self.costs.peak().saturating_add(self.rents.wallet);
        if let Some(shortfall) = Shortfall::of(key, has, needed, SOL_DECIMALS) {
            return Err(CliError::TooLittleSol(shortfall));
        }
        if PROGRAM == DEVELOPMENT_ID && !is_local(&settings.rpc_url) {
            output::notice(
                "warning: this build has the development address, whose key lies in the repository: anybody may deploy there first. Make a key of your own for a network that is to last (docs/deploying.md)",
            );
        }
        match self.args.yes {
            true => Ok(()),
            false => confirm::ask_yes(question),
        }
    }

    /// Makes the buffer unless it is there, and writes what it lacks. Returns how many pieces that was.
    pub async fn run(&self) -> Result<usize, CliError> {
        let mut progress = Progress::new();
        if self.found.is_none() {
            progress.update("making the buffer");
            let key = self.wallet.pubkey();
            let length = self.build.bytes.len();
            let rent = self.rents.buffer;
            let create = instruction::create_buffer(&key, &self.place, length, rent);
            self.sender
                .send("make a buffer", &create, &[self.wallet])
                .await?;
        } else {
            progress.update("going on with what an earlier run has written");
        }
        let writer = BufferWriter {
            rpc: self.sender.rpc(),
            wallet: self.wallet,
            buffer: self.place.address,
            at_once: usize::from(self.args.at_once),
            unit_price: self.args.unit_price,
        };
        let mut last = WriteProgress::default();
        let filled = writer.fill(&self.build.bytes, |written| {
            // Where there is no terminal each step would be a line.
            let (landed, wanted) = (written.landed, written.wanted);
            let tenth = landed * 10 / wanted.max(1);
            if tenth > last.landed * 10 / wanted.max(1) || landed == 0 {
                progress.update(&format!("writing the program: {landed} of {wanted} pieces"));
            }
            last = written;
        });
        match filled.await {
            Ok(written) => Ok(written.landed),
            Err(source) => Err(DeployError::Interrupted {
                landed: last.landed,
                wanted: last.wanted,
                buffer: self.place.address,
                lamports: self.costs.buffer_returns,
                source: Box::new(source),
            }
            .into()),
        }
    }

    /// What is to be told in the end.
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
            buffer: self.place.address.to_string(),
            signature,
            ..DeployReport::unchanged(self.build, &self.place, deployed)
        }
    }
}

impl DeployReport {
    /// Of a program that has these bytes already.
    pub fn unchanged(build: &Build, place: &BufferAddress, deployed: &DeployedProgram) -> Self {
        Self {
            program: PROGRAM.to_string(),
            program_data: program_data(&PROGRAM).to_string(),
            done: "nothing",
            buffer: place.address.to_string(),
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

    /// For people.
    pub fn text(&self) -> String {
        let nobody = || "nobody".to_owned();
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
                self.upgrade_authority.clone().unwrap_or_else(nobody),
            ),
            ("pieces written", self.written.to_string()),
        ])
    }
}

fn is_local(url: &str) -> bool {
    url.contains("//127.0.0.1") || url.contains("//localhost") || url.contains("//[::1]")
}

/// A buffer that this wallet may not write.
fn foreign_buffer(buffer: &Pubkey, found: &Buffer, wallet: Pubkey) -> DeployError {
    let owner = found.authority.map(|key| key.to_string());
    DeployError::ForeignBuffer {
        buffer: *buffer,
        owner: owner.unwrap_or_else(|| "nobody".into()),
        wallet,
    }
}

/// The program once it has changed after `slot`, and the chain has gone on by a slot since: the loader
/// changes a program once a slot at most, and what has changed can be called from the next slot on.
pub async fn wait_until_changed(
    rpc: &Rpc,
    after: Option<u64>,
) -> Result<DeployedProgram, CliError> {
    let start = Instant::now();
    while start.elapsed() < SETTLE_TIMEOUT {
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
        what: "the program's change",
        seconds: SETTLE_TIMEOUT.as_secs(),
    })
}
