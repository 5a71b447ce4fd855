//! One seat, whose result stands unless somebody locks a bond against it.

use millrace_client::instructions::{ShardRef, challenge_shard};
use millrace_client::pda;
use millrace_fixture::{Answer, Market, RIGHT, Setup, WRONG, key, refused};
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
fn shown(answer: Answer, one_mint: bool) -> (Market, Pubkey, Keypair) {
    let mut market = Setup {
        workers: 4,
        one_mint,
        ..Setup::default()
    }
    .build();
    let challenger = key(6);
    let mints = market.mints;
    let fund = (&mints.payment, PURSE);
    market
        .machine
        .open_wallet(&challenger.pubkey(), mints, fund);
    let job = market.posted(challengeable);
    market.answered(&job, 0, &[(0, answer)]);
    (market, job, challenger)
}

fn purse(market: &Market, owner: &Keypair) -> u64 {
    let account = market.mints.payment_account(&owner.pubkey());
    market.machine.tokens(&account)
}

#[test]
fn a_result_that_nobody_challenges_stands_and_is_paid() {
    let (mut market, job, _) = shown(RIGHT, false);
    market.warp(119);
    refused(market.settle(&job, 0), "ShardNotDue");
    market.warp(1);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 0, 0, 0]);
    assert_eq!(market.balances(&job).client, 1_000_000 - 4_100);
}

#[test]
fn at_any_instant_a_result_can_be_either_challenged_or_paid() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.warp(120);
    refused(market.challenge(&job, 0, &challenger), "TooLate");
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.warp(119);
    market.challenge(&job, 0, &challenger).unwrap();
    market.warp(1);
    refused(market.settle(&job, 0), "ShardNotDue");
}

#[test]
fn while_a_challenge_is_open_nothing_is_paid_and_the_bond_waits() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    assert_eq!(purse(&market, &challenger), PURSE - BOND);
    assert_eq!(market.job(&job).bonded, BOND);
    assert_eq!(market.balances(&job).escrow, 15_375 + BOND);
    let shard = market.shard(&job, 0);
    assert_eq!(
        (shard.review(), shard.target, shard.quorum),
        (Review::Challenged, 3, 2)
    );
    refused(market.settle(&job, 0), "ShardNotDue");
    refused(market.close(&job, &[0]), "WrongJobState");
    refused(
        market.challenge(&job, 0, &challenger),
        "AccountAlreadyInUse",
    );
}

#[test]
fn who_challenges_a_right_result_pays_for_the_seats_that_say_so() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    market.answered(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    // Two further payments of 4,000, and 200 of fee on them.
    assert_eq!(purse(&market, &challenger), PURSE - 8_200);
    assert_eq!(market.job(&job).compensated, 8_200);
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.earnings, [4_000, 4_000, 4_000, 0]);
    // The client pays for the one seat that it asked for.
    assert_eq!((after.client, after.escrow), (1_000_000 - 4_100, 0));
    let challenge = market.machine.account(&pda::challenge(&job, 0));
    assert!(challenge.is_none_or(|account| account.data.is_empty()));
}

#[test]
fn who_finds_a_wrong_result_has_the_bond_back_and_a_bounty() {
    let (mut market, job, challenger) = shown(WRONG, false);
    market.challenge(&job, 0, &challenger).unwrap();
    market.answered(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    assert_eq!(purse(&market, &challenger), PURSE);
    let reward = market.mints.stake_account(&challenger.pubkey());
    // 10 % of the 5,000 that were slashed.
    assert_eq!(market.machine.tokens(&reward), 500);
    let after = market.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    assert_eq!(after.penalties, 4_500);
    assert_eq!(after.earnings, [0, 4_000, 4_000, 0]);
}

#[test]
fn with_one_token_a_found_cheat_compensates_the_client_too() {
    let (mut market, job, challenger) = shown(WRONG, true);
    market.challenge(&job, 0, &challenger).unwrap();
    market.answered(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    // 5,000 slashed: half to the client, a tenth of the other half to the challenger.
    assert_eq!(market.job(&job).compensated, 2_500);
    assert_eq!(purse(&market, &challenger), PURSE + 250);
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000 - 8_200 + 2_500);
}

#[test]
fn without_a_quorum_the_bond_goes_back_and_nobody_is_slashed() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    let third = Answer {
        root: [3; 32],
        ..RIGHT
    };
    market.answered(&job, 0, &[(1, WRONG), (2, third)]);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(purse(&market, &challenger), PURSE);
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!((after.client, after.penalties), (1_000_000, 0));
}

