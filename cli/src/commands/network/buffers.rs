//! `millrace network buffers`: buffers of interrupted deployments, and the rent in them.

use crate::config::{KeyRole, Settings};
use crate::connection::{cluster_rpc, ephemeral_sender};
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::confirm;
use crate::ui::output::{sol, table};
use clap::Subcommand;
use millrace_client::Pubkey;
use millrace_client::deploy::instructions::close;
use millrace_client::deploy::state::{self, BufferSummary};
use serde::Serialize;
use solana_sdk::signature::Signer;

/// Well below what fits the size of a transaction.
const MAX_CLOSES_PER_TRANSACTION: usize = 8;

#[derive(Debug, Subcommand)]
pub enum BuffersCommand {
    /// List the buffers whose authority is the wallet
    List,
    /// Close a buffer of the wallet and get its rent back; its content is lost
    Close {
        /// Address of the buffer
        #[arg(required_unless_present = "all")]
        buffer: Option<Pubkey>,
        /// Close all buffers of the wallet, including those of other programs
        #[arg(long, conflicts_with = "buffer")]
        all: bool,
        /// Skip the confirmation prompt
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Serialize)]
struct BufferRow {
    buffer: String,
    bytes: u64,
    lamports: u64,
}

impl BuffersCommand {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let wallet = settings.key(KeyRole::Deployer)?;
        let key = wallet.pubkey();
        let rpc = cluster_rpc(settings).await?;
        let mut buffers = state::list_buffers(&rpc, &key).await?;
        let Self::Close { buffer, yes, .. } = self else {
            print(settings, &buffers);
            return Ok(());
        };
        if let Some(wanted) = buffer {
            buffers.retain(|buffer| buffer.address == wanted);
            if buffers.is_empty() {
                return Err(DeployError::NoSuchBuffer(wanted).into());
            }
        }
        let lamports: u64 = buffers.iter().map(|buffer| buffer.lamports).sum();
        if !yes && !buffers.is_empty() {
            confirm::ask_yes(&format!(
                "Close {} buffers and get {} back?",
                buffers.len(),
                sol(lamports)
            ))?;
        }
        let sender = ephemeral_sender(rpc);
        for chunk in buffers.chunks(MAX_CLOSES_PER_TRANSACTION) {
            let closes: Vec<_> = chunk
                .iter()
                .map(|buffer| close(&buffer.address, &key, &key))
                .collect();
            sender.send("close buffers", &closes, &[&wallet]).await?;
        }
        print(settings, &buffers);
        settings
            .output
            .print_text(&format!("closed; {} returned to the wallet", sol(lamports)));
        Ok(())
    }
}

fn print(settings: &Settings, buffers: &[BufferSummary]) {
    let rows: Vec<BufferRow> = buffers
        .iter()
        .map(|buffer| BufferRow {
            buffer: buffer.address.to_string(),
            bytes: buffer.bytes,
            lamports: buffer.lamports,
        })
        .collect();
    settings.output.print(&rows, |rows| {
        let rows = rows
            .iter()
            .map(|row| [row.buffer.clone(), row.bytes.to_string(), sol(row.lamports)]);
        table(["buffer", "bytes", "rent"], &[1, 2], rows)
    });
}
