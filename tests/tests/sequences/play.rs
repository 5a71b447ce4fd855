//! A sequence, from the seed to the drained vaults.

use super::act::{Act, Step};
use super::coverage::Coverage;
use super::pick;
use super::rng::Rng;
use super::town::Town;
use super::vaults::{Vault, Who};
use super::world::{JobId, Mint, No, World};
use crate::fixture::swap;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use std::fmt;

/// Steps of a sequence, without those that drain it.
pub const STEPS: usize = 100;
/// Blocks that a chain remembers.
const REMEMBERED: u64 = 512;

/// What happened so far; told when the test panics.
struct Story {
    seed: u64,
    steps: Vec<(Step, String)>,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (n, (step, said)) in self.steps.iter().enumerate() {
            writeln!(f, "{n:3} {step:?}: {said}")?;
        }
        write!(
            f,
            "That was seed {}: MILLRACE_SEED={} MILLRACE_SEQUENCES=1 runs it alone.",
            self.seed, self.seed
        )
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{self}");
        }
    }
}

/// A sequence that is being played.
pub struct Play<'a> {
    town: &'a mut Town,
    world: World,
    story: Story,
    coverage: &'a mut Coverage,
}

/// Plays the sequence of a seed in a town.
pub fn play(town: &mut Town, seed: u64, coverage: &mut Coverage) {
    let world = town.begin(seed);
    let steps = Vec::new();
    let mut play = Play {
        story: Story { seed, steps },
        town,
        world,
        coverage,
    };
    play.compared();
    let mut rng = Rng::new(seed);
    play.take(pick::first_step(&mut rng, &play.world));
    for _ in 1..STEPS {
        let step = pick::step(&mut rng, &play.world, &play.town.directory);
        play.take(step);
    }
    play.town.market.compare_with_events();
    play.drain();
    let ended = format!("{:?}", play.world);
    coverage.ended(ended);
}

