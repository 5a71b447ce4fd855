//! Generates the steps of a sequence: mostly actions that the model accepts, sometimes arbitrary ones.

mod actions;
mod advance;
mod behaviour;
mod hostile;
mod money;
mod parameters;
mod parties;
pub(crate) mod rng;
mod terms;

use crate::action::{Action, Step};
use crate::chain::addresses::AddressBook;
use crate::generate::rng::Rng;
use crate::world::{JobState, Party, Review, World};

/// Kinds of actions with their weights.
const KINDS: [(ActionKind, u64); 28] = [
    (ActionKind::Post, 5),
    (ActionKind::Cancel, 1),
    (ActionKind::Assign, 20),
    (ActionKind::Commit, 26),
    (ActionKind::Reveal, 34),
    (ActionKind::Acknowledge, 8),
    (ActionKind::Decline, 2),
    (ActionKind::Settle, 22),
    (ActionKind::ExpireSeat, 8),
    (ActionKind::ExpireJob, 2),
    (ActionKind::Close, 6),
    (ActionKind::Draw, 9),
    (ActionKind::Challenge, 9),
    (ActionKind::Stake, 2),
    (ActionKind::Unstake, 2),
    (ActionKind::Withdraw, 2),
    (ActionKind::Claim, 3),
    (ActionKind::Pause, 1),
    (ActionKind::Settings, 3),
    (ActionKind::Donate, 2),
    (ActionKind::Seed, 5),
    (ActionKind::Exit, 14),
    (ActionKind::Orchestrators, 5),
    (ActionKind::Authority, 3),
    (ActionKind::Treasury, 3),
    (ActionKind::Reward, 9),
    (ActionKind::Reopen, 3),
    (ActionKind::Rotate, 2),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionKind {
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
    Settings,
    Donate,
    Seed,
    /// A provider's exit from the network, and its return.
    Exit,
    /// Registration, bonds and retirement of orchestrators.
    Orchestrators,
    /// The authority and the pauser.
    Authority,
    Treasury,
    /// Epochs and rewards.
    Reward,
    /// Accounts that are created once.
    Reopen,
    Rotate,
}

impl ActionKind {
    pub(crate) fn is_about_a_job(self) -> bool {
        use ActionKind::{
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

/// Steps that advance a job towards its end, percent.
const ADVANCES: u64 = 65;
/// If fewer jobs are open, another one is posted soon.
const JOBS: usize = 2;
/// Attempts to find an action of a kind that the model accepts.
const TRIES: usize = 6;
/// Actions that are tried although the model refuses them, percent.
const BOLD: u64 = 15;
/// Attempts to find a kind with an accepted action.
const KINDS_TRIED: u64 = 6;

fn kind(rng: &mut Rng) -> ActionKind {
    let all = KINDS.iter().map(|(_, weight)| weight).sum();
    let mut at = rng.below(all);
    for (kind, weight) in KINDS {
        if at < weight {
            return kind;
        }
        at -= weight;
    }
    ActionKind::Settle
}

/// An action of a kind that the model accepts, or else the last candidate.
fn useful_of(rng: &mut Rng, kind: ActionKind, world: &World, addresses: &AddressBook) -> Action {
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

/// An action that the model accepts, or else the last candidate.
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
    last.unwrap_or_else(|| rng.action(ActionKind::Donate, world))
}

pub(crate) fn step(rng: &mut Rng, world: &World, addresses: &AddressBook) -> Step {
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
            useful_of(rng, ActionKind::Post, world, addresses)
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

/// The first step of a sequence: its own parameters.
pub(crate) fn first_step(rng: &mut Rng, world: &World) -> Step {
    let parameters = rng.parameters(world);
    let by = Party::Authority;
    Step::Send(vec![Action::SetParameters { by, parameters }], None)
}

/// Seconds to pass: a moment, until the edge of a window, or a long time.
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
            let seated_at = shard.commit_by - i64::from(terms.commit);
            edges.extend([shard.commit_by, shard.reveal_by, shard.challenge_by]);
            edges.push(seated_at + i64::from(job.accept));
        }
    }
    edges.extend(world.providers.iter().map(|provider| provider.until));
    let wait = i64::from(world.parameters.unbonding_secs);
    let leaving = world.orchestrators.iter().flatten().filter(|c| !c.active);
    edges.extend(leaving.map(|c| c.retired_at + wait));
    edges.push(world.epoch_end(world.epoch()));
    // Near edges are more frequent than far ones.
    let mut ahead: Vec<i64> = edges.into_iter().filter(|at| *at > world.now).collect();
    ahead.sort_unstable();
    ahead.truncate(if rng.chance(85) { 3 } else { usize::MAX });
    let edge = rng.maybe(&ahead).unwrap_or(world.now + 1);
    let near = rng.pick(&[-1, 0, 0, 1]);
    (edge + near - world.now).max(0)
}
