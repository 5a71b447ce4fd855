//! How a job ends: cancelled, or closed with everything back where it came from.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, RIGHT, Setup, key, refused, swap};
use millrace_program::state::{Client, JobState};
use solana_sdk::instruction::AccountMeta;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A job of so many shards, all paid.
fn settled(market: &mut Market, shards: u32) -> Pubkey {
    let job = market.posted(|t| t.shards = shards);
    for index in 0..shards {
        market.answered(&job, index, &ALL);
        market.settle(&job, index).unwrap();
    }
    job
}

#[test]
fn a_cancelled_job_refunds_exactly_the_shards_that_no_seat_took() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 3);
    market.assign(&job, 1, &[0]).unwrap();
    market.cancel(&job).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000 - 15_375);
    let books = market.job(&job);
    assert_eq!(books.state(), Some(JobState::Cancelled));
    assert_eq!(
        (books.cancelled, books.refunded, books.held().unwrap()),
        (2, 30_750, 15_375)
    );

    market.assign(&job, 1, &[1, 2]).unwrap();
    market.commit(&job, 1, &ALL).unwrap();
    market.reveal(&job, 1, &ALL).unwrap();
    market.settle(&job, 1).unwrap();
    market.close(&job, &[1]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000 - 12_300);
    assert_eq!(market.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn a_cancelled_job_hands_nothing_more_out_and_is_not_cancelled_twice() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    market.assign(&job, 0, &[0]).unwrap();
    market.cancel(&job).unwrap();
    refused(market.assign(&job, 1, &[0]), "WrongJobState");
    refused(market.cancel(&job), "WrongJobState");
    market.machine.warp_to(market.job(&job).deadline);
    refused(market.expire_job(&job), "WrongJobState");
}

#[test]
fn nothing_is_left_to_cancel_once_every_shard_has_a_seat() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0]).unwrap();
    refused(market.cancel(&job), "NothingToCancel");
}

#[test]
fn an_untaken_job_can_be_cancelled_and_closed_at_once() {
    let mut market = Market::open();
    let owner = market.owner.pubkey();
    let before = market.machine.lamports_of(&owner);
    let job = market.posted(|t| t.shards = 8);
    market.cancel(&job).unwrap();
    market.close(&job, &[]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000);
    assert_eq!(market.machine.lamports_of(&owner), before);
    assert!(market.machine.account(&job).is_none());
}

#[test]
fn a_stranger_can_not_cancel_and_a_refund_goes_to_nobody_else() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let stranger = key(6);
    let mints = market.mints;
    let fund = (&mints.payment, 1_000);
    market.machine.open_wallet(&stranger.pubkey(), mints, fund);
    market.open_client(&stranger).unwrap();
    let theirs = instructions::cancel_job(stranger.pubkey(), job, mints);
    refused(
        market.machine.send(&[theirs], &[&stranger]),
        "NotAuthorized",
    );

    let owner = market.owner.pubkey();
    let own_client = pda::client(&owner);
    let with_the_clients_books = swap(
        instructions::cancel_job(stranger.pubkey(), job, mints),
        pda::client(&stranger.pubkey()),
        own_client,
    );
    let outcome = market.machine.send(&[with_the_clients_books], &[&stranger]);
    refused(outcome, "NotAuthorized");

    let [own, strangers] =
        [owner, stranger.pubkey()].map(|o| pda::token_account(&o, &mints.payment));
    let cancel = instructions::cancel_job(owner, job, mints);
    let outcome = market
        .machine
        .send(&[swap(cancel, own, strangers)], &[&market.owner]);
    refused(outcome, "WrongAccount");
}

#[test]
fn only_the_client_that_signs_can_cancel() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let mut cancel = instructions::cancel_job(market.owner.pubkey(), job, market.mints);
    cancel.accounts[0].is_signer = false;
    refused(market.machine.send(&[cancel], &[]), "AccountNotSigner");
}

#[test]
fn a_job_can_not_close_before_each_of_its_shards_has_an_end() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    market.answered(&job, 0, &ALL);
    refused(market.close(&job, &[0]), "WrongJobState");
    market.settle(&job, 0).unwrap();
    refused(market.close(&job, &[0]), "WrongJobState");
    market.answered(&job, 1, &ALL);
    market.settle(&job, 1).unwrap();
    market.close(&job, &[0, 1]).unwrap();
}

#[test]
fn shards_close_in_batches_of_any_order_and_the_last_takes_the_job_along() {
    let mut market = Market::open();
    let (owner, payer) = (market.owner.pubkey(), market.orchestrator.pubkey());
    let lamports = |m: &Market| [owner, payer].map(|p| m.machine.lamports_of(&p));
    let before = lamports(&market);
    let job = settled(&mut market, 4);
    market.close(&job, &[2]).unwrap();
    assert_eq!(market.job(&job).live, 3);
    assert!(market.balances(&job).escrow > 0);
    refused(market.close(&job, &[]), "WrongListLength");
    market.close(&job, &[3, 0]).unwrap();
    market.close(&job, &[1]).unwrap();
    assert!(market.machine.account(&job).is_none());
    assert_eq!(lamports(&market), before);
    assert_eq!(market.balances(&job).client, 1_000_000 - 4 * 12_300);
}

