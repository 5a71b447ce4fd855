//! Settings of `millrace provider run`.

use super::layers::Layers;
use super::service::ServiceTable;
use super::table::settings;
use crate::error::CliError;
use std::path::PathBuf;

settings! {
    /// Settings of an agent. To add one, add a line.
    ProviderSettings,
    /// Flags of an agent.
    ProviderFlags, global = false;

    /// Key file of the registered operator (hot key)
    operator: Option<PathBuf> = "", "FILE";
    /// Account of the provider; if not set, the wallet's
    provider: Option<String> = "", "ACCOUNT";
    /// Folder of results and fetched data; if not set, ~/.local/share/millrace/ACCOUNT
    data: Option<PathBuf> = "", "DIR";
    /// Number of shards to run at the same time
    capacity: u32 = "1", "N";
}

impl ProviderSettings {
    pub const TABLE: ServiceTable = ServiceTable {
        common: &[
            "url",
            "ws_url",
            "keypair",
            "orchestrator",
            "network",
            "log",
            "log_format",
        ],
        own: Self::FIELDS,
    };

    /// Reads and checks the settings.
    ///
    /// # Errors
    /// [`CliError::Usage`] with the setting and its origin.
    pub fn load(layers: &Layers) -> Result<Self, CliError> {
        let settings = Self::read(layers)?;
        if settings.capacity == 0 {
            let message = "`capacity` must be at least 1";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(settings)
    }
}
