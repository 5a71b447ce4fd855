//! Points for paid fees, and their value after their epoch.

use millrace_client::{instructions, pda};
use millrace_fixture::{PARAMETERS, RIGHT, Setup, TestNetwork, refused};
use millrace_program::state::{Epoch, NetworkParameters, Rewards};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const DAY: i64 = 86_400;
const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A settled job: 4,000 and 100 points for each of three seats.
fn settled(network: &mut TestNetwork) -> Pubkey {
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    network.settle(&job, 0).unwrap();
    job
}

/// A network whose schedule alone bounds the rewards: its two mints have their own exchange rate.
fn rich() -> TestNetwork {
    let parameters = NetworkParameters {
        reward_bps: u64::MAX,
        ..PARAMETERS
    };
    Setup {
        parameters,
        ..Setup::default()
    }
    .build()
}

fn rewards(network: &TestNetwork) -> Rewards {
    network.read(&pda::rewards())
}

fn epoch(network: &TestNetwork, number: u32) -> Epoch {
    network.read(&pda::epoch(number))
}

#[test]
fn points_equal_the_fee_and_earn_their_share_of_the_epoch() {
    let mut network = rich();
    network.fund_rewards(10_000_000);
    settled(&mut network);
    let alone = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    network.run_seats(&alone, 0, &[(0, RIGHT)]);
    network.settle(&alone, 0).unwrap();
    // No other seat confirmed the second result, so it gives no points.
    assert_eq!(network.provider(0).points[0].amount, 100);
    refused(network.close_epoch(0), "TooEarly");
    network.warp(DAY - 1);
    refused(network.close_epoch(0), "TooEarly");
    network.warp(1);
    network.close_epoch(0).unwrap();
    let closed = epoch(&network, 0);
    assert_eq!((closed.points, closed.emission), (300, 1_000_000));
    for (worker, worth) in [(0, 333_333), (1, 333_333), (2, 333_333)] {
        network.bank_rewards(worker, 0).unwrap();
        assert_eq!(network.provider(worker).reward_due, worth);
        network.claim_rewards(worker).unwrap();
        let authority = network.workers[worker].authority.pubkey();
        let token_account = network.mints.stake_account(&authority);
        assert_eq!(network.machine.tokens(&token_account), worth);
        refused(network.claim_rewards(worker), "AmountZero");
    }
    assert_eq!(rewards(&network).paid, 999_999);
    // Banking the last points closed the epoch's account and returned its rent.
    let account = network.machine.account(&pda::epoch(0));
    assert!(account.is_none_or(|account| account.data.is_empty()));
}

#[test]
fn funding_rewards_with_zero_is_refused() {
    let mut network = rich();
    network.fund_rewards(1);
    let funder = network.owner.insecure_clone();
    let nothing = instructions::fund_rewards(funder.pubkey(), network.mints, 0);
    refused(network.machine.send(&[nothing], &[&funder]), "AmountZero");
}

#[test]
fn points_are_banked_once() {
    let mut network = rich();
    network.fund_rewards(10_000_000);
    settled(&mut network);
    network.warp(DAY);
    network.close_epoch(0).unwrap();
    network.bank_rewards(0, 0).unwrap();
    refused(network.bank_rewards(0, 0), "AmountZero");
    refused(network.close_epoch(0), "AccountAlreadyInUse");
    assert_eq!(network.provider(0).reward_due, 333_333);
}

#[test]
fn epoch_never_promises_more_than_the_vault_holds() {
    let mut network = rich();
    network.fund_rewards(1_000_001);
    settled(&mut network);
    network.warp(DAY);
    settled(&mut network);
    network.close_epoch(0).unwrap();
    network.warp(DAY);
    network.close_epoch(1).unwrap();
    assert_eq!(epoch(&network, 0).emission, 1_000_000);
    assert_eq!(epoch(&network, 1).emission, 1);
    for number in [0, 1] {
        for worker in 0..3 {
            network.bank_rewards(worker, number).unwrap();
        }
    }
    for worker in 0..3 {
        network.claim_rewards(worker).unwrap();
    }
    let account = rewards(&network);
    assert_eq!((account.promised, account.paid), (1_000_001, 999_999));
}

