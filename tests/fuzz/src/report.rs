//! A readable report of a run's coverage.

pub use super::counts::RunCounts;
use super::counts::instruction_names;
use super::coverage::{Share, covered};
use std::fmt::Write;

pub fn report(counts: &RunCounts) -> String {
    let covered = covered();
    let names = instruction_names();
    let mut text = String::new();
    let mut line = |what: &str, share: Share| {
        let Share { hit, all } = share;
        let _ = writeln!(text, "{what}: {hit} of {all} ({:.1} %)", share.percent());
    };
    line("bytecode instructions that ran", covered.instructions);
    line(
        "edges of conditional jumps that were taken",
        covered.branches,
    );
    let never = counts.never_done();
    let done = Share {
        hit: names.len() - never.len(),
        all: names.len(),
    };
    line("instructions of the program that succeeded", done);
    if !never.is_empty() {
        let _ = writeln!(text, "never succeeded: {}", never.join(", "));
    }
    let _ = writeln!(text, "transactions: {}", counts.transactions);
    for name in names {
        let count = |counts: &std::collections::BTreeMap<&str, u64>| {
            counts.get(name).copied().unwrap_or_default()
        };
        let (done, refused) = (count(&counts.done), count(&counts.refused));
        let _ = writeln!(text, "  {name:24} {done:>8} done {refused:>8} refused");
    }
    let mut reasons: Vec<(&String, &u64)> = counts.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let _ = writeln!(text, "{} reasons of refusals", reasons.len());
    text
}
