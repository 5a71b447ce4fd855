//! Sequences that are kept, each in a file of its own in `regressions`, because they once showed
//! something.

use crate::act::Step;
use crate::chain::{Currency, Town};
use crate::coverage::Coverage;
use crate::play::{Steps, Story, Wrong, play};
use crate::shrink::shrink;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::PathBuf;

/// A sequence with all that it needs to be played again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// What it once showed.
    pub shows: String,
    pub currency: Currency,
    /// What blocks, and with them draws, come from.
    pub seed: u64,
    pub steps: Vec<Step>,
}

fn json(of: &impl Serialize) -> String {
    serde_json::to_string(of).unwrap()
}

/// Each step on a line, so that people can read it.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (shows, currency) = (json(&self.shows), json(&self.currency));
        let steps: Vec<String> = self.steps.iter().map(json).collect();
        writeln!(f, "{{\n\"shows\": {shows},\n\"currency\": {currency},")?;
        writeln!(f, "\"seed\": {},\n\"steps\": [", self.seed)?;
        writeln!(f, "{}\n]\n}}", steps.join(",\n"))
    }
}

impl Kept {
    /// Where they are.
    pub fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("model/regressions")
    }

    /// All that are kept, with the names of their files.
    pub fn all() -> Vec<(String, Self)> {
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

/// Networks, each made when it is first needed.
#[derive(Default)]
pub struct Towns(HashMap<Currency, Town>);

/// A sequence that went wrong.
pub struct Failure {
    pub kept: Kept,
    pub wrong: Wrong,
    pub story: Story,
}

impl Towns {
    /// Plays a sequence.
    pub fn play(
        &mut self,
        (currency, seed): (Currency, u64),
        steps: Steps,
        coverage: &mut Coverage,
    ) -> Result<(), Failure> {
        let given = match steps {
            Steps::Given(steps) => Some(steps.to_vec()),
            Steps::Chosen => None,
        };
        let mut story = Story::default();
        let played = catch_unwind(AssertUnwindSafe(|| {
            let town = self
                .0
                .entry(currency)
                .or_insert_with(|| Town::new(currency));
            play(town, (seed, steps), &mut story, coverage)
        }));
        let wrong = match played {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(wrong)) => wrong,
            Err(panic) => {
                // Nobody knows what it left behind.
                self.0.remove(&currency);
                Wrong::new("a panic", said(panic.as_ref()))
            }
        };
        let steps = given.unwrap_or_else(|| story.chosen());
        let kept = Kept {
            shows: wrong.kind.clone(),
            currency,
            seed,
            steps,
        };
        Err(Failure { kept, wrong, story })
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

impl Failure {
    /// The same failure with as few steps as can be found.
    pub fn shrunk(self) -> Self {
        let (currency, seed) = (self.kept.currency, self.kept.seed);
        let kind = self.wrong.kind.clone();
        let mut towns = Towns::default();
        let mut replay = |steps: &[Step]| {
            let none = &mut Coverage::default();
            let played = towns.play((currency, seed), Steps::Given(steps), none);
            played.err().filter(|failure| failure.wrong.kind == kind)
        };
        // Its panics are no news.
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
        writeln!(f, "{}{}\n", self.story, self.wrong.what)?;
        writeln!(
            f,
            "These {} steps are left of seed {seed}; MILLRACE_SEED={seed} MILLRACE_SEQUENCES=1 plays all of it.",
            self.kept.steps.len()
        )?;
        writeln!(
            f,
            "To have them played from now on, put this into a file in {}, and say what it shows:\n{}",
            Kept::folder().display(),
            self.kept
        )
    }
}
