//! Challenge mode: the result of one seat is paid unless someone locks a bond against it.

use millrace_client::instructions::{ShardRef, challenge_shard};
use millrace_client::pda;
use millrace_fixture::{Answer, RIGHT, Setup, TestNetwork, WRONG, key, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, Review, ShardState};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

/// The cost of two further seats: 2 × 5 × 1,000, and 2.5 % of it.
const BOND: u64 = 10_250;
const WALLET_BALANCE: u64 = 50_000;

fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// A job whose only seat has revealed a result, and a wallet that may challenge it.
fn revealed(answer: Answer, one_mint: bool) -> (TestNetwork, Pubkey, Keypair) {
    let mut network = Setup {
        workers: 4,
        one_mint,
        ..Setup::default()
    }
    .build();
    let challenger = key(6);
    let mints = network.mints;
    let fund = (&mints.payment, WALLET_BALANCE);
    network
        .machine
        .open_wallet(&challenger.pubkey(), mints, fund);
    let job = network.post_with(challengeable);
    network.run_seats(&job, 0, &[(0, answer)]);
    (network, job, challenger)
}

fn wallet_balance(network: &TestNetwork, owner: &Keypair) -> u64 {
    let account = network.mints.payment_account(&owner.pubkey());
    network.machine.tokens(&account)
}

#[test]
fn unchallenged_result_is_paid() {
    let (mut network, job, _) = revealed(RIGHT, false);
    network.warp(119);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.warp(1);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 0, 0]);
    assert_eq!(network.balances(&job).client, 1_000_000 - 4_100);
}

#[test]
fn result_can_be_challenged_or_settled_but_never_both() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.warp(120);
    refused(network.challenge(&job, 0, &challenger), "TooLate");
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.warp(119);
    network.challenge(&job, 0, &challenger).unwrap();
    network.warp(1);
    refused(network.settle(&job, 0), "ShardNotDue");
}

#[test]
fn open_challenge_blocks_payment_and_holds_the_bond() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    assert_eq!(wallet_balance(&network, &challenger), WALLET_BALANCE - BOND);
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
fn failed_challenge_pays_for_the_confirming_seats() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    // Two further payments of 4,000, and their fee of 200.
    assert_eq!(
        wallet_balance(&network, &challenger),
        WALLET_BALANCE - 8_200
    );
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
fn successful_challenge_returns_the_bond() {
    let (mut network, job, challenger) = revealed(WRONG, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(wallet_balance(&network, &challenger), WALLET_BALANCE);
    // No party gains by the penalty.
    let stake = network.mints.stake_account(&challenger.pubkey());
    assert_eq!(network.machine.tokens(&stake), 0);
    let after = network.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    assert_eq!(after.burnt, 5_000);
    assert_eq!(after.earnings, [0, 4_000, 4_000, 0]);
}

#[test]
fn client_and_two_seats_gain_nothing_by_challenging_an_honest_result() {
    let (mut network, job, challenger) = revealed(RIGHT, true);
    let before: u64 = network.balances(&job).client + 2 * 100_000;
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, WRONG), (2, WRONG)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    // The client paid its own seats, and lost the fee. The bond of its challenger came back.
    assert_eq!(wallet_balance(&network, &challenger), WALLET_BALANCE);
    let own =
        after.client + after.earnings[1] + after.earnings[2] + after.stakes[1] + after.stakes[2];
    assert_eq!(own, before + 15_375 - 200);
    assert_eq!(after.burnt, 5_000);
}

#[test]
fn challenge_without_a_quorum_returns_the_bond_and_slashes_no_one() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let third = Answer {
        root: [3; 32],
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(1, WRONG), (2, third)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(wallet_balance(&network, &challenger), WALLET_BALANCE);
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!((after.client, after.burnt), (1_000_000, 0));
}

#[test]
fn undecided_challenge_pays_the_challenged_seat_from_the_bond() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.machine.set_time(deadline - 89);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(
        wallet_balance(&network, &challenger),
        WALLET_BALANCE - 4_000
    );
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.earnings, [4_000, 0, 0, 0]);
    network.claim_earnings(0).unwrap();
}

#[test]
fn challenge_seats_are_assigned_while_a_round_fits() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 4_000, 4_000, 0]);
}

#[test]
fn client_cannot_avoid_payment_by_challenging() {
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
fn settlement_of_a_challenged_shard_needs_the_challenger() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
    network.challenge(&job, 0, &challenger).unwrap();
    network.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    let account = network.job(&job);
    let place = network.shard_ref(&job, 0);
    let shard = network.shard(&job, 0);
    let settle = |challenger| {
        millrace_client::instructions::settle_shard(
            place,
            &account,
            &shard,
            network.mints,
            challenger,
        )
    };
    let (without, with_another) = (settle(None), settle(Some(network.owner.pubkey())));
    refused(network.machine.send(&[without], &[]), "ChallengeMissing");
    refused(network.machine.send(&[with_another], &[]), "WrongAccount");
    network.settle(&job, 0).unwrap();
}

#[test]
fn only_a_revealed_result_of_a_challengeable_job_can_be_challenged() {
    let (mut network, _, challenger) = revealed(RIGHT, false);
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
fn challenge_needs_its_own_shard() {
    let (mut network, job, challenger) = revealed(RIGHT, false);
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
fn seat_is_assigned_only_while_a_challenge_can_be_decided() {
    let mut network = TestNetwork::start();
    let job = network.post_with(challengeable);
    // A round of 90 seconds, a window of 120, and another round.
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
fn job_with_more_seats_than_one_settlement_holds_is_refused() {
    let mut network = TestNetwork::start();
    let mut terms = network.terms();
    challengeable(&mut terms);
    (terms.quorum, terms.max_replicas) = (3, 5);
    refused(network.post(terms.clone()), "QuorumOutOfBounds");
    terms.max_replicas = 4;
    network.post(terms).unwrap();
}
