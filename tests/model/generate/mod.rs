//! What happens next: mostly something that the model says will be done, sometimes anything.

mod actions;
mod advance;
mod behaviour;
mod hostile;
mod money;
mod parameters;
mod parties;
pub mod rng;
mod terms;

use crate::action::{Action, Step};
use crate::chain::addresses::AddressBook;
use crate::generate::rng::Rng;
use crate::world::{JobState, Party, Review, World};

/// Kinds of actions with how often each is tried.
const KINDS: [(Kind, u64); 28] = [
    (Kind::Post, 5),
    (Kind::Cancel, 1),
    (Kind::Assign, 20),
    (Kind::Commit, 26),
    (Kind::Reveal, 34),
    (Kind::Acknowledge, 8),
    (Kind::Decline, 2),
    (Kind::Settle, 22),
    (Kind::ExpireSeat, 8),
    (Kind::ExpireJob, 2),
    (Kind::Close, 6),
    (Kind::Draw, 9),
    (Kind::Challenge, 9),
    (Kind::Stake, 2),
    (Kind::Unstake, 2),
    (Kind::Withdraw, 2),
    (Kind::Claim, 3),
    (Kind::Pause, 1),
    (Kind::Rules, 3),
    (Kind::Donate, 2),
    (Kind::Seed, 5),
    (Kind::Leave, 10),
    (Kind::Serve, 5),
    (Kind::Power, 3),
    (Kind::Treasury, 3),
    (Kind::Reward, 9),
    (Kind::Open, 3),
    (Kind::Rotate, 2),
];

/// What somebody may think of doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Post,
    Cancel,
    Assign,
    Commit,
    Reveal,
    Acknowledge,
    Decline,
    Settle,
    ExpireSeat,
    ExpireJob,
    Close,
    Draw,
    Challenge,
    Stake,
    Unstake,
    Withdraw,
    Claim,
    Pause,
    Rules,
    Donate,
    /// Taking a job's seed.
    Seed,
    /// A provider's way out of the network, and back.
    Leave,
    /// Orchestrators: coming, bonds, going.
    Serve,
    /// Party rules the network.
    Power,
    Treasury,
    /// Epochs and rewards.
    Reward,
    /// What is made once.
    Open,
    /// A provider's hot key.
    Rotate,
}

impl Kind {
    /// Whether it is done to a job that is there.
    pub fn is_about_a_job(self) -> bool {
        use Kind::{
            Acknowledge, Assign, Cancel, Challenge, Close, Commit, Decline, Draw, ExpireJob,
            ExpireSeat, Reveal, Seed, Settle,
        };
        matches!(
            self,
            Acknowledge
                | Assign
                | Cancel
                | Challenge
                | Close
                | Commit
                | Decline
                | Draw
                | ExpireJob
                | ExpireSeat
                | Reveal
                | Seed
                | Settle
        )
    }
}

/// Steps of a job on the way to its end, in a hundred.
const ADVANCES: u64 = 65;
/// Open jobs, below which another one is posted soon.
const JOBS: usize = 2;
/// Tries of an action until the model says that it will be done.
const TRIES: usize = 6;
/// Acts that are tried although the model says no, in a hundred.
const BOLD: u64 = 15;
/// Kinds that are tried.
const KINDS_TRIED: u64 = 6;

fn kind(rng: &mut Rng) -> Kind {
    let all = KINDS.iter().map(|(_, weight)| weight).sum();
    let mut at = rng.below(all);
    for (kind, weight) in KINDS {
        if at < weight {
            return kind;
        }
        at -= weight;
    }
    Kind::Settle
}

/// An action of a kind that will be done, if one is found; else the last that was thought of.
fn useful_of(rng: &mut Rng, kind: Kind, world: &World, addresses: &AddressBook) -> Action {
    let mut action = rng.action(kind, world);
    for _ in 1..TRIES {
        if world
            .after(std::slice::from_ref(&action), addresses)
            .is_ok()
        {
            break;
        }
        action = rng.action(kind, world);
    }
    action
}

