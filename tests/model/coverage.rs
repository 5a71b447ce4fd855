//! Counts what the sequences did.

use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Coverage {
    sequences: u64,
    /// The model's state after the last sequence.
    pub last: String,
    /// Successes and refusals by name.
    actions: BTreeMap<&'static str, (u64, u64)>,
    /// Refusals that the model predicted, by error.
    refusals: BTreeMap<&'static str, u64>,
    /// Effects of successful actions.
    notes: BTreeMap<&'static str, u64>,
    /// The largest size and the most compute units of a transaction.
    most: BTreeMap<&'static str, (usize, u64)>,
}

impl Coverage {
    pub(crate) fn ended(&mut self, world: String) {
        self.sequences += 1;
        self.last = world;
    }

    pub(crate) fn count(&mut self, name: &'static str, done: bool) {
        let (yes, no) = self.actions.entry(name).or_default();
        if done { *yes += 1 } else { *no += 1 }
    }

    /// Counts a refusal that the model predicted.
    pub(crate) fn refusal(&mut self, error: &'static str) {
        *self.refusals.entry(error).or_default() += 1;
    }

    pub(crate) fn size(&mut self, name: &'static str, bytes: usize, units: u64) {
        let most = self.most.entry(name).or_default();
        *most = (most.0.max(bytes), most.1.max(units));
    }

    pub(crate) fn note(&mut self, notes: &[&'static str]) {
        for note in notes {
            *self.notes.entry(note).or_default() += 1;
        }
    }

    pub(crate) fn done(&self, name: &str) -> u64 {
        self.actions.get(name).map_or(0, |(done, _)| *done)
    }

    pub(crate) fn refused(&self, name: &str) -> u64 {
        self.actions.get(name).map_or(0, |(_, refused)| *refused)
    }

    pub(crate) fn noted(&self, name: &str) -> u64 {
        self.notes.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn refused_with(&self, error: &str) -> u64 {
        self.refusals.get(error).copied().unwrap_or(0)
    }

    pub(crate) fn print(&self) {
        println!("{} sequences", self.sequences);
        for (name, (done, refused)) in &self.actions {
            let (bytes, units) = self.most.get(name).copied().unwrap_or_default();
            println!(
                "{name:>20}: {done:6} done, {refused:6} refused, at most {bytes:5} bytes and {units:7} units"
            );
        }
        for (name, count) in self.refusals.iter().chain(&self.notes) {
            println!("{name:>28}: {count:6} times");
        }
    }
}
