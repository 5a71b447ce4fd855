//! `millrace network deploy`: the on-chain program on a cluster that does not have it yet.

use crate::config::settings::{Settings, ephemeral_sender};
use crate::deploy::build::{Build, require_room};
use crate::deploy::error::DeployError;
use crate::deploy::upload::{DeployReport, Upload, UploadArgs, wait_until_changed};
use crate::error::CliError;
use crate::ui::output;
use clap::Args;
use millrace_client::deploy::image::ImageDiff;
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::deploy::{BufferAddress, instruction, state};
use millrace_client::pda::PROGRAM;
use millrace_client::wallet::read_keypair;
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};

/// Arguments of `network deploy`. The wallet pays, and becomes the upgrade authority.
#[derive(Args, Debug)]
pub struct DeployArgs {
    /// Key file of the program's address
    #[arg(long, value_name = "FILE")]
    program_key: PathBuf,
    #[command(flatten)]
    upload: UploadArgs,
}

impl DeployArgs {
    /// Does it; says so where it is done already.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let program_key = program_key(&self.program_key)?;
        let build = self.upload.build.load()?;
        let room = room(&build, self.upload.max_len)?;
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let rpc = settings.rpc_of_file().await?;
        if let Some(deployed) = state::read_program(&rpc).await? {
            return unchanged(settings, &build, &wallet, &deployed);
        }
        // What an earlier run has left is looked at on chain, and no step can take effect twice.
        let sender = ephemeral_sender(rpc);
        let upload = Upload::plan(&self.upload, &sender, &wallet, &build, None, room).await?;
        upload
            .confirm(settings, &format!("Deploy {PROGRAM}?"))
            .await?;
        let written = upload.run().await?;
        let rent = upload.costs.program_rent;
        let buffer = &upload.place.address;
        let deploy = instruction::deploy(&wallet.pubkey(), &PROGRAM, buffer, rent, room);
        let signers = [&wallet, &program_key];
        let landed = sender.send("deploy the program", &deploy, &signers).await?;
        let deployed = wait_until_changed(sender.rpc(), None).await?;
        super::verify::require_same(&deployed, &build)?;
        let signature = Some(landed.signature.to_string());
        let report = upload.report("deployed", written, &deployed, signature);
        settings.output.print(&report, DeployReport::text);
        settings.output.print_text(
            "next: `millrace migrate` initializes a network of it; only the upgrade authority can",
        );
        Ok(())
    }
}

/// The program's key, where it is the one that this binary works with.
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

/// How many bytes the program is to have room for.
pub fn room(build: &Build, max_len: Option<usize>) -> Result<usize, DeployError> {
    let length = build.bytes.len();
    let room = max_len.unwrap_or(length);
    if room < length {
        return Err(DeployError::MaxLenTooSmall {
            max_len: room,
            length,
        });
    }
    require_room(room)?;
    Ok(room)
}

/// A program that is there already is no fault where it is the same.
fn unchanged(
    settings: &Settings,
    build: &Build,
    wallet: &Keypair,
    deployed: &DeployedProgram,
) -> Result<(), CliError> {
    if ImageDiff::between(&deployed.bytes, &build.bytes).is_some() {
        let authority = deployed.authority.map(|key| key.to_string());
        return Err(DeployError::DeployedAlready {
            program: PROGRAM,
            authority: authority.unwrap_or_else(|| "nobody".into()),
        }
        .into());
    }
    output::notice("this build is deployed already; nothing was sent");
    let place = BufferAddress::of(&wallet.pubkey(), &PROGRAM, &build.file_hash);
    let report = DeployReport::unchanged(build, &place, deployed);
    settings.output.print(&report, DeployReport::text);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use millrace_client::wallet::write_keypair;

    fn build(length: usize) -> Build {
        Build {
            bytes: vec![1; length],
            file_hash: [0; 32],
            hash: [0; 32],
        }
    }

    #[test]
    fn a_key_of_another_program_is_refused_with_both_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        let stranger = Keypair::new();
        write_keypair(&file, &stranger).unwrap();
        let refused = program_key(&file).unwrap_err().to_string();
        for part in [PROGRAM.to_string(), stranger.pubkey().to_string()] {
            assert!(refused.contains(&part), "{refused}");
        }
    }

    #[test]
    fn there_is_room_for_the_program_at_least_and_for_an_account_at_most() {
        assert_eq!(room(&build(500), None).unwrap(), 500);
        assert_eq!(room(&build(500), Some(900)).unwrap(), 900);
        assert!(matches!(
            room(&build(500), Some(499)),
            Err(DeployError::MaxLenTooSmall { .. })
        ));
        assert!(matches!(
            room(&build(500), Some(state::MAX_ACCOUNT_BYTES)),
            Err(DeployError::TooLarge { .. })
        ));
    }
}
