//! `make bench`: what the system takes, measured on this machine. Prints a table, and writes
//! `target/bench.jsonl`, one `{"name","value","unit"}` a line.
//!
//! Arguments choose parts by the beginning of their names; none are all of them.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on ends here"
)]

#[path = "bench/costs.rs"]
mod costs;
#[path = "bench/crowd.rs"]
mod crowd;
#[path = "bench/dispatch.rs"]
mod dispatch;
#[path = "bench/exposition.rs"]
mod exposition;
#[path = "bench/fees.rs"]
mod fees;
#[path = "bench/figures.rs"]
mod figures;
#[path = "bench/fuel.rs"]
mod fuel;
#[path = "bench/latency.rs"]
mod latency;
#[path = "bench/plan.rs"]
mod plan;
#[path = "bench/ready.rs"]
mod ready;
#[path = "bench/recovery.rs"]
mod recovery;
#[path = "bench/settles.rs"]
mod settles;
#[path = "bench/sortition.rs"]
mod sortition;
#[path = "bench/throughput.rs"]
mod throughput;

use anyhow::Result;
use figures::Figures;
use millrace_tests::net::Kind;

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
    let validators = [("embedded", Kind::Embedded), ("agave", Kind::Agave(None))];
    for (name, kind) in validators {
        if kind != Kind::Embedded && !agave {
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
