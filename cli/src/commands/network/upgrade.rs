//! `millrace network upgrade`: replaces the bytes of the program on chain.

use crate::config::{KeyRole, Settings};
use crate::connection::{cluster_rpc, ephemeral_sender};
use crate::deploy::authority::{authority_of, require_authority};
use crate::deploy::build::Build;
use crate::deploy::costs::growth;
use crate::deploy::error::DeployError;
use crate::deploy::upload::{DeployReport, Upload, UploadArgs, wait_until_changed};
use crate::error::CliError;
use crate::ui::output;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::buffer::BufferAddress;
use millrace_client::deploy::image::{ImageDiff, differing_chunks};
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::deploy::{instructions, state};
use millrace_client::pda::PROGRAM;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::{Keypair, Signer};

#[derive(Args, Debug)]
pub struct UpgradeArgs {
    /// Upload the new bytes and transfer the buffer to the program's authority, such as a multisig, which upgrades from it
    #[arg(long)]
    propose: bool,
    #[command(flatten)]
    upload: UploadArgs,
}

const PROPOSE_HINT: &str = ", or use --propose if the authority is a multisig";

impl UpgradeArgs {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let build = self.upload.build.load()?;
        let wallet = settings.key(KeyRole::Deployer)?;
        let key = wallet.pubkey();
        let rpc = cluster_rpc(settings).await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        let authority = authority_of(&deployed)?;
        let address = BufferAddress::of(&key, &PROGRAM, &build.file_hash);
        if ImageDiff::between(&deployed.bytes, &build.bytes).is_none() {
            output::notice("this build is already deployed; nothing was sent");
            let report = DeployReport::unchanged(&build, &address, &deployed);
            settings.output.print(&report, DeployReport::text);
            return Ok(());
        }
        if !self.propose {
            require_authority(&deployed, key, PROPOSE_HINT)?;
        } else if authority == key {
            return Err(DeployError::NothingToPropose.into());
        } else if is_proposed(&rpc, &address, &build, authority).await? {
            let mut report = DeployReport::unchanged(&build, &address, &deployed);
            report.done = "proposed";
            print_proposed(settings, &report);
            return Ok(());
        }
        let wanted = build.room(self.upload.max_len)?;
        let more = growth(deployed.bytes.len(), wanted);
        let final_len = deployed.bytes.len() + more.map_or(0, |more| more as usize);
        let sender = ephemeral_sender(rpc);
        let known = Some(&deployed);
        let upload = Upload::plan(&self.upload, &sender, &wallet, &build, known, final_len).await?;
        upload
            .confirm(settings, &format!("Upgrade {PROGRAM}?"))
            .await?;
        let mut before = deployed;
        if let Some(more) = more {
            before = extend(&sender, &wallet, &before, more).await?;
        }
        let written = upload.run().await?;
        let buffer = upload.address.address;
        if self.propose {
            let transfer = instructions::set_buffer_authority(&buffer, &key, &authority);
            let landed = sender
                .send("transfer buffer authority", &[transfer], &[&wallet])
                .await?;
            let signature = Some(landed.signature.to_string());
            print_proposed(
                settings,
                &upload.report("proposed", written, &before, signature),
            );
            return Ok(());
        }
        // The loader changes a program at most once per slot.
        wait_until_changed(sender.rpc(), None).await?;
        let upgrade = instructions::upgrade(&PROGRAM, &buffer, &key, &key);
        let landed = sender
            .send("upgrade program", &[upgrade], &[&wallet])
            .await?;
        let after = wait_until_changed(sender.rpc(), before.slot).await?;
        build.require_same(&after)?;
        let signature = Some(landed.signature.to_string());
        let report = upload.report("upgraded", written, &after, signature);
        settings.output.print(&report, DeployReport::text);
        Ok(())
    }
}

/// Whether the buffer holds the whole build and already belongs to the authority.
async fn is_proposed(
    rpc: &Rpc,
    address: &BufferAddress,
    build: &Build,
    authority: Pubkey,
) -> Result<bool, CliError> {
    let buffer = state::read_buffer(rpc, &address.address).await?;
    Ok(buffer.is_some_and(|buffer| {
        buffer.authority == Some(authority)
            && differing_chunks(&build.bytes, &buffer.bytes).is_empty()
    }))
}

async fn extend(
    sender: &Sender,
    wallet: &Keypair,
    before: &DeployedProgram,
    more: u32,
) -> Result<DeployedProgram, CliError> {
    // Wait for the slot after the last change.
    wait_until_changed(sender.rpc(), None).await?;
    let extend = instructions::extend_program(&PROGRAM, Some(&wallet.pubkey()), more);
    sender.send("extend program", &[extend], &[wallet]).await?;
    wait_until_changed(sender.rpc(), before.slot).await
}

fn print_proposed(settings: &Settings, report: &DeployReport) {
    settings.output.print(report, |report| {
        let authority = report.upgrade_authority.clone().unwrap_or_default();
        format!(
            "{}\n\nbuffer {} holds the new bytes and belongs to {authority}, which can now upgrade {} from it; check the upgrade with `millrace network verify`",
            report.text(),
            report.buffer,
            report.program,
        )
    });
}
