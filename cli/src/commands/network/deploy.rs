//! `millrace network deploy`: deploys the program on a cluster that does not have it.

use crate::config::{KeyRole, Settings};
use crate::connection::{cluster_rpc, ephemeral_sender};
use crate::deploy::build::Build;
use crate::deploy::error::DeployError;
use crate::deploy::upload::{DeployReport, Upload, UploadArgs, wait_until_changed};
use crate::error::CliError;
use crate::ui::output;
use clap::Args;
use millrace_client::deploy::buffer::BufferAddress;
use millrace_client::deploy::image::ImageDiff;
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::deploy::{instructions, state};
use millrace_client::pda::PROGRAM;
use millrace_client::wallet::read_keypair;
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub struct DeployArgs {
    /// Key file of the program's address; the wallet pays and becomes the upgrade authority
    #[arg(long, value_name = "FILE")]
    program_key: PathBuf,
    #[command(flatten)]
    upload: UploadArgs,
}

impl DeployArgs {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let program_key = program_key(&self.program_key)?;
        let build = self.upload.build.load()?;
        let room = build.room(self.upload.max_len)?;
        let wallet = settings.key(KeyRole::Deployer)?;
        let rpc = cluster_rpc(settings).await?;
        if let Some(deployed) = state::read_program(&rpc).await? {
            return unchanged(settings, &build, &wallet, &deployed);
        }
        // No journal: an earlier run's progress is read from the chain, and no step can take effect twice.
        let sender = ephemeral_sender(rpc);
        let upload = Upload::plan(&self.upload, &sender, &wallet, &build, None, room).await?;
        upload
            .confirm(settings, &format!("Deploy {PROGRAM}?"))
            .await?;
        let written = upload.run().await?;
        let rent = upload.costs.program_rent;
        let buffer = &upload.address.address;
        let deploy = instructions::deploy(&wallet.pubkey(), &PROGRAM, buffer, rent, room)?;
        let signers = [&wallet, &program_key];
        let landed = sender.send("deploy program", &deploy, &signers).await?;
        let deployed = wait_until_changed(sender.rpc(), None).await?;
        build.require_same(&deployed)?;
        let signature = Some(landed.signature.to_string());
        let report = upload.report("deployed", written, &deployed, signature);
        settings.output.print(&report, DeployReport::text);
        settings.output.print_text(
            "next: initialize a network with `millrace migrate`, as the upgrade authority",
        );
        Ok(())
    }
}

/// Reads the program's key, which must be that of this binary's program.
fn program_key(file: &Path) -> Result<Keypair, CliError> {
    let key = read_keypair(file)?;
    if key.pubkey() != PROGRAM {
        return Err(DeployError::WrongProgramKey {
            file: file.to_owned(),
            found: key.pubkey(),
            expected: PROGRAM,
        }
        .into());
    }
    Ok(key)
}

/// Succeeds if the deployed program is the build.
fn unchanged(
    settings: &Settings,
    build: &Build,
    wallet: &Keypair,
    deployed: &DeployedProgram,
) -> Result<(), CliError> {
    if ImageDiff::between(&deployed.bytes, &build.bytes).is_some() {
        let authority = deployed.authority.map(|key| key.to_string());
        return Err(DeployError::AlreadyDeployed {
            program: PROGRAM,
            authority: authority.unwrap_or_else(|| "none".into()),
        }
        .into());
    }
    output::notice("this build is already deployed; nothing was sent");
    let address = BufferAddress::of(&wallet.pubkey(), &PROGRAM, &build.file_hash);
    let report = DeployReport::unchanged(build, &address, deployed);
    settings.output.print(&report, DeployReport::text);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use millrace_client::wallet::write_keypair;

    #[test]
    fn key_of_another_program_is_refused_with_both_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        let stranger = Keypair::new();
        write_keypair(&file, &stranger).unwrap();
        let refused = program_key(&file).unwrap_err().to_string();
        for part in [PROGRAM.to_string(), stranger.pubkey().to_string()] {
            assert!(refused.contains(&part), "{refused}");
        }
    }
}
