//! Counts of successful and refused instructions, and of the reasons of refusals.

use millrace_fixture::cases::idl::idl;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Names of instructions by discriminator.
fn names() -> &'static BTreeMap<Vec<u8>, String> {
    static NAMES: OnceLock<BTreeMap<Vec<u8>, String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let all = idl().instructions.into_iter();
        all.map(|described| (described.discriminator, described.name))
            .collect()
    })
}

pub(crate) fn instruction_names() -> Vec<&'static str> {
    names().values().map(String::as_str).collect()
}

pub(crate) fn instruction_name(data: &[u8]) -> &'static str {
    let found = data.get(..8).and_then(|start| names().get(start));
    found.map_or("unknown", String::as_str)
}

#[derive(Clone, Debug, Default)]
pub struct RunCounts {
    /// Successes by instruction.
    pub done: BTreeMap<&'static str, u64>,
    /// Refusals by instruction.
    pub refused: BTreeMap<&'static str, u64>,
    /// Refusals by reason.
    pub reasons: BTreeMap<String, u64>,
    pub transactions: u64,
}

impl RunCounts {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: Self) {
        fn sum<K: Ord>(to: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
            for (key, count) in from {
                *to.entry(key).or_default() += count;
            }
        }
        sum(&mut self.done, other.done);
        sum(&mut self.refused, other.refused);
        sum(&mut self.reasons, other.reasons);
        self.transactions += other.transactions;
    }

    /// Instructions that never succeeded.
    pub fn never_done(&self) -> Vec<&'static str> {
        let names = instruction_names().into_iter();
        names.filter(|name| !self.done.contains_key(name)).collect()
    }
}
