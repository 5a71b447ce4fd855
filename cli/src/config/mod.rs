//! What services are configured with: flags come before the environment, that before the file, and that
//! before the defaults.
//!
//! A service's settings are one table ([`settings!`]): a line for each with its name, type, default and
//! help. The line makes the flag (`--close-after`), the variable (`MILLRACE_CLOSE_AFTER`), the file's key
//! (`close_after`), what `config` prints, and the row that the manual's table is checked against.

mod file;
mod layers;
pub mod network_file;
pub mod orchestrator;
pub mod provider;
mod setting;
pub mod settings;
mod table;

#[cfg(test)]
mod tests;

pub use layers::{Layers, Origin, Shown};
pub use setting::{LogFormat, Setting, Sol, Span, Url};
pub use table::{Field, flag_of, variable_of};
