//! Ends of jobs: cancelled, or closed with all funds returned.

use millrace_client::{instructions, pda};
use millrace_fixture::{RIGHT, Setup, TestNetwork, key, refused, replace_account};
use millrace_program::state::{Client, JobState};
use solana_sdk::instruction::AccountMeta;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A job with this many shards, all paid.
fn settled(network: &mut TestNetwork, shards: u32) -> Pubkey {
    let job = network.post_with(|t| t.shards = shards);
    for index in 0..shards {
        network.run_seats(&job, index, &ALL);
        network.settle(&job, index).unwrap();
    }
    job
}

#[test]
fn cancelled_job_refunds_exactly_its_unassigned_shards() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 3);
    network.assign(&job, 1, &[0]).unwrap();
    network.cancel(&job).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 15_375);
    let account = network.job(&job);
    assert_eq!(account.state(), Some(JobState::Cancelled));
    assert_eq!(
        (account.cancelled, account.refunded, account.held().unwrap()),
        (2, 30_750, 15_375)
    );

    network.assign(&job, 1, &[1, 2]).unwrap();
    network.commit(&job, 1, &ALL).unwrap();
    network.reveal(&job, 1, &ALL).unwrap();
    network.settle(&job, 1).unwrap();
    network.close(&job, &[1]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 12_300);
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn cancelled_job_assigns_nothing_and_cannot_be_cancelled_again() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    network.assign(&job, 0, &[0]).unwrap();
    network.cancel(&job).unwrap();
    refused(network.assign(&job, 1, &[0]), "WrongJobState");
    refused(network.cancel(&job), "WrongJobState");
    network.machine.set_time(network.job(&job).deadline);
    refused(network.expire_job(&job), "WrongJobState");
}

#[test]
fn job_with_every_shard_assigned_cannot_be_cancelled() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0]).unwrap();
    refused(network.cancel(&job), "NothingToCancel");
}

#[test]
fn unassigned_job_can_be_cancelled_and_closed_at_once() {
    let mut network = TestNetwork::start();
    let owner = network.owner.pubkey();
    let before = network.machine.lamports_of(&owner);
    let job = network.post_with(|t| t.shards = 8);
    network.cancel(&job).unwrap();
    network.close(&job, &[]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000);
    assert_eq!(network.machine.lamports_of(&owner), before);
    assert!(network.machine.account(&job).is_none());
}

#[test]
fn stranger_can_neither_cancel_nor_receive_the_refund() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let stranger = key(6);
    let mints = network.mints;
    let fund = (&mints.payment, 1_000);
    network.machine.open_wallet(&stranger.pubkey(), mints, fund);
    network.open_client(&stranger).unwrap();
    let theirs = instructions::cancel_job(stranger.pubkey(), job, mints);
    refused(
        network.machine.send(&[theirs], &[&stranger]),
        "NotAuthorized",
    );

    let owner = network.owner.pubkey();
    let own_client = pda::client(&owner);
    let with_the_clients_account = replace_account(
        instructions::cancel_job(stranger.pubkey(), job, mints),
        pda::client(&stranger.pubkey()),
        own_client,
    );
    let outcome = network
        .machine
        .send(&[with_the_clients_account], &[&stranger]);
    refused(outcome, "NotAuthorized");

    let [own, strangers] =
        [owner, stranger.pubkey()].map(|o| pda::token_account(&o, &mints.payment));
    let cancel = instructions::cancel_job(owner, job, mints);
    let outcome = network.machine.send(
        &[replace_account(cancel, own, strangers)],
        &[&network.owner],
    );
    refused(outcome, "WrongAccount");
}

#[test]
fn only_the_signing_client_can_cancel() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let mut cancel = instructions::cancel_job(network.owner.pubkey(), job, network.mints);
    cancel.accounts[0].is_signer = false;
    refused(network.machine.send(&[cancel], &[]), "AccountNotSigner");
}

#[test]
fn job_cannot_close_before_every_shard_ends() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    network.run_seats(&job, 0, &ALL);
    refused(network.close(&job, &[0]), "WrongJobState");
    network.settle(&job, 0).unwrap();
    refused(network.close(&job, &[0]), "WrongJobState");
    network.run_seats(&job, 1, &ALL);
    network.settle(&job, 1).unwrap();
    network.close(&job, &[0, 1]).unwrap();
}

#[test]
fn shards_close_in_any_order_and_the_last_closes_the_job() {
    let mut network = TestNetwork::start();
    let (owner, payer) = (network.owner.pubkey(), network.orchestrator.pubkey());
    let lamports = |m: &TestNetwork| [owner, payer].map(|p| m.machine.lamports_of(&p));
    let before = lamports(&network);
    let job = settled(&mut network, 4);
    network.close(&job, &[2]).unwrap();
    assert_eq!(network.job(&job).live, 3);
    assert!(network.balances(&job).escrow > 0);
    refused(network.close(&job, &[]), "WrongListLength");
    network.close(&job, &[3, 0]).unwrap();
    network.close(&job, &[1]).unwrap();
    assert!(network.machine.account(&job).is_none());
    assert_eq!(lamports(&network), before);
    assert_eq!(network.balances(&job).client, 1_000_000 - 4 * 12_300);
}

