//! Folders of the user.

use std::path::PathBuf;

pub fn home() -> PathBuf {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default()
}

/// Folder of transaction journals: `$XDG_STATE_HOME/millrace`, or `~/.local/state/millrace`.
pub fn state_folder() -> PathBuf {
    xdg_folder("XDG_STATE_HOME", ".local/state")
}

/// Default folder of agents' and orchestrators' data: `$XDG_DATA_HOME/millrace`, or
/// `~/.local/share/millrace`.
pub fn data_folder() -> PathBuf {
    xdg_folder("XDG_DATA_HOME", ".local/share")
}

/// Relative paths are ignored, as the XDG specification requires.
fn xdg_folder(variable: &str, default: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let base = named.filter(|path| path.is_absolute());
    base.unwrap_or_else(|| home().join(default))
        .join("millrace")
}