/// An action that will be done, if one is found; else the last that was thought of.
fn useful(rng: &mut Rng, world: &World, addresses: &AddressBook) -> Action {
    let mut last = None;
    for _ in 0..KINDS_TRIED {
        let kind = kind(rng);
        if kind.is_about_a_job() && world.jobs.is_empty() {
            continue;
        }
        let action = useful_of(rng, kind, world, addresses);
        let done = world
            .after(std::slice::from_ref(&action), addresses)
            .is_ok();
        if done || rng.chance(BOLD) {
            return action;
        }
        last = Some(action);
    }
    last.unwrap_or_else(|| rng.action(Kind::Donate, world))
}

/// What happens next.
pub fn step(rng: &mut Rng, world: &World, addresses: &AddressBook) -> Step {
    if rng.chance(5) {
        return Step::PassTime(seconds(rng, world));
    }
    let shards = world
        .jobs
        .iter()
        .flat_map(|job| job.shards.iter().flatten());
    let waiting = shards
        .clone()
        .any(|s| s.review == Review::Pending && s.is_live());
    if rng.chance(if waiting { 12 } else { 1 }) {
        let few = rng.between(1, 9);
        return Step::PassSlots(if rng.chance(8) { 600 } else { few });
    }
    let open = world.jobs.iter().filter(|job| job.state == JobState::Open);
    if open.count() < JOBS && !world.paused && rng.chance(40) {
        let post = if rng.chance(20) {
            rng.broken_post(world)
        } else {
            useful_of(rng, Kind::Post, world, addresses)
        };
        return Step::Send(vec![post], None);
    }
    let advanced = if rng.chance(ADVANCES) {
        rng.advance(world, addresses)
    } else {
        None
    };
    if let Some(step) = advanced {
        return step;
    }
    let luck = rng.below(100);
    if luck < 30 {
        let kind = kind(rng);
        return Step::Send(vec![rng.action(kind, world)], None);
    }
    let first = useful(rng, world, addresses);
    if luck < 36 {
        return Step::Send(vec![first.clone(), first], None);
    }
    if luck < 46 {
        let after = world.after(std::slice::from_ref(&first), addresses);
        let second = useful(rng, after.as_ref().unwrap_or(world), addresses);
        return Step::Send(vec![first, second], None);
    }
    let tampered = (luck < 62).then(|| rng.next());
    Step::Send(vec![first], tampered)
}

/// How a sequence begins: with parameters of its own.
pub fn first_step(rng: &mut Rng) -> Step {
    let parameters = rng.parameters();
    let by = Party::Authority;
    Step::Send(vec![Action::SetParameters { by, parameters }], None)
}

/// Time to pass: a moment, to the edge of some window, or long.
fn seconds(rng: &mut Rng, world: &World) -> i64 {
    if rng.chance(35) {
        return rng.pick(&[0, 1, 1, 2, 7]);
    }
    if rng.chance(2) {
        return rng.pick(&[4_000, 5_000, 20_000]);
    }
    let mut edges = Vec::new();
    for job in &world.jobs {
        let terms = &job.terms;
        edges.extend([terms.deadline, terms.deadline - terms.round()]);
        edges.push(terms.deadline - terms.first());
        for shard in job.shards.iter().flatten().filter(|s| s.is_live()) {
            let begun = shard.commit_by - i64::from(terms.commit);
            edges.extend([shard.commit_by, shard.reveal_by, shard.challenge_by]);
            edges.push(begun + i64::from(job.accept));
        }
    }
    edges.extend(world.providers.iter().map(|provider| provider.until));
    let wait = i64::from(world.parameters.unbonding_secs);
    let leaving = world.orchestrators.iter().flatten().filter(|c| !c.active);
    edges.extend(leaving.map(|c| c.retired_at + wait));
    edges.push(world.epoch_end(world.epoch()));
    // Near ones more often than far ones.
    let mut ahead: Vec<i64> = edges.into_iter().filter(|at| *at > world.now).collect();
    ahead.sort_unstable();
    ahead.truncate(if rng.chance(85) { 3 } else { usize::MAX });
    let edge = rng.maybe(&ahead).unwrap_or(world.now + 1);
    let near = rng.pick(&[-1, 0, 0, 1]);
    (edge + near - world.now).max(0)
}
