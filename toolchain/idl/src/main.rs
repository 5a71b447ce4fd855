//! Writes the IDL of a program: `millrace-idl PROGRAM OUTPUT`; PROGRAM is the folder of its
//! crate. It uses Anchor's own library and needs none of Solana's tools: the library runs the
//! tests that Anchor's macros add to the crate under the feature `idl-build`, and collects their
//! output.

use anchor_lang_idl::build::IdlBuilder;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, output] = arguments.as_slice() else {
        bail!("usage: millrace-idl PROGRAM OUTPUT");
    };
    // Without `--lib` the examples in the documentation would be compiled too.
    let options = ["--locked", "--lib"].map(String::from);
    let idl = IdlBuilder::new()
        .program_path(program.clone())
        .cargo_args(options.into())
        .build()?;
    let mut text = serde_json::to_string_pretty(&idl)?;
    text.push('\n');
    std::fs::write(output, text).with_context(|| format!("could not write {}", output.display()))
}
