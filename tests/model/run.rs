//! A sequence, from its beginning to the drained vaults.

use crate::action::{Action, Step};
use crate::chain::TestChain;
use crate::coverage::Coverage;
use crate::generate;
use crate::generate::rng::Rng;
use crate::world::vaults::PARTIES;
use crate::world::{ModelError, World};
use millrace_fixture::{Outcome, outcome};
use std::fmt;

/// Steps of a sequence, without those that drain it.
pub const STEPS: usize = 150;
/// Blocks that a chain remembers.
const REMEMBERED: u64 = 512;

/// What went mismatch, in so many words and in a few.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The same for the same fault.
    pub kind: String,
    pub what: String,
}

impl Mismatch {
    pub fn new(kind: impl Into<String>, what: impl Into<String>) -> Self {
        let (kind, what) = (kind.into(), what.into());
        Self { kind, what }
    }
}

/// What happened so far.
#[derive(Default)]
pub struct Story {
    steps: Vec<(Step, String)>,
    /// Steps until the draining began.
    drained_from: Option<usize>,
}

impl Story {
    /// The steps, without those that drain.
    pub fn chosen(&self) -> Vec<Step> {
        let until = self.drained_from.unwrap_or(self.steps.len());
        let steps = self.steps[..until].iter();
        steps.map(|(step, _)| step.clone()).collect()
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (n, (step, said)) in self.steps.iter().enumerate() {
            writeln!(f, "{n:3} {step:?}: {said}")?;
        }
        Ok(())
    }
}

/// A sequence that is being played.
pub struct Run<'a> {
    pub chain: &'a mut TestChain,
    pub world: World,
    /// What happened, for whoever looks for the fault.
    pub story: &'a mut Story,
    coverage: &'a mut Coverage,
    /// Lamports of everybody as the sequence began, with those in rents.
    pub lamports_with_rents: [u64; PARTIES],
}

/// Where the steps of a sequence come from.
pub enum Steps<'a> {
    /// Chosen at random, as the seed has it.
    Generated,
    /// As they are given.
    Replayed(&'a [Step]),
}

/// Plays the sequence of a seed in a chain, and drains it.
pub fn run(
    chain: &mut TestChain,
    (seed, steps): (u64, Steps),
    story: &mut Story,
    coverage: &mut Coverage,
) -> Result<(), Mismatch> {
    let world = chain.begin(seed);
    let lamports_with_rents = world.lamports_with_rents();
    let mut run = Run {
        chain,
        world,
        story,
        coverage,
        lamports_with_rents,
    };
    run.compared()?;
    match steps {
        Steps::Generated => {
            let mut rng = Rng::new(seed);
            run.take(generate::first_step(&mut rng))?;
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
    run.story.drained_from = Some(run.story.steps.len());
    run.drain()?;
    let ended = format!("{:?}", run.world);
    coverage.ended(ended);
    Ok(())
}

impl Run<'_> {
    /// Takes a step, and compares the chain with the model.
    pub fn take(&mut self, step: Step) -> Result<(), Mismatch> {
        self.story.steps.push((step.clone(), String::new()));
        let said = match step {
            Step::PassTime(seconds) => {
                self.world.now += seconds;
                self.world.slot += 1;
                self.chain.network.machine.set_time(self.world.now);
                format!("it is {}", self.world.now)
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
                return self.compared();
            }
        };
        self.said(said);
        Ok(())
    }

    fn said(&mut self, said: String) {
        if let Some((_, last)) = self.story.steps.last_mut() {
            *last = said;
        }
    }

    fn compared(&self) -> Result<(), Mismatch> {
        let same = self.chain.compare(&self.world);
        same.map_err(|found| {
            let what = format!("the chain is otherwise than the model:\n{found}");
            Mismatch::new("the chain is otherwise", what)
        })
    }

    fn send(&mut self, actions: &[Action], tampered: Option<u64>) -> Result<(), Mismatch> {
        // Each action is made for the world after those before it.
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
            self.said(swapped.clone());
        }
        let outcome = self.chain.send(&instructions, &signers);
        let name = match (actions, &swapped) {
            (_, Some(_)) => "tampered",
            ([action], None) => action.name(),
            _ => "together",
        };
        self.coverage.count(name, outcome.is_ok());
        if let Ok(meta) = &outcome {
            let bytes = self.chain.bytes(&instructions, signers.len());
            self.coverage.size(name, bytes, meta.compute_units_consumed);
        }
        if swapped.is_some() {
            return self.refuses_another_account(says, &outcome);
        }
        self.agrees(says, &outcome)?;
        if outcome.is_ok() {
            self.coverage.note(&std::mem::take(&mut world.notes));
            self.world = world;
        }
        Ok(())
    }

    /// Whether the program did what the model says, or refused with the error that the model says.
    fn agrees(&mut self, says: Result<(), ModelError>, outcome: &Outcome) -> Result<(), Mismatch> {
        let found = error_of(outcome);
        let (kind, says) = match (says, found.as_str()) {
            (Ok(()), outcome::DONE) => {
                self.said("done".into());
                return Ok(());
            }
            (Err(ModelError(error)), found) if found == error => {
                self.coverage.refusal(error);
                self.said(format!("refused: {error}"));
                return Ok(());
            }
            // What the model says instead depends on what else is in the transaction.
            (Ok(()), found) => (
                format!("the program refused with {found}, and the model does not"),
                "the model says that it is done".to_owned(),
            ),
            (Err(ModelError(error)), outcome::DONE) => (
                format!("the program did what the model refuses with {error}"),
                String::new(),
            ),
            (Err(ModelError(error)), found) => (
                format!("the program refused with {found}, and the model does not"),
                format!("the model says {error}"),
            ),
        };
        let logs = outcome.as_ref().err().map(|failed| &failed.meta.logs);
        let logs = logs.map_or_else(String::new, |logs| logs.join("\n"));
        let what = format!("{kind}: {says}\n{logs}");
        Err(Mismatch::new(kind, what))
    }
}

/// What became of a transaction; both token programs speak alike.
pub fn error_of(outcome: &Outcome) -> String {
    outcome::name(outcome).replace("Token2022::", "Token::")
}
