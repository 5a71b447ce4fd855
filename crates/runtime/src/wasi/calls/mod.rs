//! The functions of WASI preview 1, by subject.

pub(super) mod clock;
pub(super) mod fd;
pub(super) mod path;
pub(super) mod process;
pub(super) mod random;
pub(super) mod sock;