#[test]
fn shard_closes_once_and_refunds_its_rent_payer() {
    let mut network = TestNetwork::start();
    let job = settled(&mut network, 2);
    refused(network.close(&job, &[0, 0]), "AccountNotInitialized");
    let (paid, other) = (network.orchestrator.pubkey(), network.owner.pubkey());
    let elsewhere = replace_account(network.close_instruction(&job, &[0]), paid, other);
    refused(network.machine.send(&[elsewhere], &[]), "WrongAccount");

    let mut odd = network.close_instruction(&job, &[0]);
    odd.accounts
        .push(AccountMeta::new(pda::shard(&job, 1), false));
    refused(network.machine.send(&[odd], &[]), "WrongListLength");
}

#[test]
fn shard_closes_only_with_its_own_job() {
    let mut network = TestNetwork::start();
    let first = settled(&mut network, 2);
    let second = settled(&mut network, 2);
    let [own, others] = [first, second].map(|job| pda::shard(&job, 0));
    let close = replace_account(network.close_instruction(&first, &[0]), own, others);
    refused(network.machine.send(&[close], &[]), "WrongAccount");
}

#[test]
fn remaining_deposit_goes_to_the_client_at_close() {
    let mut network = TestNetwork::start();
    let job = settled(&mut network, 1);
    let mint = network.mints.payment;
    let stranger = network.workers[0].authority.pubkey();
    let [own, strangers] =
        [network.owner.pubkey(), stranger].map(|o| pda::token_account(&o, &mint));
    let close = network.close_instruction(&job, &[0]);
    let tokens_elsewhere = replace_account(close.clone(), own, strangers);
    refused(
        network.machine.send(&[tokens_elsewhere], &[]),
        "WrongAccount",
    );
    let rent_elsewhere = replace_account(close, network.owner.pubkey(), stranger);
    refused(network.machine.send(&[rent_elsewhere], &[]), "WrongAccount");
}

#[test]
fn job_closes_with_its_own_client_and_escrow() {
    let mut network = TestNetwork::start();
    let job = settled(&mut network, 1);
    let (another, mints) = (key(6), network.mints);
    let fund = (&mints.payment, 100_000);
    network.machine.open_wallet(&another.pubkey(), mints, fund);
    network.open_client(&another).unwrap();
    let all_of_another = instructions::close_job(job, another.pubkey(), &[], mints);
    refused(network.machine.send(&[all_of_another], &[]), "WrongAccount");
    let wallets = [network.owner.pubkey(), another.pubkey()];
    let [own, others] = wallets.map(|wallet| pda::client(&wallet));
    let their_account = replace_account(network.close_instruction(&job, &[0]), own, others);
    let theirs = replace_account(their_account, pda::escrow(&own), pda::escrow(&others));
    refused(network.machine.send(&[theirs], &[]), "WrongAccount");
}

#[test]
fn refund_destination_must_be_a_plain_token_account() {
    /// Size of a multisig account of the token program.
    const MULTISIG: usize = 355;
    let mut network = TestNetwork::start();
    let job = settled(&mut network, 1);
    let own = network.mints.payment_account(&network.owner.pubkey());
    let mut longer = network.machine.account(&own).unwrap();
    longer.data.resize(MULTISIG, 0);
    longer.lamports *= 10;
    let place = Pubkey::new_from_array([77; 32]);
    network.machine.set_account(place, longer);
    let close = replace_account(network.close_instruction(&job, &[0]), own, place);
    refused(network.machine.send(&[close], &[]), "WrongAccount");
}

#[test]
fn closed_shard_cannot_be_assigned_again() {
    let mut network = TestNetwork::start();
    let job = settled(&mut network, 2);
    network.close(&job, &[0]).unwrap();
    refused(network.assign(&job, 0, &[0]), "InvariantBroken");
    refused(network.assign(&job, 1, &[0]), "NoFreeSeat");
}

#[test]
fn nonce_of_a_closed_job_cannot_be_reused() {
    let mut network = TestNetwork::start();
    let client = pda::client(&network.owner.pubkey());
    let first = network.terms();
    let job = network.post_with(|_| ());
    refused(network.post(first.clone()), "AccountAlreadyInUse");
    network.cancel(&job).unwrap();
    network.close(&job, &[]).unwrap();
    refused(network.post(first), "NonceMismatch");
    let mut skipped = network.terms();
    skipped.nonce += 1;
    refused(network.post(skipped), "NonceMismatch");
    let account: Client = network.read(&client);
    assert_eq!(
        (account.next_nonce, account.open_jobs, account.held),
        (1, 0, 0)
    );
    assert_ne!(network.post_with(|_| ()), job);
}

#[test]
fn job_cannot_close_twice() {
    let mut network = Setup::default().build();
    let job = settled(&mut network, 1);
    let close = network.close_instruction(&job, &[0]);
    network.machine.send(from_ref(&close), &[]).unwrap();
    refused(network.machine.send(&[close], &[]), "AccountNotInitialized");
}
