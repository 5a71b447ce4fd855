//! Runs a sequence from its first step to the drained vaults.

use crate::action::{Action, Step};
use crate::chain::TestChain;
use crate::coverage::Coverage;
use crate::generate;
use crate::generate::rng::Rng;
use crate::world::vaults::PARTIES;
use crate::world::{ModelError, World};
use millrace_fixture::{Outcome, outcome};
use std::fmt;

/// Steps of a generated sequence, without draining.
pub(crate) const STEPS: usize = 150;
/// Block hashes that a chain keeps.
const REMEMBERED: u64 = 512;

/// A difference between the model and the chain, or another failure.
#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    /// A short description that is equal for equal failures.
    pub kind: String,
    pub what: String,
}

impl Mismatch {
    pub(crate) fn new(kind: impl Into<String>, what: impl Into<String>) -> Self {
        let (kind, what) = (kind.into(), what.into());
        Self { kind, what }
    }
}

/// The steps so far, each with its result.
#[derive(Default)]
pub(crate) struct History {
    steps: Vec<(Step, String)>,
    /// Number of steps before draining.
    drained_from: Option<usize>,
}

impl History {
    /// The steps without draining.
    pub(crate) fn chosen(&self) -> Vec<Step> {
        let until = self.drained_from.unwrap_or(self.steps.len());
        let steps = self.steps[..until].iter();
        steps.map(|(step, _)| step.clone()).collect()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (n, (step, result)) in self.steps.iter().enumerate() {
            writeln!(f, "{n:3} {step:?}: {result}")?;
        }
        Ok(())
    }
}

pub(crate) struct Run<'a> {
    pub chain: &'a mut TestChain,
    pub world: World,
    pub history: &'a mut History,
    coverage: &'a mut Coverage,
    /// Lamports of each party at the start, with rents.
    pub lamports_with_rents: [u64; PARTIES],
}

pub(crate) enum Steps<'a> {
    /// Generated from the seed.
    Generated,
    Replayed(&'a [Step]),
}

/// Runs the sequence of a seed on a chain, and drains it.
pub(crate) fn run(
    chain: &mut TestChain,
    (seed, steps): (u64, Steps),
    history: &mut History,
    coverage: &mut Coverage,
) -> Result<(), Mismatch> {
    let world = chain.begin(seed);
    let lamports_with_rents = world.lamports_with_rents();
    let mut run = Run {
        chain,
        world,
        history,
        coverage,
        lamports_with_rents,
    };
    run.compare()?;
    match steps {
        Steps::Generated => {
            let mut rng = Rng::new(seed);
            run.take(generate::first_step(&mut rng, &run.world))?;
            for _ in 1..STEPS {
                let step = generate::step(&mut rng, &run.world, &run.chain.addresses);
                run.take(step)?;
            }
        }
        Steps::Replayed(steps) => {
            for step in steps {
                run.take(step.clone())?;
            }
        }
    }
    run.chain.network.compare_with_events();
    run.history.drained_from = Some(run.history.steps.len());
    run.drain()?;
    let ended = format!("{:?}", run.world);
    coverage.ended(ended);
    Ok(())
}

