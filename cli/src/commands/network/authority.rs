//! `millrace network authority`: transfers the upgrade authority of the program.

use crate::config::{KeyRole, Settings};
use crate::connection::{cluster_rpc, ephemeral_sender};
use crate::deploy::authority::require_authority;
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::confirm;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::deploy::{instructions, state};
use millrace_client::pda::PROGRAM;
use millrace_client::wallet::read_keypair;
use serde::Serialize;
use solana_sdk::signature::{Keypair, Signer};
use std::path::Path;

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
    /// Make the program immutable; this cannot be undone
    #[arg(long = "final")]
    immutable: bool,
    /// Transfer to an address that does not sign, such as a multisig's
    #[arg(long, requires = "new_authority")]
    unchecked: bool,
    /// Skip the confirmation prompt
    #[arg(short, long)]
    yes: bool,
}

enum NewAuthority {
    /// Signs the transfer.
    Signer(Box<Keypair>),
    /// Does not sign the transfer.
    Address(Pubkey),
    /// The program becomes immutable.
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
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let new_authority = NewAuthority::parse(self.new_authority.as_deref(), self.unchecked)?;
        let wallet = settings.key(KeyRole::Deployer)?;
        let key = wallet.pubkey();
        let rpc = cluster_rpc(settings).await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        require_authority(&deployed, key, "")?;
        if !self.yes {
            new_authority.confirm()?;
        }
        let (transfer, signers) = match &new_authority {
            NewAuthority::Signer(new) => (
                instructions::set_upgrade_authority_checked(&PROGRAM, &key, &new.pubkey()),
                vec![&wallet, new],
            ),
            NewAuthority::Address(new) => (
                instructions::set_upgrade_authority(&PROGRAM, &key, Some(new)),
                vec![&wallet],
            ),
            NewAuthority::None => (
                instructions::set_upgrade_authority(&PROGRAM, &key, None),
                vec![&wallet],
            ),
        };
        let sender = ephemeral_sender(rpc);
        let landed = sender
            .send("transfer upgrade authority", &[transfer], &signers)
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
                ("previous authority", report.before.clone()),
                (
                    "upgrade authority",
                    now.unwrap_or_else(|| "none: the program is immutable".into()),
                ),
            ])
        });
        Ok(())
    }
}

impl NewAuthority {
    fn parse(named: Option<&str>, unchecked: bool) -> Result<Self, CliError> {
        let Some(text) = named else {
            return Ok(Self::None);
        };
        let file = Path::new(text);
        if file.exists() {
            return Ok(Self::Signer(Box::new(read_keypair(file)?)));
        }
        let address: Pubkey = text
            .parse()
            .map_err(|_| DeployError::InvalidAuthority(text.to_owned()))?;
        if unchecked {
            Ok(Self::Address(address))
        } else {
            Err(DeployError::Unchecked(address).into())
        }
    }

    fn confirm(&self) -> Result<(), CliError> {
        match self {
            Self::Signer(new) => {
                let new = new.pubkey();
                confirm::ask_yes(&format!("Transfer the authority over {PROGRAM} to {new}?"))
            }
            Self::Address(new) => confirm::ask_typed(
                &format!("{new} does not sign. If its key is lost, the program becomes immutable."),
                &new.to_string(),
            ),
            Self::None => confirm::ask_typed(
                &format!("{PROGRAM} becomes immutable: no upgrade or fix will be possible."),
                "final",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use millrace_client::wallet::write_keypair;

    #[test]
    fn address_that_does_not_sign_requires_unchecked() {
        let address = Pubkey::new_from_array([7; 32]).to_string();
        let refused = NewAuthority::parse(Some(&address), false);
        let refused = refused.err().unwrap().to_string();
        assert!(refused.contains("--unchecked"), "{refused}");
        assert!(matches!(
            NewAuthority::parse(Some(&address), true).unwrap(),
            NewAuthority::Address(_)
        ));
        assert!(NewAuthority::parse(Some("no such file"), true).is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        write_keypair(&file, &Keypair::new()).unwrap();
        assert!(matches!(
            NewAuthority::parse(file.to_str(), false).unwrap(),
            NewAuthority::Signer(_)
        ));
        assert!(matches!(
            NewAuthority::parse(None, false).unwrap(),
            NewAuthority::None
        ));
    }
}
