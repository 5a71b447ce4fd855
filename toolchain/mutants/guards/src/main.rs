//! Mutants of the program's guards.
//!
//! Building the program for the chain takes a minute, and it has more than a thousand guards. So all
//! mutants are written into the sources beside the code that they replace, the program is built once, and a
//! number in the built file selects the active one.
//!
//! `millrace-guards rewrite SOURCES LIST FILE...` rewrites files of the program whose sources are in
//! SOURCES (`.../programs/millrace/src`, in a copy of the checkout), and lists the mutants.
//! `millrace-guards judge` runs the tests on each; see [`judge::Options`].

mod emit;
mod find;
mod judge;
mod mutant;
mod order;
mod patch;
mod support;
mod tests;

use anyhow::{Context, Result, bail};
use std::path::Path;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match (command.as_deref(), rest.as_slice()) {
        (Some("rewrite"), [sources, list, files @ ..]) => {
            rewrite(Path::new(sources), Path::new(list), files)
        }
        (Some("judge"), options) => judge::judge(&judge::Options::parse(options)?),
        _ => bail!("usage: millrace-guards rewrite SOURCES LIST FILE... | judge OPTIONS"),
    }
}

/// Files are named relative to the root of the checkout that contains the sources.
fn rewrite(sources: &Path, list: &Path, files: &[String]) -> Result<()> {
    let root = sources
        .ancestors()
        .nth(3)
        .context("SOURCES is not within a checkout")?;
    let mut mutants = Vec::new();
    for file in files {
        let path = root.join(file);
        let source = std::fs::read_to_string(&path).with_context(|| file.clone())?;
        let nodes = find::find(file, &source, &mut mutants).with_context(|| file.clone())?;
        std::fs::write(&path, emit::emit(&source, &nodes)).with_context(|| file.clone())?;
    }
    support::add(sources)?;
    mutant::write(list, &mutants)
}
