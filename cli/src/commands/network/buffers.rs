//! `millrace network buffers`: bytes of programs that never came to be, and the rent in them.

use crate::config::settings::{Settings, ephemeral_sender};
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::confirm;
use crate::ui::output::{sol, table};
use clap::Subcommand;
use millrace_client::Pubkey;
use millrace_client::deploy::instruction::close_buffer;
use millrace_client::deploy::state;
use millrace_client::deploy::state::BufferSummary;
use serde::Serialize;
use solana_sdk::signature::Signer;

/// Closings that fit a transaction with ease.
const MAX_CLOSES_PER_TRANSACTION: usize = 8;

/// Commands of `network buffers`. They are about buffers whose authority is the wallet.
#[derive(Debug, Subcommand)]
pub enum BuffersCommand {
    /// List the wallet's buffers
    List,
    /// Close a buffer and get its rent back; what was written into it is lost
    Close {
        /// Its address
        #[arg(required_unless_present = "all")]
        buffer: Option<Pubkey>,
        /// All of the wallet's, those of other programs too
        #[arg(long, conflicts_with = "buffer")]
        all: bool,
        /// Do not ask before signing
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
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let key = wallet.pubkey();
        let rpc = settings.rpc_of_file().await?;
        let mut buffers = state::list_buffers(&rpc, &key).await?;
        let Self::Close { buffer, yes, .. } = self else {
            show(settings, &buffers);
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
                "Close {} buffers, and get {} back?",
                buffers.len(),
                sol(lamports)
            ))?;
        }
        let sender = ephemeral_sender(rpc);
        for some in buffers.chunks(MAX_CLOSES_PER_TRANSACTION) {
            let each = some.iter();
            let closes: Vec<_> = each
                .map(|buffers| close_buffer(&buffers.address, &key, &key))
                .collect();
            sender.send("close buffers", &closes, &[&wallet]).await?;
        }
        show(settings, &buffers);
        settings
            .output
            .print_text(&format!("closed, {} are back", sol(lamports)));
        Ok(())
    }
}

fn show(settings: &Settings, buffers: &[BufferSummary]) {
    let shown: Vec<BufferRow> = buffers
        .iter()
        .map(|buffers| BufferRow {
            buffer: buffers.address.to_string(),
            bytes: buffers.bytes,
            lamports: buffers.lamports,
        })
        .collect();
    settings.output.print(&shown, |shown| {
        let rows = shown.iter().map(|shown| {
            [
                shown.buffer.clone(),
                shown.bytes.to_string(),
                sol(shown.lamports),
            ]
        });
        table(["buffer", "bytes", "rent"], &[1, 2], rows)
    });
}
