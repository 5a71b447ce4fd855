//! Additions to the copied program: the number of the active mutant, and errors of constraints
//! that a number disables.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;

/// Marker in front of the number in the built program.
pub const MARK: [u32; 2] = [0xC0FF_EE01, 0xC0FF_EE02];

const MODULE: &str = r"
/// Which mutant is active.
#[allow(unsafe_code)]
pub mod mutant {
    /// Its number, or 0.
    #[inline(always)]
    pub fn active() -> u32 {
        static ACTIVE: [u32; 4] = [0xC0FF_EE01, 0xC0FF_EE02, 0, 0xC0FF_EE03];
        // SAFETY: the pointer comes from a reference; volatile, so that the compiler does not treat the number as a constant.
        unsafe { core::ptr::read_volatile(&ACTIVE[2]) }
    }
    /// Whether it is this one.
    #[inline(always)]
    pub fn is(number: u32) -> bool {
        active() == number
    }
    /// An error that is not raised if the mutant is active.
    pub struct Unless<E>(pub u32, pub E);
    impl<E: crate::account::IntoProgramError> crate::account::IntoProgramError for Unless<E> {
        fn into_program_error(self) -> anchor_lang::error::Error {
            self.1.into_program_error()
        }
        fn is_off(&self) -> bool {
            is(self.0)
        }
    }
}
";

/// Adds the module to the program whose sources are in the folder.
pub fn add(sources: &Path) -> Result<()> {
    // The rewritten code has unnecessary parentheses.
    change(&sources.join("lib.rs"), |text| {
        format!("#![allow(warnings)]\n{text}{MODULE}")
    })?;
    replace(
        &sources.join("account/error.rs"),
        "fn into_program_error(self) -> Error;",
        "fn into_program_error(self) -> Error;\n/// Whether it is not raised.\nfn is_off(&self) -> bool { false }",
    )?;
    replace(
        &sources.join("account/table.rs"),
        "pub fn require_same_key(one: &Pubkey, other: &Pubkey, error: impl IntoProgramError) -> Result<()> {",
        "pub fn require_same_key(one: &Pubkey, other: &Pubkey, error: impl IntoProgramError) -> Result<()> {\n\
         if error.is_off() { return Ok(()); }",
    )
}

fn replace(path: &Path, old: &str, new: &str) -> Result<()> {
    change(path, |text| text.replacen(old, new, 1))
}

fn change(path: &Path, by: impl FnOnce(String) -> String) -> Result<()> {
    let name = || path.display().to_string();
    let old = fs::read_to_string(path).with_context(name)?;
    let new = by(old.clone());
    ensure!(new != old, "{} is not as it was expected", name());
    fs::write(path, new).with_context(name)
}
