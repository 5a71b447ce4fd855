//! `make bench`: measures the system on this machine. Prints a table, and writes `target/bench.jsonl`
//! with one `{"name","value","unit"}` in each line.
//!
//! Arguments select parts by the beginning of their names; without arguments all parts run.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot continue ends here"
)]

mod block_capacity;
mod costs;
mod dispatch;
mod fees;
mod figures;
mod fuel;
mod latency;
mod load;
mod metrics;
mod plan;
mod ready;
mod recovery;
mod sortition;
mod throughput;

use anyhow::Result;
use figures::Figures;
use millrace_testkit::localnet::ValidatorKind;

fn main() -> Result<()> {
    let selected: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let runs =
        |part: &str| selected.is_empty() || selected.iter().any(|word| part.starts_with(word));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut figures = Figures::default();
    if runs("chain") {
        let measured = costs::read(&mut figures)?;
        block_capacity::note(&mut figures, &measured)?;
    }
    if runs("client") {
        runtime.block_on(costs::of_a_client(&mut figures))?;
    }
    if runs("runtime") {
        fuel::measure(&mut figures)?;
    }
    if runs("sortition") {
        sortition::measure(&mut figures)?;
    }
    if runs("plan") {
        plan::measure(&mut figures)?;
    }
    if runs("up") {
        ready::measure(&mut figures)?;
    }
    let agave = std::env::var_os("MILLRACE_AGAVE_BIN").is_some();
    if !agave {
        eprintln!("skipping Agave: MILLRACE_AGAVE_BIN is not set");
    }
    let validators = [
        ("embedded", ValidatorKind::Embedded),
        ("agave", ValidatorKind::Agave(None)),
    ];
    for (name, kind) in validators {
        if kind != ValidatorKind::Embedded && !agave {
            continue;
        }
        if runs(&format!("latency.{name}")) {
            runtime.block_on(latency::measure(&mut figures, name, kind))?;
        }
        if runs(&format!("dispatch.{name}")) {
            runtime.block_on(dispatch::measure(&mut figures, name, kind))?;
        }
        if runs(&format!("fees.{name}")) {
            runtime.block_on(fees::measure(&mut figures, name, kind))?;
        }
        if runs(&format!("throughput.{name}")) {
            runtime.block_on(throughput::measure(&mut figures, name, kind))?;
        }
    }
    if runs("recovery") {
        runtime.block_on(recovery::measure(&mut figures))?;
    }
    figures.finish()
}
