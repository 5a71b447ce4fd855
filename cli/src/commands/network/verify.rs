//! `millrace network verify`: compares the program on chain with a build.

use crate::config::Settings;
use crate::connection::cluster_rpc;
use crate::deploy::build::{Build, BuildArgs};
use crate::deploy::error::DeployError;
use crate::error::CliError;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::deploy::image::{program_hash, trim_zeros};
use millrace_client::deploy::state::{self, DeployedProgram};
use millrace_client::pda::PROGRAM;
use millrace_client::program::constants::ACCOUNT_VERSION;
use millrace_client::program::state::Network;
use millrace_client::rpc::client::Rpc;
use millrace_client::{ChainError, pda};
use serde::Serialize;

#[derive(Args, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    build: BuildArgs,
}

#[derive(Serialize)]
struct VerifyReport {
    program: String,
    same: bool,
    loader: String,
    /// Size of the program, without the room after it.
    on_chain_bytes: usize,
    /// Maximum size of the program.
    max_len: usize,
    /// SHA-256 of the bytes on chain without trailing zeros, hex.
    on_chain_hash: String,
    /// SHA-256 of the build without trailing zeros, hex.
    build_hash: String,
    /// SHA-256 of the build's file, hex.
    build_sha256: String,
    /// Slot of the last change; `None` if the loader does not record it.
    slot: Option<u64>,
    upgrade_authority: Option<String>,
    /// Layout version of the network account; `None` before the network is initialized.
    network_version: Option<u8>,
    /// Layout version that this build reads and writes.
    build_version: u8,
    network_authority: Option<String>,
}

impl VerifyArgs {
    /// Prints the report, also if it ends in an error.
    ///
    /// # Errors
    /// [`DeployError::Differs`], [`DeployError::OtherLayout`].
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let build = self.build.load()?;
        let rpc = cluster_rpc(settings).await?;
        let deployed = state::read_program(&rpc).await?;
        let deployed = deployed.ok_or(DeployError::NotDeployed(PROGRAM))?;
        let network = network(&rpc).await?;
        let report = VerifyReport::of(&deployed, &build, network.as_ref());
        settings.output.print(&report, VerifyReport::text);
        build.require_same(&deployed)?;
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

/// `None` before the network is initialized.
async fn network(rpc: &Rpc) -> Result<Option<Network>, ChainError> {
    rpc.find(&pda::network()).await
}

impl VerifyReport {
    fn of(deployed: &DeployedProgram, build: &Build, network: Option<&Network>) -> Self {
        Self {
            program: PROGRAM.to_string(),
            same: build.require_same(deployed).is_ok(),
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
        let immutable = "none: the program is immutable";
        let network = self.network_version.map(|version| {
            let fits = if version == self.build_version {
                "the same as"
            } else {
                "NOT the same as"
            };
            format!("layout version {version}, {fits} this build's")
        });
        key_values([
            ("program", self.program.clone()),
            (
                "matches the build",
                if self.same { "yes" } else { "NO" }.to_owned(),
            ),
            ("hash on chain", self.on_chain_hash.clone()),
            ("hash of the build", self.build_hash.clone()),
            ("SHA-256 of the build", self.build_sha256.clone()),
            (
                "bytes",
                format!("{} of at most {}", self.on_chain_bytes, self.max_len),
            ),
            (
                "last change in slot",
                or(self.slot.map(|slot| slot.to_string()), "unknown"),
            ),
            ("loader", self.loader.clone()),
            (
                "upgrade authority",
                or(self.upgrade_authority.clone(), immutable),
            ),
            (
                "network",
                or(network, "not initialized: run `millrace migrate`"),
            ),
            (
                "network authority",
                or(self.network_authority.clone(), "not initialized"),
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
    fn trailing_room_matches_the_build_and_a_changed_byte_does_not() {
        let same = VerifyReport::of(&deployed(b"program\0\0\0"), &build(b"program\0"), None);
        assert!(same.same && same.on_chain_hash == same.build_hash);
        assert_eq!((same.on_chain_bytes, same.max_len), (7, 10));
        let refused = build(b"program").require_same(&deployed(b"prOgram"));
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
