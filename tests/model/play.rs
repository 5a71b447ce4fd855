//! A sequence, from its beginning to the drained vaults.

use crate::act::{Act, Step};
use crate::chain::Town;
use crate::coverage::Coverage;
use crate::generate;
use crate::generate::rng::Rng;
use crate::world::vaults::WHOS;
use crate::world::{No, World};
use millrace_fixture::{Outcome, outcome};
use std::fmt;

/// Steps of a sequence, without those that drain it.
pub const STEPS: usize = 150;
/// Blocks that a chain remembers.
const REMEMBERED: u64 = 512;

/// What went wrong, in so many words and in a few.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The same for the same fault.
    pub kind: String,
    pub what: String,
}

impl Wrong {
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
pub struct Play<'a> {
    pub town: &'a mut Town,
    pub world: World,
    /// What happened, for whoever looks for the fault.
    pub story: &'a mut Story,
    coverage: &'a mut Coverage,
    /// Lamports of everybody as the sequence began, with those in rents.
    pub riches: [u64; WHOS],
}

/// Where the steps of a sequence come from.
pub enum Steps<'a> {
    /// Chosen at random, as the seed has it.
    Chosen,
    /// As they are given.
    Given(&'a [Step]),
}

/// Plays the sequence of a seed in a town, and drains it.
pub fn play(
    town: &mut Town,
    (seed, steps): (u64, Steps),
    story: &mut Story,
    coverage: &mut Coverage,
) -> Result<(), Wrong> {
    let world = town.begin(seed);
    let riches = world.riches();
    let mut play = Play {
        town,
        world,
        story,
        coverage,
        riches,
    };
    play.compared()?;
    match steps {
        Steps::Chosen => {
            let mut rng = Rng::new(seed);
            play.take(pick::first_step(&mut rng))?;
            for _ in 1..STEPS {
                let step = pick::step(&mut rng, &play.world, &play.town.directory);
                play.take(step)?;
            }
        }
        Steps::Given(steps) => {
            for step in steps {
                play.take(step.clone())?;
            }
        }
    }
    play.town.market.compare_with_events();
    play.story.drained_from = Some(play.story.steps.len());
    play.drain()?;
    let ended = format!("{:?}", play.world);
    coverage.ended(ended);
    Ok(())
}

impl Play<'_> {
    /// Takes a step, and compares the chain with the model.
    pub fn take(&mut self, step: Step) -> Result<(), Wrong> {
        self.story.steps.push((step.clone(), String::new()));
        let said = match step {
            Step::Pass(seconds) => {
                self.world.now += seconds;
                self.world.slot += 1;
                self.town.market.machine.warp_to(self.world.now);
                format!("it is {}", self.world.now)
            }
            Step::Blocks(count) => {
                self.world.slot += count;
                let seed = self.world.block_seed;
                self.town.market.machine.pass_slots(count, seed);
                let oldest = self.world.slot.saturating_sub(REMEMBERED);
                self.world.blocks = (oldest, self.world.slot);
                String::new()
            }
            Step::Send(acts, tampered) => {
                self.send(&acts, tampered)?;
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

    fn compared(&self) -> Result<(), Wrong> {
        let same = self.town.compare(&self.world);
        same.map_err(|found| {
            let what = format!("the chain is otherwise than the model:\n{found}");
            Wrong::new("the chain is otherwise", what)
        })
    }

    fn send(&mut self, acts: &[Act], tampered: Option<u64>) -> Result<(), Wrong> {
        // Each act is made for the world after those before it.
        let (mut instructions, mut signers) = (Vec::new(), Vec::new());
        let mut world = self.world.clone();
        let mut says = Ok(());
        for act in acts {
            let (more, who) = self.town.build(&world, act);
            let longer = [&instructions[..], &more[..]].concat();
            let mut together = signers.clone();
            together.extend(who.into_iter().filter(|w| !signers.contains(w)));
            if !instructions.is_empty() && !self.town.fits(&longer, together.len()) {
                break;
            }
            (instructions, signers) = (longer, together);
            if says.is_ok() {
                match world.after(std::slice::from_ref(act), &self.town.directory) {
                    Ok(after) => world = after,
                    Err(no) => says = Err(no),
                }
            }
        }
        let swapped = tampered.and_then(|number| self.tamper(&mut instructions, acts, number));
        if let Some(swapped) = &swapped {
            self.said(swapped.clone());
        }
        let outcome = self.town.send(&instructions, &signers);
        let name = match (acts, &swapped) {
            (_, Some(_)) => "tampered",
            ([act], None) => act.name(),
            _ => "together",
        };
        self.coverage.count(name, outcome.is_ok());
        if let Ok(meta) = &outcome {
            let bytes = self.town.bytes(&instructions, signers.len());
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
    fn agrees(&mut self, says: Result<(), No>, outcome: &Outcome) -> Result<(), Wrong> {
        let found = error_of(outcome);
        let (kind, says) = match (says, found.as_str()) {
            (Ok(()), outcome::DONE) => {
                self.said("done".into());
                return Ok(());
            }
            (Err(No(error)), found) if found == error => {
                self.coverage.refusal(error);
                self.said(format!("refused: {error}"));
                return Ok(());
            }
            // What the model says instead depends on what else is in the transaction.
            (Ok(()), found) => (
                format!("the program refused with {found}, and the model does not"),
                "the model says that it is done".to_owned(),
            ),
            (Err(No(error)), outcome::DONE) => (
                format!("the program did what the model refuses with {error}"),
                String::new(),
            ),
            (Err(No(error)), found) => (
                format!("the program refused with {found}, and the model does not"),
                format!("the model says {error}"),
            ),
        };
        let logs = outcome.as_ref().err().map(|failed| &failed.meta.logs);
        let logs = logs.map_or_else(String::new, |logs| logs.join("\n"));
        let what = format!("{kind}: {says}\n{logs}");
        Err(Wrong::new(kind, what))
    }
}

/// What became of a transaction; both token programs speak alike.
pub fn error_of(outcome: &Outcome) -> String {
    outcome::name(outcome).replace("Token2022::", "Token::")
}
