//! Points for the fees that were paid, and what they are worth once their epoch is over.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, RIGHT, Setup, refused};
use millrace_program::state::{Epoch, Rewards};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const DAY: i64 = 86_400;
const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A settled job: 4,000 for each of three, and points of 100 each.
fn settled(market: &mut Market) -> Pubkey {
    let job = market.posted(|_| ());
    market.answered(&job, 0, &ALL);
    market.settle(&job, 0).unwrap();
    job
}

fn rewards(market: &Market) -> Rewards {
    market.read(&pda::rewards())
}

fn epoch(market: &Market, number: u32) -> Epoch {
    market.read(&pda::epoch(number))
}

#[test]
fn points_are_the_fee_and_are_worth_their_share_of_the_epoch() {
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    settled(&mut market);
    let alone = market.posted(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    market.answered(&alone, 0, &[(0, RIGHT)]);
    market.settle(&alone, 0).unwrap();
    assert_eq!(market.provider(0).points[0].amount, 200);
    refused(market.close_epoch(0), "TooEarly");
    market.warp(DAY - 1);
    refused(market.close_epoch(0), "TooEarly");
    market.warp(1);
    market.close_epoch(0).unwrap();
    let closed = epoch(&market, 0);
    assert_eq!((closed.points, closed.emission), (400, 1_000_000));
    for (worker, worth) in [(0, 500_000), (1, 250_000), (2, 250_000)] {
        market.bank(worker, 0).unwrap();
        assert_eq!(market.provider(worker).reward_due, worth);
        market.claim_rewards(worker).unwrap();
        let authority = market.workers[worker].authority.pubkey();
        let purse = market.mints.stake_account(&authority);
        assert_eq!(market.machine.tokens(&purse), worth);
        refused(market.claim_rewards(worker), "AmountZero");
    }
    assert_eq!(rewards(&market).paid, 1_000_000);
    // The last points took the epoch's account along, and its rent.
    let account = market.machine.account(&pda::epoch(0));
    assert!(account.is_none_or(|account| account.data.is_empty()));
}

#[test]
fn nothing_can_not_be_put_into_the_rewards() {
    let mut market = Market::open();
    market.fund_rewards(1);
    let funder = market.owner.insecure_clone();
    let nothing = instructions::fund_rewards(funder.pubkey(), market.mints, 0);
    refused(market.machine.send(&[nothing], &[&funder]), "AmountZero");
}

#[test]
fn points_are_turned_into_rewards_once() {
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    settled(&mut market);
    market.warp(DAY);
    market.close_epoch(0).unwrap();
    market.bank(0, 0).unwrap();
    refused(market.bank(0, 0), "AmountZero");
    refused(market.close_epoch(0), "AccountAlreadyInUse");
    assert_eq!(market.provider(0).reward_due, 333_333);
}

#[test]
fn an_epoch_is_never_promised_more_than_the_vault_has() {
    let mut market = Market::open();
    market.fund_rewards(1_000_001);
    settled(&mut market);
    market.warp(DAY);
    settled(&mut market);
    market.close_epoch(0).unwrap();
    market.warp(DAY);
    market.close_epoch(1).unwrap();
    assert_eq!(epoch(&market, 0).emission, 1_000_000);
    assert_eq!(epoch(&market, 1).emission, 1);
    for number in [0, 1] {
        for worker in 0..3 {
            market.bank(worker, number).unwrap();
        }
    }
    for worker in 0..3 {
        market.claim_rewards(worker).unwrap();
    }
    let books = rewards(&market);
    assert_eq!((books.promised, books.paid), (1_000_001, 999_999));
}

#[test]
fn rewards_halve_as_scheduled() {
    let mut market = Market::open();
    market.fund_rewards(100_000_000);
    let mut given = Vec::new();
    for number in 0..6 {
        settled(&mut market);
        market.warp(DAY);
        market.close_epoch(number).unwrap();
        given.push(epoch(&market, number).emission);
        for worker in 0..3 {
            market.bank(worker, number).unwrap();
        }
    }
    let expected = [1_000_000, 1_000_000, 500_000, 500_000, 250_000, 250_000];
    assert_eq!(given, expected);
}

#[test]
fn what_is_not_claimed_stays_for_as_long_as_one_likes() {
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    settled(&mut market);
    market.warp(DAY);
    market.close_epoch(0).unwrap();
    market.warp(1_000 * DAY);
    market.bank(2, 0).unwrap();
    market.warp(1_000 * DAY);
    market.claim_rewards(2).unwrap();
}

#[test]
fn where_there_is_no_room_for_new_points_older_ones_are_not_lost() {
    let mut market = Market::open();
    market.fund_rewards(100_000_000);
    for _ in 0..9 {
        settled(&mut market);
        market.warp(DAY);
    }
    // Eight epochs are kept; the ninth gave no points, and its fee was paid all the same.
    let epochs = market.provider(0).points.map(|points| points.epoch);
    assert_eq!(epochs, [0, 1, 2, 3, 4, 5, 6, 7]);
    refused(market.close_epoch(8), "NoPointsInEpoch");
    for number in 0..8 {
        market.close_epoch(number).unwrap();
        for worker in 0..3 {
            market.bank(worker, number).unwrap();
        }
    }
    settled(&mut market);
    assert_eq!(market.provider(0).points[0].epoch, 9);
}

#[test]
fn a_failed_shard_gives_no_points() {
    let mut market = Setup::default().build();
    let job = market.posted(|_| ());
    let other = millrace_fixture::Answer {
        root: [3; 32],
        ..RIGHT
    };
    market.answered(
        &job,
        0,
        &[(0, RIGHT), (1, millrace_fixture::WRONG), (2, other)],
    );
    market.settle(&job, 0).unwrap();
    market.warp(DAY);
    market.fund_rewards(1);
    refused(market.close_epoch(0), "NoPointsInEpoch");
}

#[test]
fn an_epoch_is_closed_over_all_buckets_each_once_in_their_order() {
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    settled(&mut market);
    market.warp(DAY);
    let payer = market.authority.insecure_clone();
    let close = instructions::close_epoch(payer.pubkey(), 0);
    let first = close.accounts.len() - 8;
    let mut without = close.clone();
    without.accounts.pop();
    refused(
        market.machine.send(&[without], &[&payer]),
        "WrongListLength",
    );
    let mut turned = close.clone();
    turned.accounts[first..].rotate_left(1);
    refused(market.machine.send(&[turned], &[&payer]), "WrongAccount");
    let mut twice = close;
    twice.accounts[first + 1] = twice.accounts[first].clone();
    refused(market.machine.send(&[twice], &[&payer]), "WrongAccount");
}

#[test]
fn rewards_go_to_the_providers_authority_alone() {
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    settled(&mut market);
    market.rewarded_until_due(0, 0);
    let (own, other) = (
        market.workers[0].authority.pubkey(),
        market.workers[1].authority.pubkey(),
    );
    let claim = instructions::claim_rewards(&own, market.mints);
    let [from, to] = [own, other].map(|o| market.mints.stake_account(&o));
    let elsewhere = millrace_fixture::swap(claim, from, to);
    refused(market.machine.send(&[elsewhere], &[]), "WrongAccount");
}
