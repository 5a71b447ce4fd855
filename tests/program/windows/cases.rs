//! Networks right before the end of a window.

use super::WindowCase;
use millrace_client::instructions;
use millrace_fixture::{Answer, OTHER, PARAMETERS, RIGHT, Setup, TestNetwork, WRONG, key};
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, Network};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Three honest results.
pub(super) const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
/// The commit window, a round, and the challenge window.
const COMMIT: i64 = 60;
const ROUND: i64 = 90;
const CHALLENGE: u32 = 120;
const WEEK: i64 = 7 * 86_400;

pub(super) fn audited(terms: &mut PostJobArgs) {
    (terms.mode, terms.audit_bps) = (Mode::Audit, 1);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

pub(super) fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, CHALLENGE);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

pub(super) fn one_seat(terms: &mut PostJobArgs) {
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
}

/// A job with seats assigned now, and the current time.
fn seated(change: fn(&mut PostJobArgs), workers: &[usize]) -> (TestNetwork, Pubkey, i64) {
    let mut network = Setup {
        workers: 5,
        ..Setup::default()
    }
    .build();
    network.machine.advance_slots(600, 3);
    let job = network.post_with(change);
    if !workers.is_empty() {
        network.assign(&job, 0, workers).unwrap();
    }
    let now = network.machine.now();
    (network, job, now)
}

fn case((network, job, at): (TestNetwork, Pubkey, i64), after: i64) -> WindowCase {
    let at = at + after;
    WindowCase { network, job, at }
}

/// The end of the commit window of three seats without a commitment.
pub(super) fn commits_end() -> WindowCase {
    case(seated(|_| (), &[0, 1, 2]), COMMIT)
}

/// The same with two of three commitments, which are enough to reveal.
pub(super) fn commits_end_with_a_quorum() -> WindowCase {
    let mut place = seated(|_| (), &[0, 1, 2]);
    place.0.commit(&place.1, 0, &ALL[..2]).unwrap();
    case(place, COMMIT)
}

