//! A result is revealed only when no seat can copy it any more, and only as it was committed.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, RIGHT, TestNetwork, WRONG, key, refused, replace_account};
use millrace_program::RevealEntry;
use millrace_program::state::{SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A shard whose three seats have committed.
fn committed() -> (TestNetwork, Pubkey) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL).unwrap();
    (network, job)
}

#[test]
fn reveals_open_once_every_seat_has_committed() {
    let (mut network, job) = committed();
    network.reveal(&job, 0, &ALL[..2]).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(shard.state(), Some(ShardState::Revealing));
    assert_eq!(shard.count(SeatStatus::Revealed), 2);
    assert_eq!(
        (shard.seats[0].digest, shard.seats[0].units),
        (RIGHT.root, 1_000)
    );
    network.reveal(&job, 0, &ALL[2..]).unwrap();
}

#[test]
fn reveal_while_a_seat_can_still_commit_is_refused() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    network.warp(59);
    refused(network.reveal(&job, 0, &ALL[..1]), "RevealsNotOpen");
    network.warp(1);
    network.reveal(&job, 0, &ALL[..1]).unwrap();
}

#[test]
fn reveal_while_a_seat_is_free_is_refused() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    refused(network.reveal(&job, 0, &ALL[..2]), "RevealsNotOpen");
    network.assign(&job, 0, &[2]).unwrap();
    refused(network.reveal(&job, 0, &ALL[..2]), "RevealsNotOpen");
}

#[test]
fn seat_after_a_reveal_is_not_assigned() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    network.warp(60);
    network.reveal(&job, 0, &ALL[..1]).unwrap();
    refused(network.assign(&job, 0, &[2]), "NoFreeSeat");
}

#[test]
fn free_seat_is_not_filled_once_a_quorum_can_reveal() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    network.warp(60);
    network.expire_seat(&job, 0, 2).unwrap();
    // The orchestrator may know both results by now, and could have them copied.
    refused(network.assign(&job, 0, &[2]), "RevealsOpen");
    network.reveal(&job, 0, &ALL[..2]).unwrap();
    network.settle(&job, 0).unwrap();
}

#[test]
fn refilled_seat_cannot_copy_a_quorum() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..2]).unwrap();
    network.warp(60);
    network.expire_seat(&job, 0, 2).unwrap();
    network.reveal(&job, 0, &ALL[..2]).unwrap();
    // No commitment is missing, and both results are public.
    refused(network.assign(&job, 0, &[2]), "NoFreeSeat");
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings[2], 0);
}

#[test]
fn late_seat_must_be_expired_before_another_is_filled() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| (t.quorum, t.max_replicas) = (3, 4));
    network.assign(&job, 0, &[0, 1]).unwrap();
    network.commit(&job, 0, &ALL[..1]).unwrap();
    network.warp(60);
    refused(network.assign(&job, 0, &[2]), "LateSeatsNotExpired");
    network.expire_seat(&job, 0, 1).unwrap();
    network.assign(&job, 0, &[2]).unwrap();
}

#[test]
fn reveal_below_a_quorum_of_commitments_is_refused() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL[..1]).unwrap();
    network.warp(60);
    refused(network.reveal(&job, 0, &ALL[..1]), "RevealsNotOpen");
}

#[test]
fn reveal_must_match_the_commitment() {
    let (mut network, job) = committed();
    let entry = network.reveal_entry(&job, 0, ALL[0]);
    let changed: [fn(&mut RevealEntry); 4] = [
        |o| o.root[31] ^= 1,
        |o| o.units += 1,
        |o| o.salt[0] ^= 1,
        |o| o.seat = 1,
    ];
    for change in changed {
        let mut other = entry.clone();
        change(&mut other);
        let outcome = network.record_reveals(&job, 0, vec![other]);
        refused(outcome, "RevealMismatch");
    }
    network.record_reveals(&job, 0, vec![entry]).unwrap();
}

