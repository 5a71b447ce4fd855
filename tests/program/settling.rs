//! A shard is settled when it is due, once, and only the job's own parties are paid and penalized.

use millrace_client::pda::{self, PROGRAM};
use millrace_fixture::{
    Answer, Balances, RIGHT, TestNetwork, WRONG, key, refused, replace_account,
};
use millrace_program::state::bucket_of;
use solana_sdk::instruction::AccountMeta;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A shard that is due, and the balances before its settlement.
fn due() -> (TestNetwork, Pubkey, Balances) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    let before = network.balances(&job);
    (network, job, before)
}

/// Checks that a settlement with replaced accounts is refused and moves nothing.
#[track_caller]
fn does_not_settle(
    swaps: &[(Pubkey, Pubkey)],
    error: &str,
    due: &mut (TestNetwork, Pubkey, Balances),
) {
    let (network, job, before) = due;
    let mut settle = network.settle_instruction(job, 0);
    for (from, to) in swaps {
        settle = replace_account(settle, *from, *to);
    }
    refused(network.machine.send(&[settle], &[]), error);
    assert_eq!(network.balances(job), *before);
}

#[test]
fn shard_is_settled_once() {
    let (mut network, job, _) = due();
    let settle = network.settle_instruction(&job, 0);
    network.machine.send(from_ref(&settle), &[]).unwrap();
    let after = network.balances(&job);
    refused(network.machine.send(&[settle], &[]), "WrongShardState");
    refused(network.settle(&job, 0), "WrongShardState");
    assert_eq!(network.balances(&job), after);
}

#[test]
fn shard_is_not_settled_before_its_windows_end() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    network.commit(&job, 0, &ALL).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    network.reveal(&job, 0, &ALL[..2]).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    network.reveal(&job, 0, &ALL[2..]).unwrap();
    network.settle(&job, 0).unwrap();
}

#[test]
fn seat_is_paid_into_and_slashed_from_its_own_vaults() {
    let mut due = due();
    let [first, second] = [0, 1].map(|w| due.0.workers[w].account);
    for vault in [pda::earnings_vault, pda::stake_vault] {
        let (own, others) = (vault(&first), vault(&second));
        does_not_settle(&[(own, others)], "WrongAccount", &mut due);
    }
    let own = pda::earnings_vault(&first);
    let wallet = pda::token_account(&due.0.owner.pubkey(), &due.0.mints.payment);
    does_not_settle(&[(own, wallet)], "WrongAccount", &mut due);
    let newcomer = due.0.add_staked_provider(100_000, |_| ());
    let stranger = due.0.workers[newcomer].account;
    due.2 = due.0.balances(&due.1);
    let whole_stranger = [
        (first, stranger),
        (own, pda::earnings_vault(&stranger)),
        (pda::stake_vault(&first), pda::stake_vault(&stranger)),
    ];
    does_not_settle(&whole_stranger, "WrongAccount", &mut due);
}

#[test]
fn wrong_result_cannot_slash_another_provider() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    let before = network.balances(&job);
    let mut due = (network, job, before);
    let [honest, dissenter] = [0, 1].map(|w| pda::stake_vault(&due.0.workers[w].account));
    does_not_settle(&[(dissenter, honest)], "WrongAccount", &mut due);
}

#[test]
fn job_is_paid_from_its_own_clients_escrow() {
    let mut due = due();
    let stranger = key(6);
    let mints = due.0.mints;
    let fund = (&mints.payment, 100_000);
    due.0.machine.open_wallet(&stranger.pubkey(), mints, fund);
    due.0.open_client(&stranger).unwrap();
    let [own, theirs] = [due.0.owner.pubkey(), stranger.pubkey()].map(|owner| pda::client(&owner));
    let [own_escrow, their_escrow] = [own, theirs].map(|c| pda::escrow(&c));
    let wrong = "WrongAccount";
    does_not_settle(&[(own_escrow, their_escrow)], wrong, &mut due);
    does_not_settle(&[(own, theirs)], wrong, &mut due);
    let both = [(own, theirs), (own_escrow, their_escrow)];
    does_not_settle(&both, wrong, &mut due);
    let vault = pda::token_account(&stranger.pubkey(), &mints.payment);
    does_not_settle(&[(own_escrow, vault)], wrong, &mut due);
}

#[test]
fn fees_go_only_to_the_jobs_bucket() {
    let mut due = due();
    let bucket = bucket_of(&due.1);
    let mints = due.0.mints;
    let owner = due.0.owner.pubkey();
    let own = pda::treasury(&mints.payment, bucket);
    let elsewhere = pda::treasury(&mints.payment, (bucket + 1) % 8);
    does_not_settle(&[(own, elsewhere)], "WrongAccount", &mut due);
    let wallet = pda::token_account(&owner, &mints.payment);
    does_not_settle(&[(own, wallet)], "WrongAccount", &mut due);
}

#[test]
fn payments_and_stake_use_their_own_mints() {
    let mut due = due();
    let mints = due.0.mints;
    does_not_settle(&[(mints.payment, mints.stake)], "WrongAccount", &mut due);
}

/// A shard that is due, with a seat that loses stake.
fn due_with_a_penalty() -> (TestNetwork, Pubkey, Balances) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    let before = network.balances(&job);
    (network, job, before)
}

#[test]
fn penalty_needs_the_mint_of_stake_and_its_program() {
    let mut due = due_with_a_penalty();
    let mints = due.0.mints;
    let missing = "PenaltyAccountsMissing";
    does_not_settle(&[(mints.stake, PROGRAM)], missing, &mut due);
    does_not_settle(&[(mints.stake, mints.payment)], "WrongAccount", &mut due);
}

#[test]
fn shard_is_settled_only_for_its_own_job() {
    let mut due = due();
    let other = due.0.post_with(|_| ());
    due.2 = due.0.balances(&due.1);
    let own = due.1;
    does_not_settle(&[(own, other)], "WrongShardState", &mut due);
}

#[test]
fn settlement_needs_the_accounts_of_every_seat_in_order() {
    let (mut network, job, before) = due();
    let settle = network.settle_instruction(&job, 0);
    let seats = settle.accounts.len() - 9;
    let mut without_the_last = settle.clone();
    without_the_last.accounts.truncate(seats + 6);
    let mut without_a_vault = settle.clone();
    without_a_vault.accounts.pop();
    let mut without_any = settle.clone();
    without_any.accounts.truncate(seats);
    let mut with_one_more = settle.clone();
    with_one_more.accounts.extend_from_within(seats..seats + 3);
    let mut with_a_part = settle.clone();
    let extra = AccountMeta::new(network.owner.pubkey(), false);
    with_a_part.accounts.push(extra);
    let lengths = [
        without_the_last,
        without_a_vault,
        without_any,
        with_one_more,
        with_a_part,
    ];
    for instruction in lengths {
        refused(network.machine.send(&[instruction], &[]), "WrongListLength");
    }
    let mut turned_round = settle;
    turned_round.accounts[seats..].rotate_left(3);
    refused(network.machine.send(&[turned_round], &[]), "WrongAccount");
    assert_eq!(network.balances(&job), before);
}
