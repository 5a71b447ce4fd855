//! Outputs that are delivered, withheld or ignored, and seats that are declined.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, RIGHT, WRONG, key, refused, swap};
use millrace_program::state::{SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

fn committed() -> (Market, Pubkey) {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL).unwrap();
    (market, job)
}

#[test]
fn a_provider_that_its_orchestrator_ignores_shows_its_result_and_is_paid_when_the_client_has_it() {
    let (mut market, job) = committed();
    market.show(&job, 0, &ALL).unwrap();
    refused(market.settle(&job, 0), "ShardNotDue");
    market.acknowledge(&job, 0, 0).unwrap();
    refused(market.acknowledge(&job, 0, 0), "WrongSeatStatus");
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn one_delivered_output_is_enough_for_all_who_agree() {
    let (mut market, job) = committed();
    market.show(&job, 0, &ALL[..2]).unwrap();
    market.reveal(&job, 0, &ALL[2..]).unwrap();
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn an_output_that_nobody_has_is_not_paid_and_nobody_is_punished_for_it() {
    let (mut market, job) = committed();
    market.show(&job, 0, &ALL).unwrap();
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline - 1);
    refused(market.settle(&job, 0), "ShardNotDue");
    market.machine.warp_to(deadline);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).state(), Some(ShardState::Failed));
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!((after.client, after.penalties), (1_000_000, 0));
    assert_eq!(after.stakes, [100_000; 3]);
}

#[test]
fn the_delivery_of_another_result_pays_nobody() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    market.commit(&job, 0, &answers).unwrap();
    market.show(&job, 0, &[answers[0], answers[2]]).unwrap();
    market.reveal(&job, 0, &answers[1..2]).unwrap();
    refused(market.settle(&job, 0), "ShardNotDue");
    market.acknowledge(&job, 0, 2).unwrap();
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).stakes, [100_000, 95_000, 100_000]);
}

#[test]
fn only_the_client_or_its_orchestrator_says_that_an_output_is_there() {
    let (mut market, job) = committed();
    market.show(&job, 0, &ALL).unwrap();
    let (place, stranger) = (market.place(&job, 0), key(6));
    let own = market.orchestrator.pubkey();
    let client_side = instructions::acknowledge_delivery(stranger.pubkey(), false, place, 0);
    let outcome = market.machine.send(&[client_side], &[&stranger]);
    refused(outcome, "NotAuthorized");
    let posing = instructions::acknowledge_delivery(stranger.pubkey(), true, place, 0);
    let [theirs, registered] = [stranger.pubkey(), own].map(|k| pda::orchestrator(&k));
    let outcome = market
        .machine
        .send(&[swap(posing, theirs, registered)], &[&stranger]);
    refused(outcome, "NotAuthorized");
    let by_the_orchestrator = instructions::acknowledge_delivery(own, true, place, 0);
    market
        .machine
        .send(&[by_the_orchestrator], &[&market.orchestrator])
        .unwrap();
    assert_eq!(market.shard(&job, 0).seats[0].delivered, 1);
    market.settle(&job, 0).unwrap();
}

#[test]
fn what_was_not_shown_can_not_be_acknowledged() {
    let (mut market, job) = committed();
    refused(market.acknowledge(&job, 0, 0), "WrongSeatStatus");
    market.reveal(&job, 0, &ALL).unwrap();
    refused(market.acknowledge(&job, 0, 0), "WrongSeatStatus");
    market.settle(&job, 0).unwrap();
    let place = market.place(&job, 0);
    let late = instructions::acknowledge_delivery(market.owner.pubkey(), false, place, 0);
    let outcome = market.machine.send(&[late], &[&market.owner]);
    refused(outcome, "WrongShardState");
}

#[test]
fn a_seat_is_declined_without_penalty_and_taken_by_another() {
    let mut market = millrace_fixture::Setup {
        workers: 4,
        ..Default::default()
    }
    .build();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.warp(19);
    market.decline(&job, 0, 1).unwrap();
    let books = market.provider(1);
    assert_eq!((books.locked, books.open_seats, books.late), (0, 0, 0));
    assert_eq!(market.balances(&job).stakes, [100_000; 4]);
    let shard = market.shard(&job, 0);
    assert_eq!((shard.free_seats(), shard.attempt), (1, 1));
    market.assign(&job, 0, &[3]).unwrap();
    let answers = [(0, RIGHT), (3, RIGHT), (2, RIGHT)];
    market.commit(&job, 0, &answers).unwrap();
    market.reveal(&job, 0, &answers).unwrap();
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 0, 4_000, 4_000]);
}

#[test]
fn at_any_instant_of_the_time_to_accept_a_seat_can_be_declined_and_not_after_it() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.warp(20);
    refused(market.decline(&job, 0, 1), "TooLate");
    market.commit(&job, 0, &ALL[..1]).unwrap();
    refused(market.decline(&job, 0, 0), "TooLate");
}

#[test]
fn once_results_are_shown_no_seat_is_declined() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &ALL);
    refused(market.decline(&job, 0, 0), "WrongShardState");
}

#[test]
fn a_seat_that_committed_can_not_be_declined() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.commit(&job, 0, &ALL[..1]).unwrap();
    refused(market.decline(&job, 0, 0), "WrongSeatStatus");
}

#[test]
fn a_refusal_holds_for_its_own_seat_and_attempt_and_by_its_operator_alone() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    let place = market.place(&job, 0);
    let own = market.refusal(&job, 0, 0);
    let others = market.refusal(&job, 0, 1);
    let [first, second] = [0, 1].map(|w| market.workers[w].account);
    let forged = instructions::decline_seat(place, 0, first, &others);
    refused(market.machine.send(&forged, &[]), "SignatureMismatch");
    let for_another = instructions::decline_seat(place, 1, second, &own);
    refused(market.machine.send(&for_another, &[]), "SignatureMismatch");
    let elsewhere = instructions::decline_seat(place, 1, first, &own);
    refused(market.machine.send(&elsewhere, &[]), "WrongAccount");

    market.decline(&job, 0, 0).unwrap();
    let again = instructions::decline_seat(place, 0, first, &own);
    refused(market.machine.send(&again, &[]), "WrongSeatStatus");
    market.assign(&job, 0, &[0]).unwrap();
    refused(market.machine.send(&again, &[]), "SignatureMismatch");
    let seat = market.shard(&job, 0).seats[0];
    assert_eq!((seat.status(), seat.attempt), (SeatStatus::Assigned, 1));
}
