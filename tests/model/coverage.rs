//! How often what was tried was done.

use std::collections::BTreeMap;

/// Counts of a run.
#[derive(Default)]
pub struct Coverage {
    sequences: u64,
    /// The world as the last sequence left it.
    pub last: String,
    /// Done and refused, by what was tried.
    actions: BTreeMap<&'static str, (u64, u64)>,
    /// Errors with which the program and the model refused.
    refusals: BTreeMap<&'static str, u64>,
    /// What came to pass.
    notes: BTreeMap<&'static str, u64>,
    /// Most bytes and most compute units of a transaction.
    most: BTreeMap<&'static str, (usize, u64)>,
}

impl Coverage {
    pub fn ended(&mut self, world: String) {
        self.sequences += 1;
        self.last = world;
    }

    pub fn count(&mut self, name: &'static str, done: bool) {
        let (yes, no) = self.actions.entry(name).or_default();
        if done { *yes += 1 } else { *no += 1 }
    }

    /// Both refused with this error.
    pub fn refusal(&mut self, error: &'static str) {
        *self.refusals.entry(error).or_default() += 1;
    }

    /// How long and how dear it was.
    pub fn size(&mut self, name: &'static str, bytes: usize, units: u64) {
        let most = self.most.entry(name).or_default();
        *most = (most.0.max(bytes), most.1.max(units));
    }

    pub fn note(&mut self, notes: &[&'static str]) {
        for note in notes {
            *self.notes.entry(note).or_default() += 1;
        }
    }

    /// How often it was done.
    pub fn done(&self, name: &str) -> u64 {
        self.actions.get(name).map_or(0, |(done, _)| *done)
    }

    /// How often it was refused.
    pub fn refused(&self, name: &str) -> u64 {
        self.actions.get(name).map_or(0, |(_, refused)| *refused)
    }

    /// How often it came to pass.
    pub fn noted(&self, name: &str) -> u64 {
        self.notes.get(name).copied().unwrap_or(0)
    }

    /// How often an action was refused with an error.
    pub fn refused_with(&self, error: &str) -> u64 {
        self.refusals.get(error).copied().unwrap_or(0)
    }

    /// All of it.
    pub fn tell(&self) {
        println!("{} sequences", self.sequences);
        for (name, (done, refused)) in &self.actions {
            let (bytes, units) = self.most.get(name).copied().unwrap_or_default();
            println!(
                "{name:>20}: {done:6} done, {refused:6} refused, {bytes:5} bytes and {units:7} units at most"
            );
        }
        for (name, count) in self.refusals.iter().chain(&self.notes) {
            println!("{name:>28}: {count:6} times");
        }
    }
}