#[test]
fn a_shard_is_closed_once_and_its_rent_goes_to_who_paid_it() {
    let mut market = Market::open();
    let job = settled(&mut market, 2);
    refused(market.close(&job, &[0, 0]), "AccountNotInitialized");
    let (paid, other) = (market.orchestrator.pubkey(), market.owner.pubkey());
    let elsewhere = swap(market.closing(&job, &[0]), paid, other);
    refused(market.machine.send(&[elsewhere], &[]), "WrongAccount");

    let mut odd = market.closing(&job, &[0]);
    odd.accounts
        .push(AccountMeta::new(pda::shard(&job, 1), false));
    refused(market.machine.send(&[odd], &[]), "WrongListLength");
}

#[test]
fn a_shard_closes_with_its_own_job_alone() {
    let mut market = Market::open();
    let first = settled(&mut market, 2);
    let second = settled(&mut market, 2);
    let [own, others] = [first, second].map(|job| pda::shard(&job, 0));
    let close = swap(market.closing(&first, &[0]), own, others);
    refused(market.machine.send(&[close], &[]), "WrongAccount");
}

#[test]
fn what_is_left_at_close_goes_to_nobody_but_the_client() {
    let mut market = Market::open();
    let job = settled(&mut market, 1);
    let mint = market.mints.payment;
    let stranger = market.workers[0].authority.pubkey();
    let [own, strangers] = [market.owner.pubkey(), stranger].map(|o| pda::token_account(&o, &mint));
    let close = market.closing(&job, &[0]);
    let tokens_elsewhere = swap(close.clone(), own, strangers);
    refused(
        market.machine.send(&[tokens_elsewhere], &[]),
        "WrongAccount",
    );
    let rent_elsewhere = swap(close, market.owner.pubkey(), stranger);
    refused(market.machine.send(&[rent_elsewhere], &[]), "WrongAccount");
}

#[test]
fn a_job_closes_with_the_books_and_the_escrow_of_its_own_client() {
    let mut market = Market::open();
    let job = settled(&mut market, 1);
    let (another, mints) = (key(6), market.mints);
    let fund = (&mints.payment, 100_000);
    market.machine.open_wallet(&another.pubkey(), mints, fund);
    market.open_client(&another).unwrap();
    let all_of_another = instructions::close_job(job, another.pubkey(), &[], mints);
    refused(market.machine.send(&[all_of_another], &[]), "WrongAccount");
    let wallets = [market.owner.pubkey(), another.pubkey()];
    let [own, others] = wallets.map(|wallet| pda::client(&wallet));
    let their_books = swap(market.closing(&job, &[0]), own, others);
    let theirs = swap(their_books, pda::escrow(&own), pda::escrow(&others));
    refused(market.machine.send(&[theirs], &[]), "WrongAccount");
}

#[test]
fn what_is_left_goes_to_a_token_account_and_to_nothing_longer() {
    /// Bytes of the token program's account for several signers.
    const MULTISIG: usize = 355;
    let mut market = Market::open();
    let job = settled(&mut market, 1);
    let own = market.mints.payment_account(&market.owner.pubkey());
    let mut longer = market.machine.account(&own).unwrap();
    longer.data.resize(MULTISIG, 0);
    longer.lamports *= 10;
    let place = Pubkey::new_from_array([77; 32]);
    market.machine.place(place, longer);
    let close = swap(market.closing(&job, &[0]), own, place);
    refused(market.machine.send(&[close], &[]), "WrongAccount");
}

#[test]
fn a_closed_shard_can_not_be_handed_out_again() {
    let mut market = Market::open();
    let job = settled(&mut market, 2);
    market.close(&job, &[0]).unwrap();
    refused(market.assign(&job, 0, &[0]), "InvariantBroken");
    refused(market.assign(&job, 1, &[0]), "NoFreeSeat");
}

#[test]
fn a_nonce_is_used_once_even_after_its_job_is_gone() {
    let mut market = Market::open();
    let client = pda::client(&market.owner.pubkey());
    let first = market.terms();
    let job = market.posted(|_| ());
    refused(market.post(first.clone()), "AccountAlreadyInUse");
    market.cancel(&job).unwrap();
    market.close(&job, &[]).unwrap();
    refused(market.post(first), "NonceMismatch");
    let mut skipped = market.terms();
    skipped.nonce += 1;
    refused(market.post(skipped), "NonceMismatch");
    let books: Client = market.read(&client);
    assert_eq!((books.next_nonce, books.open_jobs, books.held), (1, 0, 0));
    assert_ne!(market.posted(|_| ()), job);
}

#[test]
fn a_job_can_not_close_twice() {
    let mut market = Setup::default().build();
    let job = settled(&mut market, 1);
    let close = market.closing(&job, &[0]);
    market.machine.send(from_ref(&close), &[]).unwrap();
    refused(market.machine.send(&[close], &[]), "AccountNotInitialized");
}
