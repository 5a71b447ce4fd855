//! A result is shown only when nobody can copy it any more, and only as it was committed to.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, Market, RIGHT, WRONG, key, refused, swap};
use millrace_program::RevealEntry;
use millrace_program::state::{SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A shard whose three seats have committed.
fn committed() -> (Market, Pubkey) {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL).unwrap();
    (market, job)
}

#[test]
fn results_are_shown_as_soon_as_every_seat_has_committed() {
    let (mut market, job) = committed();
    market.reveal(&job, 0, &ALL[..2]).unwrap();
    let shard = market.shard(&job, 0);
    assert_eq!(shard.state(), Some(ShardState::Revealing));
    assert_eq!(shard.count(SeatStatus::Revealed), 2);
    assert_eq!(
        (shard.seats[0].digest, shard.seats[0].units),
        (RIGHT.root, 1_000)
    );
    market.reveal(&job, 0, &ALL[2..]).unwrap();
}

#[test]
fn no_result_is_shown_while_a_seat_could_still_copy_it() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL[..2]).unwrap();
    market.warp(59);
    refused(market.reveal(&job, 0, &ALL[..1]), "RevealsNotOpen");
    market.warp(1);
    market.reveal(&job, 0, &ALL[..1]).unwrap();
}

#[test]
fn no_result_is_shown_while_a_seat_is_free() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1]).unwrap();
    market.commit(&job, 0, &ALL[..2]).unwrap();
    refused(market.reveal(&job, 0, &ALL[..2]), "RevealsNotOpen");
    market.assign(&job, 0, &[2]).unwrap();
    refused(market.reveal(&job, 0, &ALL[..2]), "RevealsNotOpen");
}

#[test]
fn nobody_sits_down_once_a_result_is_shown() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1]).unwrap();
    market.commit(&job, 0, &ALL[..2]).unwrap();
    market.warp(60);
    market.reveal(&job, 0, &ALL[..1]).unwrap();
    refused(market.assign(&job, 0, &[2]), "NoFreeSeat");
}

#[test]
fn a_free_seat_is_not_filled_once_a_quorum_can_show_its_results() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL[..2]).unwrap();
    market.warp(60);
    market.expire_seat(&job, 0, 2).unwrap();
    // The orchestrator may know both results by now, and could have them copied.
    refused(market.assign(&job, 0, &[2]), "RevealsOpen");
    market.reveal(&job, 0, &ALL[..2]).unwrap();
    market.settle(&job, 0).unwrap();
}

#[test]
fn a_seat_that_was_freed_is_not_paid_for_copying_a_quorum() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL[..2]).unwrap();
    market.warp(60);
    market.expire_seat(&job, 0, 2).unwrap();
    market.reveal(&job, 0, &ALL[..2]).unwrap();
    // Nobody's commitment is to come: both results are there for everyone to see.
    refused(market.assign(&job, 0, &[2]), "NoFreeSeat");
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings[2], 0);
}

#[test]
fn a_late_seat_is_not_forgiven_by_filling_another() {
    let mut market = Market::open();
    let job = market.posted(|t| t.quorum = 3);
    market.assign(&job, 0, &[0, 1]).unwrap();
    market.commit(&job, 0, &ALL[..1]).unwrap();
    market.warp(60);
    refused(market.assign(&job, 0, &[2]), "LateSeatsNotExpired");
    market.expire_seat(&job, 0, 1).unwrap();
    market.assign(&job, 0, &[2]).unwrap();
}

#[test]
fn less_than_a_quorum_of_commitments_shows_nothing() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL[..1]).unwrap();
    market.warp(60);
    refused(market.reveal(&job, 0, &ALL[..1]), "RevealsNotOpen");
}

#[test]
fn a_reveal_opens_exactly_what_was_committed_to() {
    let (mut market, job) = committed();
    let opening = market.opening(&job, 0, ALL[0]);
    let changed: [fn(&mut RevealEntry); 4] = [
        |o| o.root[31] ^= 1,
        |o| o.units += 1,
        |o| o.salt[0] ^= 1,
        |o| o.seat = 1,
    ];
    for change in changed {
        let mut other = opening.clone();
        change(&mut other);
        let outcome = market.reveal_openings(&job, 0, vec![other]);
        refused(outcome, "RevealMismatch");
    }
    market.reveal_openings(&job, 0, vec![opening]).unwrap();
}