#[test]
fn copied_commitment_cannot_be_revealed() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    // Worker 1 signs, for its own seat, the commitment that it saw worker 0 make.
    let seen = network.signed_commitment(&job, 0, ALL[0]).commitment;
    let mut copy = network.signed_commitment(&job, 0, ALL[1]);
    let account: millrace_program::state::Network = network.read(&pda::network());
    let place = millrace_protocol::commitment::SeatContext {
        network_id: &account.network_id,
        program: pda::PROGRAM.as_array(),
        job: job.as_array(),
        shard: 0,
        attempt: 0,
        provider: copy.provider.as_array(),
    };
    copy.commitment = seen;
    copy.signed.statement = place.statement(&seen);
    let operator = &network.workers[1].operator;
    copy.signed.signature = operator.sign_message(&copy.signed.statement).into();
    let commitments = [0, 2].map(|w| network.signed_commitment(&job, 0, ALL[w]));
    let all = [commitments[0], copy, commitments[1]];
    network.record_commitments(&job, 0, &all).unwrap();

    network.reveal(&job, 0, &[ALL[0], ALL[2]]).unwrap();
    let mut entry = network.reveal_entry(&job, 0, ALL[0]);
    entry.seat = 1;
    refused(
        network.record_reveals(&job, 0, vec![entry]),
        "RevealMismatch",
    );
    network.warp(90);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 4_000]);
}

#[test]
fn seat_reveals_once_and_only_after_its_commitment() {
    let (mut network, job) = committed();
    network.reveal(&job, 0, &ALL[..1]).unwrap();
    refused(network.reveal(&job, 0, &[(0, WRONG)]), "RevealMismatch");
    let entry = network.reveal_entry(&job, 0, ALL[1]);
    let beyond = RevealEntry { seat: 5, ..entry };
    refused(
        network.record_reveals(&job, 0, vec![beyond]),
        "WrongSeatStatus",
    );
    let empty = RevealEntry { seat: 3, ..entry };
    refused(
        network.record_reveals(&job, 0, vec![empty]),
        "WrongSeatStatus",
    );
    refused(network.record_reveals(&job, 0, vec![]), "WrongListLength");
}

#[test]
fn late_reveal_is_refused() {
    let (mut network, job) = committed();
    network.warp(89);
    network.reveal(&job, 0, &ALL[..1]).unwrap();
    network.warp(1);
    refused(network.reveal(&job, 0, &ALL[1..]), "TooLate");
}

#[test]
fn reveal_at_a_finished_shard_is_refused() {
    let (mut network, job) = committed();
    network.reveal(&job, 0, &ALL).unwrap();
    network.settle(&job, 0).unwrap();
    refused(network.reveal(&job, 0, &ALL), "WrongShardState");
}

#[test]
fn only_the_jobs_orchestrator_attests_delivery() {
    let mut network = TestNetwork::start();
    let own = network.orchestrator.pubkey();
    let job = network.post_with(|t| t.orchestrator = own);
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &ALL).unwrap();
    let other = key(7);
    let entry = network.reveal_entry(&job, 0, ALL[0]);
    let place = network.shard_ref(&job, 0);
    let reveal = instructions::record_reveals(other.pubkey(), place, vec![entry]);

    let outcome = network.machine.send(from_ref(&reveal), &[&other]);
    refused(outcome, "AccountNotInitialized");
    let [others, registered] = [other.pubkey(), own].map(|k| pda::orchestrator(&k));
    let borrowed = replace_account(reveal.clone(), others, registered);
    refused(
        network.machine.send(&[borrowed], &[&other]),
        "NotAuthorized",
    );
    network.register_orchestrator(&other.pubkey()).unwrap();
    let outcome = network.machine.send(&[reveal], &[&other]);
    refused(outcome, "OrchestratorMismatch");
    network.reveal(&job, 0, &ALL).unwrap();
}
