//! What a run covered, for people.

use super::coverage::{Share, covered};
pub use super::tally::Tally;
use super::tally::all_names;
use std::fmt::Write;

/// What was covered since the process began.
pub fn report(tally: &Tally) -> String {
    let covered = covered();
    let names = all_names();
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
    let never = tally.never_done();
    let done = Share {
        hit: names.len() - never.len(),
        all: names.len(),
    };
    line("instructions of the program that went through", done);
    if !never.is_empty() {
        let _ = writeln!(text, "never went through: {}", never.join(", "));
    }
    let _ = writeln!(text, "transactions: {}", tally.transactions);
    for name in names {
        let count = |counts: &std::collections::BTreeMap<&str, u64>| {
            counts.get(name).copied().unwrap_or_default()
        };
        let (done, refused) = (count(&tally.done), count(&tally.refused));
        let _ = writeln!(text, "  {name:24} {done:>8} done {refused:>8} refused");
    }
    let mut reasons: Vec<(&String, &u64)> = tally.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let _ = writeln!(text, "{} reasons of refusals", reasons.len());
    text
}
