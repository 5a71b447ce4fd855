//! One seat, whose result stands unless somebody locks a bond against it.

use millrace_client::instructions::{ShardRef, challenge_shard};
use millrace_client::pda;
use millrace_fixture::{Answer, RIGHT, Setup, TestNetwork, WRONG, key, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, Review, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

/// What two further seats can cost: 2 × 5 × 1,000, and 2.5 % of it.
const BOND: u64 = 10_250;
const PURSE: u64 = 50_000;

fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// A job whose only seat has shown a result, and a wallet that may challenge it.
fn shown(answer: Answer, one_mint: bool) -> (TestNetwork, Pubkey, Keypair) {
    let mut network = Setup {
        workers: 4,
        one_mint,
        ..Setup::default()
    }
    .build();
    let challenger = key(6);
    let mints = network.mints;
    let fund = (&mints.payment, PURSE);
    network
        .machine
        .open_wallet(&challenger.pubkey(), mints, fund);
    let job = network.post_with(challengeable);
    network.run_seats(&job, 0, &[(0, answer)]);
    (network, job, challenger)
}

fn purse(network: &TestNetwork, owner: &Keypair) -> u64 {
    let account = network.mints.payment_account(&owner.pubkey());
    network.machine.tokens(&account)
}

#[test]
fn a_result_that_nobody_challenges_stands_and_is_paid() {
    let (mut network, job, _) = shown(RIGHT, false);
    network.warp(119);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.warp(1);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 0, 0]);
    assert_eq!(network.balances(&job).client, 1_000_000 - 4_100);
}

#[test]
fn at_any_instant_a_result_can_be_either_challenged_or_paid() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.warp(120);
    refused(network.challenge(&job, 0, &challenger), "TooLate");
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.warp(119);
    network.challenge(&job, 0, &challenger).unwrap();
    network.warp(1);
    refused(network.settle(&job, 0), "ShardNotDue");
}

#[test]
fn while_a_challenge_is_open_nothing_is_paid_and_the_bond_waits() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    assert_eq!(purse(&network, &challenger), PURSE - BOND);
    assert_eq!(network.job(&job).bonded, BOND);
    assert_eq!(network.balances(&job).escrow, 15_375 + BOND);
    let shard = network.shard(&job, 0);
    assert_eq!(
        (shard.review(), shard.target, shard.quorum),
        (Review::Challenged, 3, 2)
    );
    refused(network.settle(&job, 0), "ShardNotDue");
    refused(network.close(&job, &[0]), "WrongJobState");
    refused(
        network.challenge(&job, 0, &challenger),
        "AccountAlreadyInUse",
    );
}

#[test]
fn who_challenges_a_right_result_pays_for_the_seats_that_say_so() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    // Two further payments of 4,000, and 200 of fee on them.
    assert_eq!(purse(&network, &challenger), PURSE - 8_200);
    assert_eq!(network.job(&job).compensated, 8_200);
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 4_000, 4_000, 0]);
    // The client pays for the one seat that it asked for.
    assert_eq!((after.client, after.escrow), (1_000_000 - 4_100, 0));
    let challenge = network.machine.account(&pda::challenge(&job, 0));
    assert!(challenge.is_none_or(|account| account.data.is_empty()));
}

#[test]
fn who_finds_a_wrong_result_has_the_bond_back_and_a_bounty() {
    let (mut network, job, challenger) = shown(WRONG, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(purse(&network, &challenger), PURSE);
    let reward = network.mints.stake_account(&challenger.pubkey());
    // 10 % of the 5,000 that were slashed.
    assert_eq!(network.machine.tokens(&reward), 500);
    let after = network.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    assert_eq!(after.penalties, 4_500);
    assert_eq!(after.earnings, [0, 4_000, 4_000, 0]);
}

#[test]
fn with_one_token_a_found_cheat_compensates_the_client_too() {
    let (mut network, job, challenger) = shown(WRONG, true);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    // 5,000 slashed: half to the client, a tenth of the other half to the challenger.
    assert_eq!(network.job(&job).compensated, 2_500);
    assert_eq!(purse(&network, &challenger), PURSE + 250);
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 8_200 + 2_500);
}

