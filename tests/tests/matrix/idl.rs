//! The IDL, as far as the matrix needs it.

use serde::Deserialize;

/// What the program says of itself.
#[derive(Deserialize)]
pub struct Idl {
    /// Its instructions.
    pub instructions: Vec<Described>,
}

/// An instruction.
#[derive(Clone, Deserialize)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What its data begins with.
    pub discriminator: Vec<u8>,
    /// Its accounts in their order; those that follow at the caller's choice are not among them.
    pub accounts: Vec<Slot>,
}

/// A place for an account.
#[derive(Clone, Debug, Deserialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// The account may change.
    #[serde(default)]
    pub writable: bool,
    /// It has to sign.
    #[serde(default)]
    pub signer: bool,
    /// It may be left out; the program's own address stands there then.
    #[serde(default)]
    pub optional: bool,
}

/// The IDL as `make idl` wrote it.
pub fn idl() -> Idl {
    serde_json::from_str(include_str!("../../../idl/millrace_program.json")).unwrap()
}

/// The instruction of this name.
pub fn described(name: &str) -> Described {
    let all = idl().instructions.into_iter();
    let mut named = all.filter(|instruction| instruction.name == name);
    named
        .next()
        .unwrap_or_else(|| panic!("the IDL has no instruction {name}: run `make idl`"))
}
