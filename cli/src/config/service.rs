//! What a service is configured with: its own settings beside the common ones.

use super::common::CommonSettings;
use super::layers::{Layers, Sources};
use super::table::{Field, FlagValues};
use crate::error::CliError;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args, Clone, Debug)]
pub struct SettingsFileArgs {
    /// Settings file (TOML); flags and environment variables override it
    #[arg(long = "config", env = "MILLRACE_CONFIG", value_name = "FILE")]
    pub settings_file: Option<PathBuf>,
}

/// The settings of a service: its own, and those common ones that its settings file may hold.
#[derive(Clone, Copy, Debug)]
pub struct ServiceTable {
    pub common: &'static [&'static str],
    pub own: &'static [Field],
}

/// The part of the command line that configures a service.
pub struct ServiceArgs<'a> {
    pub table: ServiceTable,
    pub flags: FlagValues,
    pub settings_file: Option<&'a Path>,
}

impl ServiceTable {
    /// Every setting that the settings file may hold, common ones first.
    pub fn fields(&self) -> Vec<Field> {
        let common = CommonSettings::FIELDS.iter();
        let common = common.filter(|field| self.common.contains(&field.name));
        common.chain(self.own).copied().collect()
    }

    /// Reads the common settings and those of the service.
    ///
    /// # Errors
    /// If the settings file cannot be used.
    pub fn load(&self, sources: Sources<'_>) -> Result<Layers, CliError> {
        let fields: Vec<Field> = CommonSettings::FIELDS
            .iter()
            .chain(self.own)
            .copied()
            .collect();
        Layers::load(&fields, &self.fields(), sources)
    }
}

impl ServiceArgs<'_> {
    /// For commands that are not services.
    pub fn none() -> Self {
        Self {
            table: ServiceTable {
                common: &[],
                own: &[],
            },
            flags: Vec::new(),
            settings_file: None,
        }
    }
}
