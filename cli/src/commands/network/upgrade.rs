//! `millrace network upgrade`: other bytes for the program on chain.

use super::deploy::room;
use crate::config::settings::{Settings, ephemeral_sender};
use crate::deploy::build::Build;
use crate::deploy::costs::growth;
use crate::deploy::error::DeployError;
use crate::deploy::upload::{DeployReport, Upload, UploadArgs, wait_until_changed};
use crate::error::CliError;
use crate::ui::output;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::image::{ImageDiff, differing_chunks};
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::deploy::{BufferAddress, instruction, state};
use millrace_client::pda::PROGRAM;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::{Keypair, Signer};

/// Arguments of `network upgrade`. The wallet pays, and is the upgrade authority unless it proposes.
#[derive(Args, Debug)]
pub struct UpgradeArgs {
    /// Only write the bytes into a buffer and hand it to the program's authority, such as a multisig, which does the upgrade
    #[arg(long)]
    propose: bool,
    #[command(flatten)]
    upload: UploadArgs,
}

/// Said to a wallet that is not the authority.
const PROPOSE_HINT: &str =
    ", or leave the last step to the authority with --propose where it is a multisig";

impl UpgradeArgs {
    /// Does it; says so where it is done already.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let build = self.upload.build.load()?;
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let key = wallet.pubkey();
        let rpc = settings.rpc_of_file().await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        let authority = authority_of(&deployed)?;
        let place = BufferAddress::of(&key, &PROGRAM, &build.file_hash);
        if ImageDiff::between(&deployed.bytes, &build.bytes).is_none() {
            output::notice("this build is deployed already; nothing was sent");
            let report = DeployReport::unchanged(&build, &place, &deployed);
            settings.output.print(&report, DeployReport::text);
            return Ok(());
        }
        match self.propose {
            false => require_authority(&deployed, key, PROPOSE_HINT)?,
            true if authority == key => return Err(DeployError::NothingToPropose.into()),
            true if is_proposed(&rpc, &place, &build, authority).await? => {
                let mut report = DeployReport::unchanged(&build, &place, &deployed);
                report.done = "proposed";
                show_proposed(settings, &report);
                return Ok(());
            }
            true => {}
        }
        let wanted = room(&build, self.upload.max_len)?;
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
        let buffer = upload.place.address;
        if self.propose {
            let hand = instruction::set_authority(&buffer, &key, Some(&authority));
            let landed = sender
                .send("hand the buffer over", &[hand], &[&wallet])
                .await?;
            let signature = Some(landed.signature.to_string());
            show_proposed(
                settings,
                &upload.report("proposed", written, &before, signature),
            );
            return Ok(());
        }
        // The loader changes a program once a slot at most.
        wait_until_changed(sender.rpc(), None).await?;
        let upgrade = instruction::upgrade(&PROGRAM, &buffer, &key, &key);
        let landed = sender
            .send("upgrade the program", &[upgrade], &[&wallet])
            .await?;
        let after = wait_until_changed(sender.rpc(), before.slot).await?;
        super::verify::require_same(&after, &build)?;
        let signature = Some(landed.signature.to_string());
        let report = upload.report("upgraded", written, &after, signature);
        settings.output.print(&report, DeployReport::text);
        Ok(())
    }
}

/// Who may change the program.
///
/// # Errors
/// [`DeployError::NotUpgradeable`], [`DeployError::Final`].
pub fn authority_of(deployed: &DeployedProgram) -> Result<Pubkey, DeployError> {
    match deployed.authority {
        _ if !deployed.is_upgradeable() => Err(DeployError::NotUpgradeable(PROGRAM)),
        None => Err(DeployError::Final(PROGRAM)),
        Some(authority) => Ok(authority),
    }
}

/// # Errors
/// [`DeployError::NotAuthority`], and those of [`authority_of`].
pub fn require_authority(
    deployed: &DeployedProgram,
    wallet: Pubkey,
    hint: &'static str,
) -> Result<(), DeployError> {
    let authority = authority_of(deployed)?;
    if authority != wallet {
        return Err(DeployError::NotAuthority {
            program: PROGRAM,
            authority,
            wallet,
            hint,
        });
    }
    Ok(())
}

/// Whether the whole build lies in its buffer, which is the authority's already.
async fn is_proposed(
    rpc: &Rpc,
    place: &BufferAddress,
    build: &Build,
    authority: Pubkey,
) -> Result<bool, CliError> {
    let buffer = state::read_buffer(rpc, &place.address).await?;
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
    // The slot of the last change has to be over.
    wait_until_changed(sender.rpc(), None).await?;
    let extend = instruction::extend(&PROGRAM, &wallet.pubkey(), more);
    sender
        .send("make room for the program", &[extend], &[wallet])
        .await?;
    wait_until_changed(sender.rpc(), before.slot).await
}

fn show_proposed(settings: &Settings, report: &DeployReport) {
    settings.output.print(report, |report| {
        let authority = report.upgrade_authority.clone().unwrap_or_default();
        format!(
            "{}\n\nthe buffer {} holds the new bytes and belongs to {authority}: have it do the upgrade of {} from this buffer, and check it with `millrace network verify`",
            report.text(),
            report.buffer,
            report.program,
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::deploy::LOADER;

    fn deployed(loader: Pubkey, authority: Option<Pubkey>) -> DeployedProgram {
        DeployedProgram {
            loader,
            slot: Some(1),
            authority,
            bytes: Vec::new(),
            lamports: 0,
        }
    }

    #[test]
    fn only_the_authority_of_an_upgradeable_program_may_go_on() {
        let [own, other] = [1, 2].map(|byte| Pubkey::new_from_array([byte; 32]));
        let by = |program: DeployedProgram| require_authority(&program, own, "");
        assert!(by(deployed(LOADER, Some(own))).is_ok());
        assert!(matches!(
            by(deployed(LOADER, Some(other))),
            Err(DeployError::NotAuthority { authority, .. }) if authority == other
        ));
        assert!(matches!(
            by(deployed(LOADER, None)),
            Err(DeployError::Final(_))
        ));
        assert!(matches!(
            by(deployed(other, Some(own))),
            Err(DeployError::NotUpgradeable(_))
        ));
    }
}
