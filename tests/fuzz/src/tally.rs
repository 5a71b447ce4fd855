//! How often which instruction went through and was refused, and with what.

use millrace_fixture::cases::idl::idl;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Names of instructions by what their data begins with.
fn names() -> &'static BTreeMap<Vec<u8>, String> {
    static NAMES: OnceLock<BTreeMap<Vec<u8>, String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let all = idl().instructions.into_iter();
        all.map(|described| (described.discriminator, described.name))
            .collect()
    })
}

/// All names of instructions.
pub fn all_names() -> Vec<&'static str> {
    names().values().map(String::as_str).collect()
}

/// The name of the instruction with this data.
pub fn name_of(data: &[u8]) -> &'static str {
    let found = data.get(..8).and_then(|start| names().get(start));
    found.map_or("unknown", String::as_str)
}

/// Counts of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Done, by the instruction.
    pub done: BTreeMap<&'static str, u64>,
    /// Refused, by the instruction.
    pub refused: BTreeMap<&'static str, u64>,
    /// Refused, by the reason.
    pub reasons: BTreeMap<String, u64>,
    /// Transactions.
    pub transactions: u64,
}

impl Tally {
    /// Adds another run's.
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

    /// Instructions that never went through.
    pub fn never_done(&self) -> Vec<&'static str> {
        let names = all_names().into_iter();
        names.filter(|name| !self.done.contains_key(name)).collect()
    }
}
