//! Settings of commands and services. A flag overrides the environment, the environment overrides the
//! settings file, the settings file overrides the network file and the Solana CLI's configuration, and
//! these override the defaults.
//!
//! Settings are declared in tables ([`settings!`](table)): one line with name, type, default and help
//! makes the flag (`--close-after`), the environment variable (`MILLRACE_CLOSE_AFTER`), the key in the
//! file (`close_after`), the output of `config`, and the row in the manual, which a test compares.

pub mod common;
mod file;
mod layers;
pub mod network_file;
#[cfg(feature = "orchestrator")]
pub mod orchestrator;
pub mod paths;
pub mod provider;
mod service;
pub mod settings;
mod table;
mod value;

#[cfg(all(test, feature = "orchestrator"))]
mod tests;

pub use common::{CommonFlags, CommonSettings};
pub use layers::{EffectiveSetting, Layers, Origin, Sources};
pub use service::{ServiceArgs, ServiceTable, SettingsFileArgs};
pub use settings::{KeyRole, Settings};
pub use table::{Field, FlagValues};
pub use value::{LogFormat, RedactedUrl, SettingValue, Sol, TimeSpan};
