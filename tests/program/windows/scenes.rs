//! Markets right before a window ends.

use super::Scene;
use millrace_client::instructions;
use millrace_fixture::{Answer, Market, OTHER, PARAMETERS, RIGHT, Setup, WRONG, key};
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, Network};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Three right answers.
pub const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
/// The time to commit and to reveal, a round, and the time to challenge.
const COMMIT: i64 = 60;
const ROUND: i64 = 90;
const CHALLENGE: u32 = 120;
const WEEK: i64 = 7 * 86_400;

pub fn audited(terms: &mut PostJobArgs) {
    (terms.mode, terms.audit_bps) = (Mode::Audit, 1);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

pub fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, CHALLENGE);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

pub fn one_seat(terms: &mut PostJobArgs) {
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
}

/// A job, some of whose seats are taken now.
fn seated(change: fn(&mut PostJobArgs), workers: &[usize]) -> (Market, Pubkey, i64) {
    let mut market = Setup {
        workers: 5,
        ..Setup::default()
    }
    .build();
    market.machine.pass_slots(600, 3);
    let job = market.posted(change);
    if !workers.is_empty() {
        market.assign(&job, 0, workers).unwrap();
    }
    let now = market.machine.now();
    (market, job, now)
}

fn scene((market, job, at): (Market, Pubkey, i64), after: i64) -> Scene {
    let at = at + after;
    Scene { market, job, at }
}

/// The end of the commit window of three seats that have not committed.
pub fn commits_end() -> Scene {
    scene(seated(|_| (), &[0, 1, 2]), COMMIT)
}

/// The same where two of three have, and two are enough to show results.
pub fn commits_end_with_a_quorum() -> Scene {
    let mut place = seated(|_| (), &[0, 1, 2]);
    place.0.commit(&place.1, 0, &ALL[..2]).unwrap();
    scene(place, COMMIT)
}

