//! The keys of a local network, in files that are reused if they exist.

use crate::error::CliError;
use millrace_client::wallet::{read_keypair, write_keypair};
use millrace_client::{Pubkey, pda};
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};

pub struct KeyFile {
    pub keypair: Keypair,
    /// In Solana's format.
    pub file: PathBuf,
}

impl KeyFile {
    fn open(folder: &Path, name: &str) -> Result<Self, CliError> {
        Self::open_or(folder, name, Keypair::new)
    }

    fn open_or(
        folder: &Path,
        name: &str,
        make: impl FnOnce() -> Keypair,
    ) -> Result<Self, CliError> {
        let file = folder.join(format!("{name}.json"));
        if file.exists() {
            let keypair = read_keypair(&file)?;
            return Ok(Self { keypair, file });
        }
        let keypair = make();
        write_keypair(&file, &keypair)?;
        Ok(Self { keypair, file })
    }

    pub fn pubkey(&self) -> Pubkey {
        self.keypair.pubkey()
    }
}

pub struct ProviderKeys {
    /// Cold key: owns stake and earnings.
    pub authority: KeyFile,
    /// Hot key: signs commitments.
    pub operator: KeyFile,
}

impl ProviderKeys {
    pub fn account(&self) -> Pubkey {
        pda::provider(&self.authority.pubkey())
    }
}

pub struct Keys {
    /// Authority of the network and of its mints.
    pub deployer: KeyFile,
    pub client: KeyFile,
    pub orchestrator: KeyFile,
    pub stake_mint: KeyFile,
    /// `None` if the stake mint is used for payments too.
    pub payment_mint: Option<KeyFile>,
    pub providers: Vec<ProviderKeys>,
}

impl Keys {
    /// Reads the keys in `folder` and creates missing ones. `deployer` is used instead of a new key.
    ///
    /// # Errors
    /// [`millrace_client::ChainError::Wallet`] for a file that is not a key, [`CliError::Usage`] if
    /// the folder has another deployer.
    pub fn open(
        folder: &Path,
        deployer: Option<&Keypair>,
        providers: usize,
        separate_mints: bool,
    ) -> Result<Self, CliError> {
        let given = || deployer.map_or_else(Keypair::new, Keypair::insecure_clone);
        let opened = KeyFile::open_or(folder, "deployer", given)?;
        if deployer.is_some_and(|deployer| deployer.pubkey() != opened.pubkey()) {
            return Err(CliError::Usage(format!(
                "{} holds the key of another deployer; use another data folder",
                opened.file.display()
            )));
        }
        let provider = |number: usize| {
            Ok::<_, CliError>(ProviderKeys {
                authority: KeyFile::open(folder, &format!("provider-{number}"))?,
                operator: KeyFile::open(folder, &format!("operator-{number}"))?,
            })
        };
        let payment_mint = separate_mints.then(|| KeyFile::open(folder, "payment-mint"));
        Ok(Self {
            deployer: opened,
            client: KeyFile::open(folder, "client")?,
            orchestrator: KeyFile::open(folder, "orchestrator")?,
            stake_mint: KeyFile::open(folder, "mint")?,
            payment_mint: payment_mint.transpose()?,
            providers: (1..=providers).map(provider).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn existing_keys_are_reused_and_missing_ones_are_created() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path(), None, 1, false).unwrap();
        let again = Keys::open(folder.path(), None, 2, true).unwrap();
        assert_eq!(first.deployer.pubkey(), again.deployer.pubkey());
        assert_eq!(first.providers[0].account(), again.providers[0].account());
        assert_eq!(again.providers.len(), 2);
        assert!(Keys::open(folder.path(), Some(&Keypair::new()), 1, false).is_err());
    }
}
