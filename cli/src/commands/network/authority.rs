//! `millrace network authority`: who may upgrade the program from now on.

use super::upgrade::require_authority;
use crate::config::settings::{Settings, fleeting_sender};
use crate::deploy::error::LoadError;
use crate::error::CliError;
use crate::ui::confirm;
use crate::ui::output::facts;
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
pub struct Authority {
    /// Key file of the new authority, which signs too; or its address, with --unchecked
    #[arg(
        long,
        value_name = "FILE|ADDRESS",
        required_unless_present = "forever",
        conflicts_with = "forever"
    )]
    new_authority: Option<String>,
    /// Make the program immutable: nobody can ever upgrade it again
    #[arg(long = "final")]
    forever: bool,
    /// Hand over to an address that does not sign, such as a multisig's
    #[arg(long, requires = "new_authority")]
    unchecked: bool,
    /// Do not ask before signing
    #[arg(short, long)]
    yes: bool,
}

/// Who comes next.
enum Heir {
    /// It signs too.
    Key(Box<Keypair>),
    /// It does not.
    Address(Pubkey),
    /// Nobody, for good.
    Nobody,
}

#[derive(Serialize)]
struct HandedOver {
    program: String,
    before: String,
    upgrade_authority: Option<String>,
    signature: String,
}

impl Authority {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let heir = heir(self.new_authority.as_deref(), self.unchecked)?;
        let wallet = settings.key_of(|file| &file.keys.deployer)?;
        let key = wallet.pubkey();
        let rpc = settings.rpc_of_file().await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(LoadError::NotDeployed(PROGRAM))?;
        require_authority(&deployed, key, "")?;
        if !self.yes {
            heir.ask()?;
        }
        let account = program_data(&PROGRAM);
        let (hand, signers) = match &heir {
            Heir::Key(new) => (
                instruction::set_authority_checked(&account, &key, &new.pubkey()),
                vec![&wallet, new],
            ),
            Heir::Address(new) => (
                instruction::set_authority(&account, &key, Some(new)),
                vec![&wallet],
            ),
            Heir::Nobody => (
                instruction::set_authority(&account, &key, None),
                vec![&wallet],
            ),
        };
        let sender = fleeting_sender(rpc);
        let landed = sender
            .send("hand the program over", &[hand], &signers)
            .await?;
        let after = state::read_program(sender.rpc()).await?;
        let after = after.ok_or(LoadError::NotDeployed(PROGRAM))?;
        let handed = HandedOver {
            program: PROGRAM.to_string(),
            before: key.to_string(),
            upgrade_authority: after.authority.map(|key| key.to_string()),
            signature: landed.signature.to_string(),
        };
        settings.output.show(&handed, |handed| {
            let now = handed.upgrade_authority.clone();
            facts([
                ("program", handed.program.clone()),
                ("upgrade authority before", handed.before.clone()),
                (
                    "upgrade authority now",
                    now.unwrap_or_else(|| "nobody, for good".into()),
                ),
            ])
        });
        Ok(())
    }
}

impl Heir {
    fn ask(&self) -> Result<(), CliError> {
        match self {
            Self::Key(new) => confirm::yes(&format!("Hand {PROGRAM} over to {}?", new.pubkey())),
            Self::Address(new) => confirm::typed(
                &format!(
                    "{new} does not sign: where nobody has its key, the program is lost for good."
                ),
                &new.to_string(),
            ),
            Self::Nobody => confirm::typed(
                &format!(
                    "Nobody will ever be able to upgrade {PROGRAM} again, not even to mend it."
                ),
                "final",
            ),
        }
    }
}

/// Whom the flags name; nobody where they name none.
fn heir(named: Option<&str>, unchecked: bool) -> Result<Heir, CliError> {
    let Some(text) = named else {
        return Ok(Heir::Nobody);
    };
    if Path::new(text).exists() {
        return Ok(Heir::Key(Box::new(read_keypair(Path::new(text))?)));
    }
    let address: Pubkey = text
        .parse()
        .map_err(|_| LoadError::NoSuchAuthority(text.to_owned()))?;
    match unchecked {
        true => Ok(Heir::Address(address)),
        false => Err(LoadError::Unchecked(address).into()),
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
        let refused = heir(Some(&address), false).err().unwrap().to_string();
        assert!(refused.contains("--unchecked"), "{refused}");
        assert!(matches!(
            heir(Some(&address), true).unwrap(),
            Heir::Address(_)
        ));
        assert!(heir(Some("no such file"), true).is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        write_keypair(&file, &Keypair::new()).unwrap();
        assert!(matches!(heir(file.to_str(), false).unwrap(), Heir::Key(_)));
        assert!(matches!(heir(None, false).unwrap(), Heir::Nobody));
    }
}