#[test]
fn a_copied_commitment_can_not_be_opened() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    // Worker 1 signs, for its own seat, the commitment that it saw worker 0 make.
    let seen = market.claim(&job, 0, ALL[0]).commitment;
    let mut copy = market.claim(&job, 0, ALL[1]);
    let network: millrace_program::state::Network = market.read(&pda::network());
    let place = millrace_protocol::commitment::SeatContext {
        network_id: &network.network_id,
        program: pda::PROGRAM.as_array(),
        job: job.as_array(),
        shard: 0,
        attempt: 0,
        provider: copy.provider.as_array(),
    };
    copy.commitment = seen;
    copy.signed.statement = place.statement(&seen);
    let operator = &market.workers[1].operator;
    copy.signed.signature = operator.sign_message(&copy.signed.statement).into();
    let claims = [0, 2].map(|w| market.claim(&job, 0, ALL[w]));
    let all = [claims[0], copy, claims[1]];
    market.commit_claims(&job, 0, &all).unwrap();

    market.reveal(&job, 0, &[ALL[0], ALL[2]]).unwrap();
    let mut opening = market.opening(&job, 0, ALL[0]);
    opening.seat = 1;
    refused(
        market.reveal_openings(&job, 0, vec![opening]),
        "RevealMismatch",
    );
    market.warp(90);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 0, 4_000]);
}

#[test]
fn a_seat_reveals_once_and_only_after_it_committed() {
    let (mut market, job) = committed();
    market.reveal(&job, 0, &ALL[..1]).unwrap();
    refused(market.reveal(&job, 0, &[(0, WRONG)]), "WrongSeatStatus");
    let opening = market.opening(&job, 0, ALL[1]);
    let beyond = RevealEntry {
        seat: 5,
        ..opening.clone()
    };
    refused(
        market.reveal_openings(&job, 0, vec![beyond]),
        "WrongSeatStatus",
    );
    let empty = RevealEntry { seat: 3, ..opening };
    refused(
        market.reveal_openings(&job, 0, vec![empty]),
        "WrongSeatStatus",
    );
    refused(market.reveal_openings(&job, 0, vec![]), "WrongListLength");
}

#[test]
fn a_reveal_comes_before_its_window_ends() {
    let (mut market, job) = committed();
    market.warp(89);
    market.reveal(&job, 0, &ALL[..1]).unwrap();
    market.warp(1);
    refused(market.reveal(&job, 0, &ALL[1..]), "TooLate");
}

#[test]
fn nothing_is_revealed_at_a_shard_that_has_its_end() {
    let (mut market, job) = committed();
    market.reveal(&job, 0, &ALL).unwrap();
    market.settle(&job, 0).unwrap();
    refused(market.reveal(&job, 0, &ALL), "WrongShardState");
}

#[test]
fn only_the_jobs_orchestrator_attests_that_a_result_was_delivered() {
    let mut market = Market::open();
    let own = market.orchestrator.pubkey();
    let job = market.posted(|t| t.orchestrator = own);
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL).unwrap();
    let other = key(7);
    let entry = market.opening(&job, 0, ALL[0]);
    let place = market.place(&job, 0);
    let reveal = instructions::record_reveals(other.pubkey(), place, vec![entry]);

    let outcome = market.machine.send(from_ref(&reveal), &[&other]);
    refused(outcome, "AccountNotInitialized");
    let [others, registered] = [other.pubkey(), own].map(|k| pda::orchestrator(&k));
    let borrowed = swap(reveal.clone(), others, registered);
    refused(market.machine.send(&[borrowed], &[&other]), "NotAuthorized");
    market.register_orchestrator(&other.pubkey()).unwrap();
    let outcome = market.machine.send(&[reveal], &[&other]);
    refused(outcome, "OrchestratorMismatch");
    market.reveal(&job, 0, &ALL).unwrap();
}
