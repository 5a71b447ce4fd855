//! `millrace completions` and `millrace man`: files for packages.

use crate::error::CliError;
use crate::ui::output;
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Shell to complete commands in
    shell: Shell,
}

impl CompletionsArgs {
    pub fn run(&self, command: &mut Command) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "millrace", &mut script);
        output::print_line(String::from_utf8_lossy(&script).trim_end());
        Ok(())
    }
}

#[derive(Args, Debug)]
pub struct ManArgs {
    /// Folder to write into; created if missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl ManArgs {
    pub fn run(&self, command: Command) -> Result<(), CliError> {
        std::fs::create_dir_all(&self.folder).map_err(CliError::file(&self.folder))?;
        clap_mangen::generate_to(command, &self.folder).map_err(CliError::file(&self.folder))
    }
}
