//! Committed sequences, each in a file of its own in `regressions`, that once failed or show a rule.

use crate::action::Step;
use crate::chain::TestChain;
use crate::coverage::Coverage;
use crate::run::{History, Mismatch, Steps, run};
use crate::shrink::shrink;
use millrace_fixture::MintSetup;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::PathBuf;

/// A sequence with everything that is needed to run it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Regression {
    /// The rule that it shows.
    pub shows: String,
    pub mint_setup: MintSetup,
    /// The seed of the block hashes, which decide the draws.
    pub seed: u64,
    pub steps: Vec<Step>,
}

fn json(of: &impl Serialize) -> String {
    serde_json::to_string(of).unwrap()
}

/// One step on each line, for readability.
impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (shows, mint_setup) = (json(&self.shows), json(&self.mint_setup));
        let steps: Vec<String> = self.steps.iter().map(json).collect();
        writeln!(f, "{{\n\"shows\": {shows},\n\"mint_setup\": {mint_setup},")?;
        writeln!(f, "\"seed\": {},\n\"steps\": [", self.seed)?;
        writeln!(f, "{}\n]\n}}", steps.join(",\n"))
    }
}

impl Regression {
    pub(crate) fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("model/regressions")
    }

    /// All regressions with their file names.
    pub(crate) fn all() -> Vec<(String, Self)> {
        let files = std::fs::read_dir(Self::folder()).unwrap();
        let mut all: Vec<(String, Self)> = files
            .map(|file| {
                let path = file.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let kept = serde_json::from_str(&text);
                (name.clone(), kept.unwrap_or_else(|e| panic!("{name}: {e}")))
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

/// Networks, created on first use.
#[derive(Default)]
pub(crate) struct ChainPool(HashMap<MintSetup, TestChain>);

/// A failed sequence.
pub(crate) struct Failure {
    pub kept: Regression,
    pub mismatch: Mismatch,
    pub history: History,
}

impl ChainPool {
    pub(crate) fn run(
        &mut self,
        (mint_setup, seed): (MintSetup, u64),
        steps: Steps,
        coverage: &mut Coverage,
    ) -> Result<(), Failure> {
        let given = match steps {
            Steps::Replayed(steps) => Some(steps.to_vec()),
            Steps::Generated => None,
        };
        let mut history = History::default();
        let played = catch_unwind(AssertUnwindSafe(|| {
            let chain = self
                .0
                .entry(mint_setup)
                .or_insert_with(|| TestChain::new(mint_setup));
            run(chain, (seed, steps), &mut history, coverage)
        }));
        let mismatch = match played {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(mismatch)) => mismatch,
            Err(panic) => {
                // The panic may have left the network in any state.
                self.0.remove(&mint_setup);
                Mismatch::new("a panic", panic_message(panic.as_ref()))
            }
        };
        let steps = given.unwrap_or_else(|| history.chosen());
        let kept = Regression {
            shows: mismatch.kind.clone(),
            mint_setup,
            seed,
            steps,
        };
        Err(Failure {
            kept,
            mismatch,
            history,
        })
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

impl Failure {
    /// The same failure with as few steps as possible.
    pub(crate) fn shrunk(self) -> Self {
        let (mint_setup, seed) = (self.kept.mint_setup, self.kept.seed);
        let kind = self.mismatch.kind.clone();
        let mut chains = ChainPool::default();
        let mut replay = |steps: &[Step]| {
            let none = &mut Coverage::default();
            let played = chains.run((mint_setup, seed), Steps::Replayed(steps), none);
            played.err().filter(|failure| failure.mismatch.kind == kind)
        };
        // The panics of the replays are expected.
        let hook = take_hook();
        set_hook(Box::new(|_| ()));
        let steps = shrink(self.kept.steps.clone(), |steps| replay(steps).is_some());
        let shrunk = replay(&steps);
        set_hook(hook);
        shrunk.unwrap_or(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let seed = self.kept.seed;
        writeln!(f, "{}{}\n", self.history, self.mismatch.what)?;
        writeln!(
            f,
            "seed {seed} was shrunk to these {} steps; MILLRACE_SEED={seed} MILLRACE_SEQUENCES=1 runs the whole sequence",
            self.kept.steps.len()
        )?;
        writeln!(
            f,
            "to keep it as a regression, put this into a file in {} and describe the rule in `shows`:\n{}",
            Regression::folder().display(),
            self.kept
        )
    }
}
