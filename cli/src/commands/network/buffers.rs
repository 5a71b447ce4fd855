//! `millrace network buffers`: bytes of programs that never came to be, and the rent in them.

use crate::config::settings::{Settings, fleeting_sender};
use crate::deploy::error::LoadError;
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
const CLOSE_AT_ONCE: usize = 8;

/// Commands of `network buffers`. They are about buffers whose authority is the wallet.
#[derive(Debug, Subcommand)]
pub enum Buffers {
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
struct Shown {
    buffer: String,
    bytes: u64,
    lamports: u64,
}

impl Buffers {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let key = wallet.pubkey();
        let rpc = settings.rpc_of_file().await?;
        let mut listed = state::list_buffers(&rpc, &key).await?;
        let Self::Close { buffer, yes, .. } = self else {
            show(settings, &listed);
            return Ok(());
        };
        if let Some(wanted) = buffer {
            listed.retain(|listed| listed.address == wanted);
            if listed.is_empty() {
                return Err(LoadError::NoSuchBuffer(wanted).into());
            }
        }
        let lamports: u64 = listed.iter().map(|listed| listed.lamports).sum();
        if !yes && !listed.is_empty() {
            confirm::yes(&format!(
                "Close {} buffers, and get {} back?",
                listed.len(),
                sol(lamports)
            ))?;
        }
        let sender = fleeting_sender(rpc);
        for some in listed.chunks(CLOSE_AT_ONCE) {
            let each = some.iter();
            let closes: Vec<_> = each
                .map(|listed| close_buffer(&listed.address, &key, &key))
                .collect();
            sender.send("close buffers", &closes, &[&wallet]).await?;
        }
        show(settings, &listed);
        settings
            .output
            .say(&format!("closed, {} are back", sol(lamports)));
        Ok(())
    }
}

fn show(settings: &Settings, listed: &[BufferSummary]) {
    let shown: Vec<Shown> = listed
        .iter()
        .map(|listed| Shown {
            buffer: listed.address.to_string(),
            bytes: listed.bytes,
            lamports: listed.lamports,
        })
        .collect();
    settings.output.show(&shown, |shown| {
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
