//! The compiled on-chain program.

use crate::error::CliError;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Environment variable with the path of the compiled program.
pub const PROGRAM_VARIABLE: &str = "MILLRACE_PROGRAM_SO";

/// Empty if the binary was built without the program.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/program.so"));

/// Reads `file`, else the file that [`PROGRAM_VARIABLE`] names, else returns the program embedded in
/// this binary.
///
/// # Errors
/// [`CliError::NoProgramFile`] if there is none of these, [`CliError::File`] if a file cannot be read or
/// is not an ELF file.
pub fn program_bytes(file: Option<&Path>) -> Result<Cow<'static, [u8]>, CliError> {
    let named = file
        .map(Path::to_owned)
        .or_else(|| std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from));
    let Some(path) = named else {
        return match EMBEDDED {
            [] => Err(CliError::NoProgramFile),
            bytes => Ok(Cow::Borrowed(bytes)),
        };
    };
    let bytes = std::fs::read(&path).map_err(CliError::file(&path))?;
    if !bytes.starts_with(b"\x7fELF") {
        return Err(CliError::File {
            path,
            reason: "not a compiled program; build one with `make program`".into(),
        });
    }
    Ok(Cow::Owned(bytes))
}