impl Run<'_> {
    /// Runs a step and compares the chain with the model.
    pub(crate) fn take(&mut self, step: Step) -> Result<(), Mismatch> {
        self.history.steps.push((step.clone(), String::new()));
        let result = match step {
            Step::PassTime(seconds) => {
                self.world.now += seconds;
                self.world.slot += 1;
                self.chain.network.machine.set_time(self.world.now);
                format!("time: {}", self.world.now)
            }
            Step::PassSlots(count) => {
                self.world.slot += count;
                let seed = self.world.block_seed;
                self.chain.network.machine.advance_slots(count, seed);
                let oldest = self.world.slot.saturating_sub(REMEMBERED);
                self.world.blocks = (oldest, self.world.slot);
                String::new()
            }
            Step::Send(actions, tampered) => {
                self.send(&actions, tampered)?;
                return self.compare();
            }
        };
        self.set_result(result);
        Ok(())
    }

    fn set_result(&mut self, result: String) {
        if let Some((_, last)) = self.history.steps.last_mut() {
            *last = result;
        }
    }

    fn compare(&self) -> Result<(), Mismatch> {
        let same = self.chain.compare(&self.world);
        same.map_err(|found| {
            let what = format!("the chain differs from the model:\n{found}");
            Mismatch::new("the chain differs from the model", what)
        })
    }

    fn send(&mut self, actions: &[Action], tampered: Option<u64>) -> Result<(), Mismatch> {
        // Each action is built for the state after the previous ones.
        let (mut instructions, mut signers) = (Vec::new(), Vec::new());
        let mut world = self.world.clone();
        let mut says = Ok(());
        for action in actions {
            let (more, who) = self.chain.build(&world, action);
            let longer = [&instructions[..], &more[..]].concat();
            let mut together = signers.clone();
            together.extend(who.into_iter().filter(|w| !signers.contains(w)));
            if !instructions.is_empty() && !self.chain.fits(&longer, together.len()) {
                break;
            }
            (instructions, signers) = (longer, together);
            if says.is_ok() {
                match world.after(std::slice::from_ref(action), &self.chain.addresses) {
                    Ok(after) => world = after,
                    Err(no) => says = Err(no),
                }
            }
        }
        let swapped = tampered.and_then(|number| self.tamper(&mut instructions, actions, number));
        if let Some(swapped) = &swapped {
            self.set_result(swapped.clone());
        }
        let outcome = self.chain.send(&instructions, &signers);
        let name = match (actions, &swapped) {
            (_, Some(_)) => "tampered",
            ([action], None) => action.name(),
            _ => "several actions",
        };
        self.coverage.count(name, outcome.is_ok());
        if let Ok(meta) = &outcome {
            let bytes = self.chain.bytes(&instructions, signers.len());
            self.coverage.size(name, bytes, meta.compute_units_consumed);
        }
        if swapped.is_some() {
            return self.refuses_another_account(says, &outcome);
        }
        self.check_outcome(says, &outcome)?;
        if outcome.is_ok() {
            self.coverage.note(&std::mem::take(&mut world.notes));
            self.world = world;
        }
        Ok(())
    }

    /// Checks that the outcome is the one that the model predicts.
    fn check_outcome(
        &mut self,
        says: Result<(), ModelError>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch> {
        let found = error_of(outcome);
        let (kind, says) = match (says, found.as_str()) {
            (Ok(()), outcome::DONE) => {
                self.set_result("done".into());
                return Ok(());
            }
            (Err(ModelError(error)), found) if found == error => {
                self.coverage.refusal(error);
                self.set_result(format!("refused: {error}"));
                return Ok(());
            }
            // The other error depends on the rest of the transaction, so it is not part of the kind.
            (Ok(()), found) => (
                format!("the program refused with {found}, which the model does not predict"),
                "the model predicts success".to_owned(),
            ),
            (Err(ModelError(error)), outcome::DONE) => (
                format!("the program succeeded, and the model predicts {error}"),
                String::new(),
            ),
            (Err(ModelError(error)), found) => (
                format!("the program refused with {found}, which the model does not predict"),
                format!("the model predicts {error}"),
            ),
        };
        let logs = outcome.as_ref().err().map(|failed| &failed.meta.logs);
        let logs = logs.map_or_else(String::new, |logs| logs.join("\n"));
        let what = format!("{kind}: {says}\n{logs}");
        Err(Mismatch::new(kind, what))
    }
}

/// The name of the outcome. Both token programs return the same errors.
pub(crate) fn error_of(outcome: &Outcome) -> String {
    outcome::name(outcome).replace("Token2022::", "Token::")
}
