//! The commands.

#[cfg(feature = "localnet")]
pub mod demo;
pub mod generate;
pub mod job;
pub mod migrate;
pub mod network;
#[cfg(feature = "orchestrator")]
pub mod orchestrator;
pub mod provider;
#[cfg(feature = "localnet")]
pub mod up;
pub mod wallet;

use crate::error::CliError;
use clap::Args;

/// Arguments of a command that this build leaves out.
#[derive(Args, Debug)]
pub struct MissingFeature {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

impl MissingFeature {
    pub fn fail(self, command: &'static str, feature: &'static str) -> Result<(), CliError> {
        Err(CliError::MissingFeature { command, feature })
    }
}