/// The same with a free third seat, and one late seat of two.
pub(super) fn commits_end_beside_a_free_seat() -> WindowCase {
    let mut place = seated(|t| (t.quorum, t.max_replicas) = (3, 5), &[0, 1]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    case(place, COMMIT)
}

/// The end of the accept window.
pub(super) fn accept_window_ends() -> WindowCase {
    case(seated(|_| (), &[0, 1, 2]), PARAMETERS.accept_secs.into())
}

/// The end of the reveal window of three committed seats, two of which have revealed.
pub(super) fn reveals_end() -> WindowCase {
    let mut place = seated(|_| (), &[0, 1, 2]);
    place.0.commit(&place.1, 0, &ALL).unwrap();
    place.0.reveal(&place.1, 0, &ALL[..2]).unwrap();
    case(place, ROUND)
}

/// The end of a round without any commitment.
pub(super) fn round_ends() -> WindowCase {
    case(seated(|_| (), &[0, 1, 2]), ROUND)
}

/// The end of the reveal window that follows a late audit draw.
pub(super) fn unaudited_reveals_end() -> WindowCase {
    let mut place = seated(audited, &[0]);
    let (network, job, now) = (&mut place.0, place.1, &mut place.2);
    network.commit(&job, 0, &ALL[..1]).unwrap();
    network.machine.advance_slots(20, 3);
    network.warp(500);
    network.draw_audit(&job, 0).unwrap();
    *now = network.machine.now();
    case(place, ROUND - COMMIT)
}

fn revealed() -> (TestNetwork, Pubkey, i64) {
    let mut place = seated(challengeable, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.reveal(&place.1, 0, &ALL[..1]).unwrap();
    place
}

/// The end of the challenge window.
pub(super) fn challenge_ends() -> WindowCase {
    case(revealed(), CHALLENGE.into())
}

/// The instant `secs` before the deadline.
fn before_the_deadline((network, job, _): (TestNetwork, Pubkey, i64), secs: i64) -> WindowCase {
    let at = network.job(&job).deadline - secs;
    WindowCase { network, job, at }
}

/// The last instant at which a round fits.
pub(super) fn last_round() -> WindowCase {
    before_the_deadline(seated(|_| (), &[]), ROUND)
}

/// The last instant at which two rounds and a draw fit.
pub(super) fn last_audit() -> WindowCase {
    before_the_deadline(seated(audited, &[]), 2 * ROUND + 60)
}

/// The last instant at which two rounds and a challenge fit.
pub(super) fn last_challenge() -> WindowCase {
    before_the_deadline(seated(challengeable, &[]), 2 * ROUND + i64::from(CHALLENGE))
}

/// The last instant at which a draw leaves time for a round.
pub(super) fn last_draw() -> WindowCase {
    let mut place = seated(audited, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.machine.advance_slots(20, 3);
    before_the_deadline(place, ROUND)
}

/// The first instant at which a missing draw no longer fits.
pub(super) fn no_draw_fits() -> WindowCase {
    let mut case = last_draw();
    case.at += 1;
    case
}

/// The first instant at which no round fits for an open challenge.
pub(super) fn no_challenge_round_fits() -> WindowCase {
    let mut place = revealed();
    let challenger = place.0.owner.insecure_clone();
    place.0.challenge(&place.1, 0, &challenger).unwrap();
    before_the_deadline(place, ROUND - 1)
}

/// The first instant at which the seats that a disagreement opened can no longer be assigned.
pub(super) fn no_further_seats_fit() -> WindowCase {
    let mut place = seated(|t| (t.quorum, t.max_replicas) = (3, 5), &[]);
    let (network, job, _) = &mut place;
    network.run_seats(job, 0, &[(0, RIGHT), (1, WRONG), (2, OTHER)]);
    network.settle(job, 0).unwrap();
    before_the_deadline(place, ROUND - 1)
}

/// The deadline of a job without seats.
pub(super) fn deadline() -> WindowCase {
    before_the_deadline(seated(|t| t.shards = 2, &[]), 0)
}

/// The deadline of a job whose output is not delivered.
pub(super) fn deadline_of_an_undelivered_output() -> WindowCase {
    let mut place = seated(one_seat, &[0]);
    place.0.commit(&place.1, 0, &ALL[..1]).unwrap();
    place.0.reveal_by_anyone(&place.1, 0, &ALL[..1]).unwrap();
    before_the_deadline(place, 0)
}

/// The instant `before` the deadline that the posted job will have.
fn posting(before: i64) -> WindowCase {
    let network = TestNetwork::start();
    let at = network.machine.now() + 500_000 - before;
    WindowCase {
        network,
        job: Pubkey::default(),
        at,
    }
}

/// The deadline of the jobs that [`posting`] precedes.
pub(super) fn posting_deadline(network: &TestNetwork) -> i64 {
    let account: Network = network.read(&millrace_client::pda::network());
    account.epochs_started_at + 500_000
}

/// The last instants to post a job of each mode, and the first one.
pub(super) fn last_posting() -> WindowCase {
    posting(ROUND)
}
pub(super) fn last_posting_of_an_audit() -> WindowCase {
    posting(2 * ROUND + 60)
}
pub(super) fn last_posting_of_a_challenge() -> WindowCase {
    posting(2 * ROUND + i64::from(CHALLENGE))
}
pub(super) fn first_posting() -> WindowCase {
    posting(PARAMETERS.max_deadline_secs.into())
}

/// The end of the unbonding time.
pub(super) fn unbonding_ends() -> WindowCase {
    let mut place = seated(|_| (), &[]);
    place.0.request_unstake(0, 40_000).unwrap();
    case(place, WEEK)
}

/// The end of a retired orchestrator's unbonding time.
pub(super) fn retirement_ends() -> WindowCase {
    let mut place = seated(|_| (), &[]);
    let (network, orchestrator) = (&mut place.0, key(4));
    let (mints, wallet) = (network.mints, orchestrator.pubkey());
    network
        .machine
        .open_wallet(&wallet, mints, (&mints.stake, 1_000));
    let actions = [
        instructions::bond(wallet, &wallet, mints, 1_000),
        instructions::retire_orchestrator(wallet, &wallet),
    ];
    network.machine.send(&actions, &[&orchestrator]).unwrap();
    case(place, WEEK)
}

/// The end of an epoch with points.
pub(super) fn epoch_ends() -> WindowCase {
    let mut place = seated(|_| (), &[]);
    place.0.fund_rewards(1_000_000);
    place.0.run_seats(&place.1, 0, &ALL);
    place.0.settle(&place.1, 0).unwrap();
    let account: Network = place.0.read(&millrace_client::pda::network());
    place.2 = account.epoch_end(0);
    case(place, 0)
}

/// The end of an epoch in which a shard can be settled.
pub(super) fn settlement_at_an_epochs_end() -> WindowCase {
    let mut network = TestNetwork::start();
    let account: Network = network.read(&millrace_client::pda::network());
    let at = account.epoch_end(0);
    network.machine.set_time(at - 3_000);
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    WindowCase { network, job, at }
}