#[test]
fn rewards_halve_as_scheduled() {
    let mut network = rich();
    network.fund_rewards(100_000_000);
    let mut given = Vec::new();
    for number in 0..6 {
        settled(&mut network);
        network.warp(DAY);
        network.close_epoch(number).unwrap();
        given.push(epoch(&network, number).emission);
        for worker in 0..3 {
            network.bank_rewards(worker, number).unwrap();
        }
    }
    let expected = [1_000_000, 1_000_000, 500_000, 500_000, 250_000, 250_000];
    assert_eq!(given, expected);
}

#[test]
fn unclaimed_rewards_do_not_expire() {
    let mut network = rich();
    network.fund_rewards(10_000_000);
    settled(&mut network);
    network.warp(DAY);
    network.close_epoch(0).unwrap();
    network.warp(1_000 * DAY);
    network.bank_rewards(2, 0).unwrap();
    network.warp(1_000 * DAY);
    network.claim_rewards(2).unwrap();
}

#[test]
fn full_point_list_does_not_lose_older_points() {
    let mut network = rich();
    network.fund_rewards(100_000_000);
    for _ in 0..9 {
        settled(&mut network);
        network.warp(DAY);
    }
    // Eight epochs are kept; the ninth gave no points, although its fee was paid.
    let epochs = network.provider(0).points.map(|points| points.epoch);
    assert_eq!(epochs, [0, 1, 2, 3, 4, 5, 6, 7]);
    refused(network.close_epoch(8), "NoPointsInEpoch");
    for number in 0..8 {
        network.close_epoch(number).unwrap();
        for worker in 0..3 {
            network.bank_rewards(worker, number).unwrap();
        }
    }
    settled(&mut network);
    assert_eq!(network.provider(0).points[0].epoch, 9);
}

#[test]
fn failed_shard_gives_no_points() {
    let mut network = Setup::default().build();
    let job = network.post_with(|_| ());
    let other = millrace_fixture::Answer {
        root: [3; 32],
        ..RIGHT
    };
    network.run_seats(
        &job,
        0,
        &[(0, RIGHT), (1, millrace_fixture::WRONG), (2, other)],
    );
    network.settle(&job, 0).unwrap();
    network.warp(DAY);
    network.fund_rewards(1);
    refused(network.close_epoch(0), "NoPointsInEpoch");
}

#[test]
fn epoch_closes_over_all_buckets_once_in_order() {
    let mut network = rich();
    network.fund_rewards(10_000_000);
    settled(&mut network);
    network.warp(DAY);
    let payer = network.authority.insecure_clone();
    let close = instructions::close_epoch(payer.pubkey(), 0);
    let first = close.accounts.len() - 8;
    let mut without = close.clone();
    without.accounts.pop();
    refused(
        network.machine.send(&[without], &[&payer]),
        "WrongListLength",
    );
    let mut turned = close.clone();
    turned.accounts[first..].rotate_left(1);
    refused(network.machine.send(&[turned], &[&payer]), "WrongAccount");
    let mut twice = close;
    twice.accounts[first + 1] = twice.accounts[first].clone();
    refused(network.machine.send(&[twice], &[&payer]), "WrongAccount");
}

#[test]
fn rewards_go_only_to_the_providers_authority() {
    let mut network = rich();
    network.fund_rewards(10_000_000);
    settled(&mut network);
    network.close_and_bank(0, 0);
    let (own, other) = (
        network.workers[0].authority.pubkey(),
        network.workers[1].authority.pubkey(),
    );
    let claim = instructions::claim_rewards(&own, network.mints);
    let [from, to] = [own, other].map(|o| network.mints.stake_account(&o));
    let elsewhere = millrace_fixture::replace_account(claim, from, to);
    refused(network.machine.send(&[elsewhere], &[]), "WrongAccount");
}

#[test]
fn epoch_with_one_mint_gives_at_most_the_fees_that_it_took() {
    let mut network = Setup {
        one_mint: true,
        ..Setup::default()
    }
    .build();
    network.fund_rewards(500_000);
    settled(&mut network);
    network.warp(DAY);
    network.close_epoch(0).unwrap();
    let fee = network.machine.ledger.rewards.points;
    assert_eq!((fee, epoch(&network, 0).emission), (300, 300));
}
