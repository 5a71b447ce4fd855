//! Settings of `millrace provider run`.

use super::table::settings;
use super::{Layers, LogFormat, Url};
use crate::config::settings::Global;
use crate::error::CliError;
use std::path::PathBuf;

settings! {
    /// What an agent is configured with. To add a setting, add a line.
    ProviderSettings,
    /// Flags of an agent.
    ProviderFlags;
    shared {
        /// Address of the RPC endpoint, or several by preference: where one fails, the next is asked
        url: Option<Url> = "";
        /// Websocket address of the endpoint, or as many as there are of `url`
        ws_url: Option<Url> = "";
        /// Key file of the provider's wallet, needed only to find its account
        keypair: Option<PathBuf> = "";
        /// Address of the orchestrator
        orchestrator: Option<Url> = "";
        /// Network file, or its folder: gives the endpoint and the orchestrator
        network: Option<PathBuf> = "";
        /// Level of the log (error, warn, info, debug, trace), or a filter such as millrace=debug
        log: Option<String> = "";
        /// Form of the log: text, or json with an object a line
        log_format: LogFormat = "text";
    }
    own {
        /// File of the hot key that is registered
        operator: Option<PathBuf> = "", "FILE";
        /// The provider's account; otherwise the wallet's
        provider: Option<String> = "", "ACCOUNT";
        /// Folder of results and fetched data; otherwise ~/.local/share/millrace/ACCOUNT
        data: Option<PathBuf> = "", "DIR";
        /// Shards to run at the same time
        capacity: u32 = "1", "N";
    }
}

impl ProviderSettings {
    /// Reads flags, environment and file.
    ///
    /// # Errors
    /// What is wrong with a setting, with its name and origin.
    pub fn load(global: &Global, flags: &ProviderFlags) -> Result<Self, CliError> {
        let mut typed = flags.typed();
        typed.extend(global.typed());
        let layers = Layers::load(
            Self::FIELDS,
            typed,
            |variable| std::env::var(variable).ok(),
            flags.config.as_deref(),
        )?;
        let settings = Self::read(&layers)?;
        if settings.capacity == 0 {
            let message = "`capacity` can't be 0: an agent runs at least one shard at a time";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(settings)
    }

    /// The general flags, with what the file says of them.
    pub fn global(&self, typed: &Global) -> Global {
        let settings = self.clone();
        Global {
            url: settings.url.map(|url| url.0),
            ws_url: settings.ws_url.map(|url| url.0),
            keypair: settings.keypair,
            orchestrator: settings.orchestrator.map(|url| url.0),
            network: settings.network,
            log: settings.log,
            log_format: Some(settings.log_format),
            ..typed.clone()
        }
    }
}
