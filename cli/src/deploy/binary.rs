//! The on-chain program's file, for local networks.

use crate::error::CliError;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Names the program's file at run time.
pub const PROGRAM_VARIABLE: &str = "MILLRACE_PROGRAM_SO";

/// Empty where the binary was built without it.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/program.so"));

/// The program: from `file`, else from the file that [`PROGRAM_VARIABLE`] names, else the one in this
/// binary.
///
/// # Errors
/// [`CliError::NoProgramFile`] where there is none of these, [`CliError::File`] where one can't be
/// read or is no program.
pub fn bytes(file: Option<&Path>) -> Result<Cow<'static, [u8]>, CliError> {
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
            reason: "this is no compiled program; build it with `make program`".into(),
        });
    }
    Ok(Cow::Owned(bytes))
}
