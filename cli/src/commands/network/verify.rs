//! `millrace network verify`: whether what runs on chain is what was built here.

use crate::config::settings::Settings;
use crate::deploy::build::{Build, BuildArgs};
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::deploy::image::{ImageDiff, program_hash, trim_zeros};
use millrace_client::deploy::state;
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::pda::PROGRAM;
use millrace_client::program::constants::ACCOUNT_VERSION;
use millrace_client::program::state::Network;
use millrace_client::rpc::client::Rpc;
use millrace_client::{ChainError, pda};
use serde::Serialize;

/// Arguments of `network verify`. It signs nothing and needs no key.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    build: BuildArgs,
}

/// What was found, for people and programs.
#[derive(Serialize)]
struct VerifyReport {
    program: String,
    same: bool,
    /// The loader that holds the program.
    loader: String,
    /// Bytes on chain, without the room behind them.
    on_chain_bytes: usize,
    /// Bytes that the program can have.
    max_len: usize,
    /// SHA-256 of the bytes on chain without the zeros at their end, hex.
    on_chain_hash: String,
    /// The same of the build.
    build_hash: String,
    /// SHA-256 of the build's file, hex.
    build_sha256: String,
    /// Slot of the last change, where the loader keeps it.
    slot: Option<u64>,
    upgrade_authority: Option<String>,
    /// Layout version of the network account, where there is one.
    network_version: Option<u8>,
    /// Layout version that this build reads and writes.
    build_version: u8,
    network_authority: Option<String>,
}

impl VerifyArgs {
    /// Shows what is there.
    ///
    /// # Errors
    /// [`DeployError::Differs`], [`DeployError::OtherLayout`] after that: the process then ends with 1.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let build = self.build.load()?;
        let rpc = settings.rpc_of_file().await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        let network = network(&rpc).await?;
        let report = VerifyReport::of(&deployed, &build, network.as_ref());
        settings.output.print(&report, VerifyReport::text);
        require_same(&deployed, &build)?;
        match network {
            Some(network) if network.version != ACCOUNT_VERSION => Err(DeployError::OtherLayout {
                found: network.version,
                expected: ACCOUNT_VERSION,
            }
            .into()),
            _ => Ok(()),
        }
    }
}

/// The network account; there is none before the migrations.
async fn network(rpc: &Rpc) -> Result<Option<Network>, ChainError> {
    rpc.find(&pda::network()).await
}

/// # Errors
/// [`DeployError::Differs`] unless the program on chain has the build's bytes.
pub fn require_same(deployed: &DeployedProgram, build: &Build) -> Result<(), DeployError> {
    match ImageDiff::between(&deployed.bytes, &build.bytes) {
        None => Ok(()),
        Some(found) => Err(DeployError::Differs {
            bytes: found.bytes,
            first: found.first,
            on_chain: found.length,
            build: found.other_length,
        }),
    }
}

impl VerifyReport {
    fn of(deployed: &DeployedProgram, build: &Build, network: Option<&Network>) -> Self {
        Self {
            program: PROGRAM.to_string(),
            same: require_same(deployed, build).is_ok(),
            loader: deployed.loader.to_string(),
            on_chain_bytes: trim_zeros(&deployed.bytes).len(),
            max_len: deployed.bytes.len(),
            on_chain_hash: hex::encode(program_hash(&deployed.bytes)),
            build_hash: hex::encode(build.hash),
            build_sha256: hex::encode(build.file_hash),
            slot: deployed.slot,
            upgrade_authority: deployed.authority.map(|key| key.to_string()),
            network_version: network.map(|network| network.version),
            build_version: ACCOUNT_VERSION,
            network_authority: network.map(|network| network.authority.to_string()),
        }
    }

    fn text(&self) -> String {
        let or = |value: Option<String>, else_: &str| value.unwrap_or_else(|| else_.to_owned());
        let nobody = "nobody: it can't be changed any more";
        let network = self.network_version.map(|version| {
            let fits = if version == self.build_version {
                "as"
            } else {
                "NOT as"
            };
            format!("layout version {version}, {fits} this build has it")
        });
        key_values([
            ("program", self.program.clone()),
            (
                "is this build",
                if self.same { "yes" } else { "NO" }.to_owned(),
            ),
            ("hash on chain", self.on_chain_hash.clone()),
            ("hash of the build", self.build_hash.clone()),
            ("SHA-256 of its file", self.build_sha256.clone()),
            (
                "bytes",
                format!("{} of at most {}", self.on_chain_bytes, self.max_len),
            ),
            (
                "changed in slot",
                or(self.slot.map(|slot| slot.to_string()), "unknown"),
            ),
            ("loader", self.loader.clone()),
            (
                "upgrade authority",
                or(self.upgrade_authority.clone(), nobody),
            ),
            ("network", or(network, "none yet: run `millrace migrate`")),
            (
                "network authority",
                or(self.network_authority.clone(), "none yet"),
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::deploy::LOADER;

    fn build(bytes: &[u8]) -> Build {
        Build {
            bytes: bytes.to_vec(),
            file_hash: [0; 32],
            hash: program_hash(bytes),
        }
    }

    fn deployed(bytes: &[u8]) -> DeployedProgram {
        DeployedProgram {
            loader: LOADER,
            slot: Some(4),
            authority: None,
            bytes: bytes.to_vec(),
            lamports: 0,
        }
    }

    #[test]
    fn room_behind_the_program_is_the_same_build_and_a_changed_byte_is_not() {
        let same = VerifyReport::of(&deployed(b"program\0\0\0"), &build(b"program\0"), None);
        assert!(same.same && same.on_chain_hash == same.build_hash);
        assert_eq!((same.on_chain_bytes, same.max_len), (7, 10));
        let refused = require_same(&deployed(b"prOgram"), &build(b"program"));
        assert!(
            matches!(
                refused,
                Err(DeployError::Differs {
                    bytes: 1,
                    first: 2,
                    ..
                })
            ),
            "{refused:?}"
        );
        let other = VerifyReport::of(&deployed(b"prOgram"), &build(b"program"), None);
        assert!(!other.same && other.text().contains("NO"));
    }
}
