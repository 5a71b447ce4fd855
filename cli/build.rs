//! Puts the on-chain program into the binary, where the environment names it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=MILLRACE_PROGRAM_SO");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("program.so");
    let bytes = match env::var_os("MILLRACE_PROGRAM_SO") {
        Some(path) => {
            let path = PathBuf::from(path);
            println!("cargo::rerun-if-changed={}", path.display());
            // A program that is not built yet is named at run time instead.
            fs::read(path).unwrap_or_default()
        }
        None => Vec::new(),
    };
    if let Err(error) = fs::write(&target, bytes) {
        println!(
            "cargo::error={} can't be written: {error}",
            target.display()
        );
    }
}