/// The same where a third seat is free, and one of two is late.
pub fn commits_end_beside_a_free_seat() -> Scene {
    let mut place = seated(|t| t.quorum = 3, &[0, 1]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    scene(place, COMMIT)
}

/// The end of the time to decline.
pub fn accepting_ends() -> Scene {
    scene(seated(|_| (), &[0, 1, 2]), PARAMETERS.accept_secs.into())
}

/// The same for a commit window that is shorter.
pub fn accepting_ends_with_the_commits() -> Scene {
    scene(seated(|t| t.commit_secs = 10, &[0, 1, 2]), 10)
}

/// The end of the reveal window of seats that have committed; two have shown.
pub fn reveals_end() -> Scene {
    let mut place = seated(|_| (), &[0, 1, 2]);
    place.0.commit(&place.1, 0, &ALL).unwrap();
    place.0.reveal(&place.1, 0, &ALL[..2]).unwrap();
    scene(place, ROUND)
}

/// The end of a round in which nobody has done anything.
pub fn round_ends() -> Scene {
    scene(seated(|_| (), &[0, 1, 2]), ROUND)
}

/// The end of the time to reveal that a draw gave to a seat.
pub fn spared_reveals_end() -> Scene {
    let mut place = seated(audited, &[0]);
    let (market, job, now) = (&mut place.0, place.1, &mut place.2);
    market.commit(&job, 0, &ALL[..1]).unwrap();
    market.machine.pass_slots(20, 3);
    market.warp(500);
    market.draw(&job, 0).unwrap();
    *now = market.machine.now();
    scene(place, ROUND - COMMIT)
}

/// A result that can be challenged.
fn shown() -> (Market, Pubkey, i64) {
    let mut place = seated(challengeable, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.reveal(&place.1, 0, &ALL[..1]).unwrap();
    place
}

/// The end of the time to challenge.
pub fn result_stands() -> Scene {
    scene(shown(), CHALLENGE.into())
}

/// How long before its deadline something must begin.
fn before_the_deadline((market, job, _): (Market, Pubkey, i64), secs: i64) -> Scene {
    let at = market.job(&job).deadline - secs;
    Scene { market, job, at }
}

/// The last instant at which a round fits.
pub fn last_round() -> Scene {
    before_the_deadline(seated(|_| (), &[]), ROUND)
}

/// The last instant at which two rounds and a draw fit.
pub fn last_audit() -> Scene {
    before_the_deadline(seated(audited, &[]), 2 * ROUND + 60)
}

/// The last instant at which two rounds and a challenge fit.
pub fn last_challenge() -> Scene {
    before_the_deadline(seated(challengeable, &[]), 2 * ROUND + i64::from(CHALLENGE))
}

/// The last instant at which a draw leaves a round.
pub fn last_draw() -> Scene {
    let mut place = seated(audited, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.machine.pass_slots(20, 3);
    before_the_deadline(place, ROUND)
}

/// The first instant at which a draw that nobody made does not fit any more.
pub fn no_draw_fits() -> Scene {
    let mut scene = last_draw();
    scene.at += 1;
    scene
}

/// The first instant at which nobody can hear a challenge any more.
pub fn no_hearing_fits() -> Scene {
    let mut place = shown();
    let challenger = place.0.owner.insecure_clone();
    place.0.challenge(&place.1, 0, &challenger).unwrap();
    before_the_deadline(place, ROUND - 1)
}

/// The first instant at which seats that a disagreement has opened can't be taken any more.
pub fn no_further_seats_fit() -> Scene {
    let mut place = seated(|t| (t.quorum, t.max_replicas) = (3, 5), &[]);
    let (market, job, _) = &mut place;
    market.answered(job, 0, &[(0, RIGHT), (1, WRONG), (2, OTHER)]);
    market.settle(job, 0).unwrap();
    before_the_deadline(place, ROUND - 1)
}

/// The deadline of a job that nobody has taken.
pub fn deadline() -> Scene {
    before_the_deadline(seated(|t| t.shards = 2, &[]), 0)
}

/// The deadline of a job whose output nobody has.
pub fn deadline_of_an_output() -> Scene {
    let mut place = seated(one_seat, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.show(&place.1, 0, &ALL[..1]).unwrap();
    before_the_deadline(place, 0)
}

/// The instant that is so long before a deadline that a wallet wants.
fn posting(before: i64) -> Scene {
    let market = Market::open();
    let at = market.machine.now() + 500_000 - before;
    Scene {
        market,
        job: Pubkey::default(),
        at,
    }
}

/// The deadline that [`posting`] is before.
pub fn wanted(market: &Market) -> i64 {
    let network: Network = market.read(&millrace_client::pda::network());
    network.epochs_started_at + 500_000
}

/// The last instant to post a job, of each mode, and the first one.
pub fn last_posting() -> Scene {
    posting(ROUND)
}
pub fn last_posting_of_an_audit() -> Scene {
    posting(2 * ROUND + 60)
}
pub fn last_posting_of_a_challenge() -> Scene {
    posting(2 * ROUND + i64::from(CHALLENGE))
}
pub fn first_posting() -> Scene {
    posting(PARAMETERS.max_deadline_secs.into())
}

/// The end of the unbonding time.
pub fn unbonding_ends() -> Scene {
    let mut place = seated(|_| (), &[]);
    place.0.unstake(0, 40_000).unwrap();
    scene(place, WEEK)
}

/// The end of a retired orchestrator's time.
pub fn retirement_ends() -> Scene {
    let mut place = seated(|_| (), &[]);
    let (market, orchestrator) = (&mut place.0, key(4));
    let (mints, wallet) = (market.mints, orchestrator.pubkey());
    market
        .machine
        .open_wallet(&wallet, mints, (&mints.stake, 1_000));
    let acts = [
        instructions::bond(wallet, &wallet, mints, 1_000),
        instructions::retire_orchestrator(wallet, &wallet),
    ];
    market.machine.send(&acts, &[&orchestrator]).unwrap();
    scene(place, WEEK)
}

/// The end of an epoch with points.
pub fn epoch_ends() -> Scene {
    let mut place = seated(|_| (), &[]);
    place.0.fund_rewards(1_000_000);
    place.0.answered(&place.1, 0, &ALL);
    place.0.settle(&place.1, 0).unwrap();
    let network: Network = place.0.read(&millrace_client::pda::network());
    place.2 = network.epoch_end(0);
    scene(place, 0)
}

/// The end of an epoch in which a shard could be settled.
pub fn settlement_at_an_epochs_end() -> Scene {
    let mut market = Market::open();
    let network: Network = market.read(&millrace_client::pda::network());
    let at = network.epoch_end(0);
    market.machine.warp_to(at - 3_000);
    let job = market.posted(|_| ());
    market.answered(&job, 0, &ALL);
    Scene { market, job, at }
}