impl Play<'_> {
    /// Takes a step, and compares the chain with the model.
    fn take(&mut self, step: Step) {
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
                self.send(&acts, tampered);
                self.compared();
                return;
            }
        };
        self.said(said);
    }

    fn said(&mut self, said: String) {
        if let Some((_, last)) = self.story.steps.last_mut() {
            *last = said;
        }
    }

    fn compared(&self) {
        if let Err(differences) = self.town.compare(&self.world) {
            panic!("the chain is otherwise than the model:\n{differences}");
        }
    }

    fn send(&mut self, acts: &[Act], tampered: Option<u64>) {
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
        if swapped.is_some() {
            says = Err(No("another account"));
        }
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
        match (says, outcome) {
            (Ok(()), Ok(_)) => {
                self.coverage.note(&std::mem::take(&mut world.notes));
                self.world = world;
                self.said("done".into());
            }
            (Err(No(why)), Err(_)) => self.said(format!("refused: {why}")),
            (Ok(()), Err(failed)) => panic!(
                "refused, and the model says that it is done: {}\n{}",
                failed.err,
                failed.meta.logs.join("\n")
            ),
            (Err(No(why)), Ok(_)) => panic!("done, and the model says no: {why}"),
        }
    }

    /// Puts another account of its kind in the place of one; says which, if one was found.
    fn tamper(&self, all: &mut [Instruction], acts: &[Act], number: u64) -> Option<String> {
        let directory = &self.town.directory;
        let (purses, anybody) = match acts.first()? {
            Act::Settle { bounty, .. } | Act::ExpireSeat { bounty, .. } => {
                (bounty.is_none(), false)
            }
            Act::Donate { .. } | Act::Retire { .. } => return None,
            Act::Assign { .. } => (false, true),
            _ => (true, false),
        };
        let instruction = all.last_mut()?;
        let mut others = Vec::new();
        for meta in &instruction.accounts {
            let sits = anybody && directory.providers.contains(&meta.pubkey);
            let other = directory.counterpart(&meta.pubkey, purses, number >> 8);
            others.extend(other.filter(|_| !sits).map(|to| (meta.pubkey, to)));
            others.extend(
                self.shard_of_another(&meta.pubkey)
                    .map(|to| (meta.pubkey, to)),
            );
        }
        let at = (number & 0xFF) as usize;
        let (from, to) = *others.get(at % others.len().max(1))?;
        *instruction = swap(instruction.clone(), from, to);
        Some(format!("{from} was swapped for {to}"))
    }

    /// For a shard's own account that of another job.
    fn shard_of_another(&self, account: &Pubkey) -> Option<Pubkey> {
        let directory = &self.town.directory;
        let all = self.world.jobs.iter().filter(|job| job.terms.shards > 1);
        let all = all.flat_map(|job| (0..job.terms.shards).map(move |index| (job.id, index)));
        let all: Vec<(JobId, u32)> = all.collect();
        let own = all
            .iter()
            .find(|(id, n)| directory.shard(*id, *n) == *account)?;
        let other = all.iter().find(|(id, _)| *id != own.0)?;
        Some(directory.shard(other.0, other.1))
    }

    fn must(&mut self, act: Act) {
        let says = self
            .world
            .after(std::slice::from_ref(&act), &self.town.directory);
        assert_eq!(says.map(|_| ()), Ok(()), "{act:?} while draining");
        self.take(Step::Send(vec![act], None));
    }

    fn pass_until(&mut self, time: i64) {
        self.take(Step::Pass((time - self.world.now).max(0)));
    }

    /// Ends everything as anyone can, and looks for what is left.
    fn drain(&mut self) {
        let shards = self.world.jobs.iter().flat_map(|job| {
            let ends = job.shards.iter().flatten();
            let ends = ends.flat_map(|s| [s.reveal_by, s.stands_at]);
            ends.chain([job.terms.deadline]).collect::<Vec<_>>()
        });
        let last = shards.max().unwrap_or(self.world.now);
        self.pass_until(last);
        for id in self.world.jobs.iter().map(|job| job.id).collect::<Vec<_>>() {
            self.end(id);
        }
        for worker in 0..super::world::WORKERS {
            let provider = self.world.providers[worker].clone();
            if provider.earned > provider.claimed {
                self.must(Act::Claim { worker });
            }
            let by = Who::Worker(worker);
            if provider.active > 0 {
                let amount = provider.active;
                self.must(Act::Unstake { by, worker, amount });
            }
        }
        let until = self.world.providers.iter().map(|provider| provider.until);
        self.pass_until(until.max().unwrap_or(0));
        for worker in 0..super::world::WORKERS {
            if self.world.providers[worker].unbonding > 0 {
                let by = Who::Worker(worker);
                self.must(Act::Withdraw { by, worker });
            }
        }
        self.nothing_is_left();
        self.town.market.audit();
        self.town.market.compare_with_events();
    }

    fn end(&mut self, id: JobId) {
        let job = self.world.job(id).unwrap().clone();
        if job.unassigned() > 0 {
            self.must(Act::ExpireJob { job: id });
        }
        for (index, shard) in job.shards.iter().enumerate() {
            if shard.as_ref().is_some_and(|s| s.is_live()) {
                self.must(Act::Settle {
                    job: id,
                    index: index as u32,
                    bounty: Some(Vault::Purse(Who::Stranger, Mint::Stake)),
                });
            }
        }
        let own = job.shards.iter().enumerate();
        let own = own.filter(|(_, s)| s.as_ref().is_some_and(|s| !s.closed));
        let own = own.map(|(index, _)| index as u32);
        let shards = match job.terms.shards {
            1 => Vec::new(),
            _ => own.collect(),
        };
        self.must(Act::Close {
            job: id,
            shards,
            payer: None,
        });
    }

    /// Every vault but treasuries has what was donated to it, and everybody's lamports are back.
    fn nothing_is_left(&self) {
        for (vault, address) in self.town.directory.vaults() {
            if !matches!(vault, Vault::Purse(..) | Vault::Treasury(..)) {
                let left = self.town.market.machine.tokens(address);
                assert_eq!(left, self.world.donated.get(*vault), "left in {vault:?}");
            }
        }
        for client in &self.world.clients {
            assert_eq!((client.held, client.jobs), (0, 0));
        }
        for provider in &self.world.providers {
            assert_eq!((provider.locked, provider.seats), (0, 0));
        }
        let found = Who::ALL.map(|who| self.world.lamports[who.at()]);
        assert_eq!(found, self.town.lamports_at_first(), "rents came back");
    }
}
