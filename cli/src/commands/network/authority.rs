//! `millrace network authority`: who may upgrade the program from now on.

use super::upgrade::require_authority;
use crate::config::settings::{Settings, ephemeral_sender};
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::confirm;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::{instruction, program_data, state};
use millrace_client::pda::PROGRAM;
use millrace_client::wallet::read_keypair;
use serde::Serialize;
use solana_sdk::signature::{Keypair, Signer};
use std::path::Path;

/// Arguments of `network authority`. The wallet is the upgrade authority until now.
#[derive(Args, Debug)]
pub struct AuthorityArgs {
    /// Key file of the new authority, which signs too; or its address, with --unchecked
    #[arg(
        long,
        value_name = "FILE|ADDRESS",
        required_unless_present = "immutable",
        conflicts_with = "immutable"
    )]
    new_authority: Option<String>,
    /// Make the program immutable: nobody can ever upgrade it again
    #[arg(long = "final")]
    immutable: bool,
    /// Hand over to an address that does not sign, such as a multisig's
    #[arg(long, requires = "new_authority")]
    unchecked: bool,
    /// Do not ask before signing
    #[arg(short, long)]
    yes: bool,
}

/// Who comes next.
enum NewAuthority {
    /// It signs too.
    Signer(Box<Keypair>),
    /// It does not.
    Address(Pubkey),
    /// Nobody, for good.
    None,
}

#[derive(Serialize)]
struct AuthorityReport {
    program: String,
    before: String,
    upgrade_authority: Option<String>,
    signature: String,
}

impl AuthorityArgs {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let new_authority = new_authority(self.new_authority.as_deref(), self.unchecked)?;
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let key = wallet.pubkey();
        let rpc = settings.rpc_of_file().await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        require_authority(&deployed, key, "")?;
        if !self.yes {
            new_authority.confirm()?;
        }
        let account = program_data(&PROGRAM);
        let (transfer, signers) = match &new_authority {
            NewAuthority::Signer(new) => (
                instruction::set_authority_checked(&account, &key, &new.pubkey()),
                vec![&wallet, new],
            ),
            NewAuthority::Address(new) => (
                instruction::set_authority(&account, &key, Some(new)),
                vec![&wallet],
            ),
            NewAuthority::None => (
                instruction::set_authority(&account, &key, None),
                vec![&wallet],
            ),
        };
        let sender = ephemeral_sender(rpc);
        let landed = sender
            .send("transfer the program over", &[transfer], &signers)
            .await?;
        let after = state::read_program(sender.rpc()).await?;
        let after = after.ok_or(DeployError::NotDeployed(PROGRAM))?;
        let report = AuthorityReport {
            program: PROGRAM.to_string(),
            before: key.to_string(),
            upgrade_authority: after.authority.map(|key| key.to_string()),
            signature: landed.signature.to_string(),
        };
        settings.output.print(&report, |report| {
            let now = report.upgrade_authority.clone();
            key_values([
                ("program", report.program.clone()),
                ("upgrade authority before", report.before.clone()),
                (
                    "upgrade authority now",
                    now.unwrap_or_else(|| "nobody, for good".into()),
                ),
            ])
        });
        Ok(())
    }
}

impl NewAuthority {
    fn confirm(&self) -> Result<(), CliError> {
        match self {
            Self::Signer(new) => {
                confirm::ask_yes(&format!("Hand {PROGRAM} over to {}?", new.pubkey()))
            }
            Self::Address(new) => confirm::ask_typed(
                &format!(
                    "{new} does not sign: where nobody has its key, the program is lost for good."
                ),
                &new.to_string(),
            ),
            Self::None => confirm::ask_typed(
                &format!(
                    "Nobody will ever be able to upgrade {PROGRAM} again, not even to mend it."
                ),
                "final",
            ),
        }
    }
}

/// Whom the flags name; nobody where they name none.
fn new_authority(named: Option<&str>, unchecked: bool) -> Result<NewAuthority, CliError> {
    let Some(text) = named else {
        return Ok(NewAuthority::None);
    };
    if Path::new(text).exists() {
        return Ok(NewAuthority::Signer(Box::new(read_keypair(Path::new(
            text,
        ))?)));
    }
    let address: Pubkey = text
        .parse()
        .map_err(|_| DeployError::NoSuchAuthority(text.to_owned()))?;
    match unchecked {
        true => Ok(NewAuthority::Address(address)),
        false => Err(DeployError::Unchecked(address).into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use millrace_client::wallet::write_keypair;

    #[test]
    fn an_address_that_does_not_sign_needs_to_be_meant() {
        let address = Pubkey::new_from_array([7; 32]).to_string();
        let refused = new_authority(Some(&address), false)
            .err()
            .unwrap()
            .to_string();
        assert!(refused.contains("--unchecked"), "{refused}");
        assert!(matches!(
            new_authority(Some(&address), true).unwrap(),
            NewAuthority::Address(_)
        ));
        assert!(new_authority(Some("no such file"), true).is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        write_keypair(&file, &Keypair::new()).unwrap();
        assert!(matches!(
            new_authority(file.to_str(), false).unwrap(),
            NewAuthority::Signer(_)
        ));
        assert!(matches!(
            new_authority(None, false).unwrap(),
            NewAuthority::None
        ));
    }
}
