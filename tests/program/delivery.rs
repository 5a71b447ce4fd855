//! Outputs that are delivered, withheld or ignored, and declined seats.

use millrace_client::{instructions, pda};
use millrace_fixture::{RIGHT, TestNetwork, WRONG, key, refused, replace_account};
use millrace_program::state::{SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

fn committed() -> (TestNetwork, Pubkey) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL).unwrap();
    (network, job)
}

#[test]
fn ignored_provider_reveals_alone_and_is_paid_on_delivery() {
    let (mut network, job) = committed();
    network.reveal_by_anyone(&job, 0, &ALL).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    network.acknowledge(&job, 0, 0).unwrap();
    refused(network.acknowledge(&job, 0, 0), "WrongSeatStatus");
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn one_delivered_output_pays_every_agreeing_seat() {
    let (mut network, job) = committed();
    network.reveal_by_anyone(&job, 0, &ALL[..2]).unwrap();
    network.reveal(&job, 0, &ALL[2..]).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn undelivered_output_is_neither_paid_nor_slashed() {
    let (mut network, job) = committed();
    network.reveal_by_anyone(&job, 0, &ALL).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 1);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.machine.set_time(deadline);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!((after.client, after.burnt), (1_000_000, 0));
    assert_eq!(after.stakes, [100_000; 3]);
}

#[test]
fn delivery_of_a_differing_result_pays_no_one() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    network.commit(&job, 0, &answers).unwrap();
    network
        .reveal_by_anyone(&job, 0, &[answers[0], answers[2]])
        .unwrap();
    network.reveal(&job, 0, &answers[1..2]).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    network.acknowledge(&job, 0, 2).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).stakes, [100_000, 95_000, 100_000]);
}

#[test]
fn only_the_client_or_its_orchestrator_acknowledges_delivery() {
    let (mut network, job) = committed();
    network.reveal_by_anyone(&job, 0, &ALL).unwrap();
    let (place, stranger) = (network.shard_ref(&job, 0), key(6));
    let own = network.orchestrator.pubkey();
    let client_side = instructions::acknowledge_delivery(stranger.pubkey(), false, place, 0);
    let outcome = network.machine.send(&[client_side], &[&stranger]);
    refused(outcome, "NotAuthorized");
    let posing = instructions::acknowledge_delivery(stranger.pubkey(), true, place, 0);
    let [theirs, registered] = [stranger.pubkey(), own].map(|k| pda::orchestrator(&k));
    let outcome = network
        .machine
        .send(&[replace_account(posing, theirs, registered)], &[&stranger]);
    refused(outcome, "NotAuthorized");
    let by_the_orchestrator = instructions::acknowledge_delivery(own, true, place, 0);
    network
        .machine
        .send(&[by_the_orchestrator], &[&network.orchestrator])
        .unwrap();
    assert_eq!(network.shard(&job, 0).seats[0].delivered, 1);
    network.settle(&job, 0).unwrap();
}

#[test]
fn unrevealed_result_cannot_be_acknowledged() {
    let (mut network, job) = committed();
    refused(network.acknowledge(&job, 0, 0), "WrongSeatStatus");
    network.reveal(&job, 0, &ALL).unwrap();
    refused(network.acknowledge(&job, 0, 0), "WrongSeatStatus");
    network.settle(&job, 0).unwrap();
    let place = network.shard_ref(&job, 0);
    let late = instructions::acknowledge_delivery(network.owner.pubkey(), false, place, 0);
    let outcome = network.machine.send(&[late], &[&network.owner]);
    refused(outcome, "WrongShardState");
}

#[test]
fn declined_seat_is_released_without_penalty_and_reassigned() {
    let mut network = millrace_fixture::Setup {
        workers: 4,
        ..Default::default()
    }
    .build();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(6);
    network.decline(&job, 0, 1).unwrap();
    let account = network.provider(1);
    assert_eq!(
        (account.locked, account.open_seats, account.late),
        (0, 0, 0)
    );
    assert_eq!(network.balances(&job).stakes, [100_000; 4]);
    let shard = network.shard(&job, 0);
    assert_eq!((shard.free_seats(), shard.attempt), (1, 1));
    network.assign(&job, 0, &[3]).unwrap();
    let answers = [(0, RIGHT), (3, RIGHT), (2, RIGHT)];
    network.commit(&job, 0, &answers).unwrap();
    network.reveal(&job, 0, &answers).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 4_000, 4_000]);
}

#[test]
fn seat_can_be_declined_only_in_its_accept_window() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(7);
    refused(network.decline(&job, 0, 1), "TooLate");
}

#[test]
fn decline_after_a_reveal_is_refused() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    refused(network.decline(&job, 0, 0), "WrongShardState");
}

#[test]
fn committed_seat_that_cannot_be_revealed_may_leave_once_its_round_is_over() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..1]).unwrap();
    refused(network.decline(&job, 0, 0), "TooEarly");
    network.warp(89);
    refused(network.decline(&job, 0, 0), "TooEarly");
    network.warp(1);
    network.decline(&job, 0, 0).unwrap();
    let left = network.provider(0);
    assert_eq!((left.locked, left.open_seats, left.late), (0, 0, 0));
    assert_eq!(network.balances(&job).stakes, [100_000; 3]);
    // The others did not commit: they cannot leave.
    refused(network.decline(&job, 0, 1), "TooLate");
}

#[test]
fn committed_seat_that_could_have_been_revealed_may_not_leave() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    network.warp(90);
    refused(network.decline(&job, 0, 0), "WrongSeatStatus");
}

#[test]
fn decline_needs_the_operators_signature_for_that_seat_and_attempt() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    let place = network.shard_ref(&job, 0);
    let own = network.signed_decline(&job, 0, 0);
    let others = network.signed_decline(&job, 0, 1);
    let [first, second] = [0, 1].map(|w| network.workers[w].account);
    let forged = instructions::decline_seat(place, 0, first, &others);
    refused(network.machine.send(&forged, &[]), "SignatureMismatch");
    let for_another = instructions::decline_seat(place, 1, second, &own);
    refused(network.machine.send(&for_another, &[]), "SignatureMismatch");
    let elsewhere = instructions::decline_seat(place, 1, first, &own);
    refused(network.machine.send(&elsewhere, &[]), "WrongAccount");

    network.decline(&job, 0, 0).unwrap();
    let again = instructions::decline_seat(place, 0, first, &own);
    refused(network.machine.send(&again, &[]), "WrongSeatStatus");
    network.assign(&job, 0, &[0]).unwrap();
    refused(network.machine.send(&again, &[]), "SignatureMismatch");
    let seat = network.shard(&job, 0).seats[0];
    assert_eq!((seat.status(), seat.attempt), (SeatStatus::Assigned, 1));
}