#[test]
fn a_challenge_that_nobody_decides_pays_the_challenged_seat_out_of_the_bond() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline - 90);
    refused(market.settle(&job, 0), "ShardNotDue");
    market.machine.warp_to(deadline - 89);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(purse(&market, &challenger), PURSE - 4_000);
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.earnings, [4_000, 0, 0, 0]);
    market.claim_earnings(0).unwrap();
}

#[test]
fn seats_of_a_challenge_are_taken_while_a_round_fits() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline - 90);
    market.answered(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 4_000, 4_000, 0]);
}

#[test]
fn a_client_can_not_have_a_result_for_nothing_by_challenging_it_itself() {
    let mut market = Setup {
        workers: 1,
        ..Setup::default()
    }
    .build();
    let owner = market.owner.insecure_clone();
    let job = market.posted(challengeable);
    market.answered(&job, 0, &[(0, RIGHT)]);
    market.challenge(&job, 0, &owner).unwrap();
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000 - 4_000);
    assert_eq!(market.balances(&job).earnings, [4_000]);
}

#[test]
fn a_settlement_of_a_challenged_shard_brings_the_challenger() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    market.challenge(&job, 0, &challenger).unwrap();
    market.answered(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
    let books = market.job(&job);
    let place = market.place(&job, 0);
    let shard = market.shard(&job, 0);
    let settle = |challenger| {
        millrace_client::instructions::settle_shard(
            place,
            (&books, &shard),
            market.mints,
            challenger,
            None,
        )
    };
    let (without, with_another) = (settle(None), settle(Some(market.owner.pubkey())));
    refused(market.machine.send(&[without], &[]), "ChallengeMissing");
    refused(market.machine.send(&[with_another], &[]), "WrongAccount");
    market.settle(&job, 0).unwrap();
}

#[test]
fn only_a_shown_result_of_a_job_that_allows_it_is_challenged() {
    let (mut market, _, challenger) = shown(RIGHT, false);
    let quorum = market.posted(|_| ());
    market.answered(&quorum, 0, &[(1, RIGHT), (2, RIGHT), (3, RIGHT)]);
    refused(market.challenge(&quorum, 0, &challenger), "WrongShardState");
    let open = market.posted(challengeable);
    market.assign(&open, 0, &[1]).unwrap();
    refused(market.challenge(&open, 0, &challenger), "WrongShardState");
    market.commit(&open, 0, &[(1, RIGHT)]).unwrap();
    refused(market.challenge(&open, 0, &challenger), "WrongShardState");
}

#[test]
fn a_challenge_names_the_shard_that_it_is_about() {
    let (mut market, job, challenger) = shown(RIGHT, false);
    let another = ShardRef {
        index: 1,
        ..market.place(&job, 0)
    };
    let owner = market.owner.pubkey();
    let challenge = challenge_shard(challenger.pubkey(), &owner, another, market.mints);
    let outcome = market.machine.send(&[challenge], &[&challenger]);
    refused(outcome, "WrongAccount");
}

#[test]
fn a_seat_is_taken_only_while_a_challenge_could_still_be_decided() {
    let mut market = Market::open();
    let job = market.posted(challengeable);
    // A round of 90, a window of 120, and another round.
    let last = market.job(&job).deadline - 300;
    market.machine.warp_to(last + 1);
    refused(market.assign(&job, 0, &[0]), "TooLate");
    market.machine.warp_to(last);
    market.assign(&job, 0, &[0]).unwrap();
    let mut terms = market.terms();
    challengeable(&mut terms);
    terms.deadline = market.machine.now() + 299;
    refused(market.post(terms), "DeadlineOutOfBounds");
}

#[test]
fn more_seats_than_can_be_settled_in_one_transaction_are_not_posted() {
    let mut market = Market::open();
    let mut terms = market.terms();
    challengeable(&mut terms);
    (terms.quorum, terms.max_replicas) = (3, 5);
    refused(market.post(terms.clone()), "QuorumOutOfBounds");
    terms.max_replicas = 4;
    market.post(terms).unwrap();
}
