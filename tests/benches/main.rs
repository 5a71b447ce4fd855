//! `make bench`: what the system takes, measured on this machine. Prints a table, and writes
//! `target/bench.jsonl`, one `{"name","value","unit"}` a line.
//!
//! Arguments choose parts by the beginning of their names; none are all of them.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on ends here"
)]

mod costs;
mod crowd;
mod dispatch;
mod exposition;
mod fees;
mod figures;
mod fuel;
mod latency;
mod plan;
mod ready;
mod recovery;
mod settles;
mod sortition;
mod throughput;

use anyhow::Result;
use figures::Figures;
use millrace_testkit::localnet::ValidatorKind;

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|word| part.starts_with(word));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut figures = Figures::default();
    if wanted("chain") {
        let measured = costs::read(&mut figures)?;
        settles::note(&mut figures, &measured)?;
    }
    if wanted("client") {
        runtime.block_on(costs::of_a_client(&mut figures))?;
    }
    if wanted("runtime") {
        fuel::measure(&mut figures)?;
    }
    if wanted("sortition") {
        sortition::measure(&mut figures)?;
    }
    if wanted("plan") {
        plan::measure(&mut figures)?;
    }
    if wanted("up") {
        ready::measure(&mut figures)?;
    }
    let agave = std::env::var_os("MILLRACE_AGAVE_BIN").is_some();
    if !agave {
        eprintln!("left out: Agave, because MILLRACE_AGAVE_BIN is not set");
    }
    let validators = [
        ("embedded", ValidatorKind::Embedded),
        ("agave", ValidatorKind::Agave(None)),
    ];
    for (name, kind) in validators {
        if kind != ValidatorKind::Embedded && !agave {
            continue;
        }
        if wanted(&format!("latency.{name}")) {
            runtime.block_on(latency::measure(&mut figures, name, kind))?;
        }
        if wanted(&format!("dispatch.{name}")) {
            runtime.block_on(dispatch::measure(&mut figures, name, kind))?;
        }
        if wanted(&format!("fees.{name}")) {
            runtime.block_on(fees::measure(&mut figures, name, kind))?;
        }
        if wanted(&format!("throughput.{name}")) {
            runtime.block_on(throughput::measure(&mut figures, name, kind))?;
        }
    }
    if wanted("recovery") {
        runtime.block_on(recovery::measure(&mut figures))?;
    }
    figures.finish()
}