#[test]
fn without_a_quorum_the_bond_goes_back_and_nobody_is_slashed() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let third = Answer {
        root: [3; 32],
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(1, WRONG), (2, third)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(purse(&network, &challenger), PURSE);
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!((after.client, after.penalties), (1_000_000, 0));
}

#[test]
fn a_challenge_that_nobody_decides_pays_the_challenged_seat_out_of_the_bond() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.machine.set_time(deadline - 89);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(purse(&network, &challenger), PURSE - 4_000);
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.earnings, [4_000, 0, 0, 0]);
    network.claim_earnings(0).unwrap();
}

#[test]
fn seats_of_a_challenge_are_taken_while_a_round_fits() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 4_000, 4_000, 0]);
}

#[test]
fn a_client_can_not_have_a_result_for_nothing_by_challenging_it_itself() {
    let mut network = Setup {
        workers: 1,
        ..Setup::default()
    }
    .build();
    let owner = network.owner.insecure_clone();
    let job = network.post_with(challengeable);
    network.run_seats(&job, 0, &[(0, RIGHT)]);
    network.challenge(&job, 0, &owner).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 4_000);
    assert_eq!(network.balances(&job).earnings, [4_000]);
}

#[test]
fn a_settlement_of_a_challenged_shard_brings_the_challenger() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    let books = network.job(&job);
    let place = network.shard_ref(&job, 0);
    let shard = network.shard(&job, 0);
    let settle = |challenger| {
        millrace_client::instructions::settle_shard(
            place,
            (&books, &shard),
            network.mints,
            challenger,
            None,
        )
    };
    let (without, with_another) = (settle(None), settle(Some(network.owner.pubkey())));
    refused(network.machine.send(&[without], &[]), "ChallengeMissing");
    refused(network.machine.send(&[with_another], &[]), "WrongAccount");
    network.settle(&job, 0).unwrap();
}

#[test]
fn only_a_shown_result_of_a_job_that_allows_it_is_challenged() {
    let (mut network, _, challenger) = shown(RIGHT, false);
    let quorum = network.post_with(|_| ());
    network.run_seats(&quorum, 0, &[(1, RIGHT), (2, RIGHT), (3, RIGHT)]);
    refused(
        network.challenge(&quorum, 0, &challenger),
        "WrongShardState",
    );
    let open = network.post_with(challengeable);
    network.assign(&open, 0, &[1]).unwrap();
    refused(network.challenge(&open, 0, &challenger), "WrongShardState");
    network.commit(&open, 0, &[(1, RIGHT)]).unwrap();
    refused(network.challenge(&open, 0, &challenger), "WrongShardState");
}

#[test]
fn a_challenge_names_the_shard_that_it_is_about() {
    let (mut network, job, challenger) = shown(RIGHT, false);
    let another = ShardRef {
        index: 1,
        ..network.shard_ref(&job, 0)
    };
    let owner = network.owner.pubkey();
    let challenge = challenge_shard(challenger.pubkey(), &owner, another, network.mints);
    let outcome = network.machine.send(&[challenge], &[&challenger]);
    refused(outcome, "WrongAccount");
}

#[test]
fn a_seat_is_taken_only_while_a_challenge_could_still_be_decided() {
    let mut network = TestNetwork::start();
    let job = network.post_with(challengeable);
    // A round of 90, a window of 120, and another round.
    let last = network.job(&job).deadline - 300;
    network.machine.set_time(last + 1);
    refused(network.assign(&job, 0, &[0]), "TooLate");
    network.machine.set_time(last);
    network.assign(&job, 0, &[0]).unwrap();
    let mut terms = network.terms();
    challengeable(&mut terms);
    terms.deadline = network.machine.now() + 299;
    refused(network.post(terms), "DeadlineOutOfBounds");
}

#[test]
fn more_seats_than_can_be_settled_in_one_transaction_are_not_posted() {
    let mut network = TestNetwork::start();
    let mut terms = network.terms();
    challengeable(&mut terms);
    (terms.quorum, terms.max_replicas) = (3, 5);
    refused(network.post(terms.clone()), "QuorumOutOfBounds");
    terms.max_replicas = 4;
    network.post(terms).unwrap();
}
