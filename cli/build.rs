//! Embeds the compiled on-chain program that `MILLRACE_PROGRAM_SO` names.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=MILLRACE_PROGRAM_SO");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("program.so");
    let bytes = match env::var_os("MILLRACE_PROGRAM_SO") {
        Some(path) => {
            let path = PathBuf::from(path);
            println!("cargo::rerun-if-changed={}", path.display());
            // A program that is not built yet can be named at run time.
            fs::read(path).unwrap_or_default()
        }
        None => Vec::new(),
    };
    if let Err(error) = fs::write(&target, bytes) {
        println!("cargo::error=cannot write {}: {error}", target.display());
    }
}
