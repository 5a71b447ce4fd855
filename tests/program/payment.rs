//! Agreeing seats are paid, and the rest is refunded.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, Balances, RIGHT, Setup, TestNetwork, refused, replace_account};
use millrace_program::state::{JobState, SeatStatus, ShardState};
use solana_sdk::signer::Signer;

#[test]
fn single_seat_is_paid_and_the_rest_refunded() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    let deposited = network.balances(&job);
    assert_eq!((deposited.client, deposited.escrow), (994_875, 5_125));

    network.run_seats(&job, 0, &[(0, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let settled = Balances {
        client: 994_875,
        escrow: 1_025,
        fees: 100,
        burnt: 0,
        stakes: vec![100_000; 3],
        earnings: vec![4_000, 0, 0],
    };
    assert_eq!(network.balances(&job), settled);
    let account = network.job(&job);
    let out = (
        account.paid,
        account.fee,
        account.refunded,
        account.held().unwrap(),
    );
    assert_eq!(out, (4_000, 100, 0, 1_025));

    network.close(&job, &[0]).unwrap();
    let closed = Balances {
        client: 995_900,
        escrow: 0,
        ..settled
    };
    assert_eq!(network.balances(&job), closed);
    assert!(network.machine.account(&job).is_none());
    assert!(network.machine.account(&pda::shard(&job, 0)).is_none());
}

#[test]
fn three_agreeing_seats_are_paid_equally_and_the_fee_goes_to_the_bucket() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    assert_eq!(network.balances(&job).escrow, 15_375);
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(shard.state(), Some(ShardState::Settled));
    assert_eq!(shard.result(), Some((&RIGHT.root, RIGHT.units)));
    assert_eq!(shard.count(SeatStatus::Agreed), 3);

    network.close(&job, &[0]).unwrap();
    let expected = Balances {
        client: 987_700,
        escrow: 0,
        fees: 300,
        burnt: 0,
        stakes: vec![100_000; 3],
        earnings: vec![4_000; 3],
    };
    assert_eq!(network.balances(&job), expected);
    for worker in 0..3 {
        let account = network.provider(worker);
        assert_eq!((account.agreed, account.disagreed, account.late), (1, 0, 0));
        assert_eq!(
            (account.locked, account.open_seats, account.earned),
            (0, 0, 4_000)
        );
    }
}

#[test]
fn all_rent_returns_to_its_payers() {
    let mut network = TestNetwork::start();
    let mut parties = vec![network.owner.pubkey(), network.orchestrator.pubkey()];
    parties.extend(network.workers.iter().map(|w| w.authority.pubkey()));
    let lamports = |network: &TestNetwork| -> Vec<u64> {
        let each = parties.iter();
        each.map(|p| network.machine.lamports_of(p)).collect()
    };
    let before = lamports(&network);
    let job = network.post_with(|t| t.shards = 2);
    for index in [0, 1] {
        network.run_seats(&job, index, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
        network.settle(&job, index).unwrap();
    }
    let during = lamports(&network);
    assert!(during[0] < before[0], "the client pays the job's rent");
    assert!(
        during[1] < before[1],
        "the orchestrator pays the shards' rent"
    );
    network.close(&job, &[0, 1]).unwrap();
    assert_eq!(lamports(&network), before);
}

#[test]
fn each_seat_is_paid_its_providers_ask() {
    let mut network = Setup {
        workers: 0,
        ..Setup::default()
    }
    .build();
    for ask in [3, 4, 5] {
        network.add_staked_provider(100_000, |args| args.offer.ask_price = ask);
    }
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [3_000, 4_000, 5_000]);
    assert_eq!(after.fees, 300);
}

#[test]
fn units_above_the_maximum_are_not_paid() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let expensive = Answer {
        units: u64::MAX,
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, expensive), (1, expensive), (2, expensive)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn fee_rounds_down_in_favour_of_the_client() {
    let mut network = Setup {
        workers: 0,
        ..Setup::default()
    }
    .build();
    for _ in 0..3 {
        network.add_staked_provider(100_000, |args| args.offer.ask_price = 1);
    }
    let job = network.post_with(|_| ());
    let few = Answer {
        units: 333,
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, few), (1, few), (2, few)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    // 2.5 % of 999 is 24.975.
    assert_eq!(after.fees, 24);
    assert_eq!(after.earnings, [333; 3]);
    assert_eq!(after.client, 1_000_000 - 999 - 24);
}

#[test]
fn result_of_zero_units_agrees_and_costs_nothing() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let nothing = Answer { units: 0, ..RIGHT };
    network.run_seats(&job, 0, &[(0, nothing), (1, nothing), (2, nothing)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000);
    assert_eq!(network.provider(0).agreed, 1);
}

#[test]
fn jobs_of_a_client_do_not_touch_each_others_deposit() {
    let mut network = TestNetwork::start();
    let first = network.post_with(|_| ());
    let second = network.post_with(|t| t.shards = 2);
    network.run_seats(&first, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&first, 0).unwrap();
    network.close(&first, &[0]).unwrap();
    assert_eq!(network.balances(&second).escrow, 30_750);
    assert_eq!(network.job(&second).held().unwrap(), 30_750);
    assert_eq!(network.job(&second).state(), Some(JobState::Open));
}

#[test]
fn earnings_go_to_the_providers_authority_once() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();

    let authority = network.workers[1].authority.pubkey();
    let token_account = pda::token_account(&authority, &network.mints.payment);
    assert_eq!(network.machine.tokens(&token_account), 0);
    network.claim_earnings(1).unwrap();
    assert_eq!(network.machine.tokens(&token_account), 4_000);
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 4_000]);
    refused(network.claim_earnings(1), "AmountZero");
    assert_eq!(network.machine.tokens(&token_account), 4_000);
}

#[test]
fn earnings_cannot_be_claimed_by_a_stranger_or_from_another_vault() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let authority = network.workers[0].authority.pubkey();
    let claim = instructions::claim_earnings(&authority, network.mints);

    let mint = network.mints.payment;
    let own = pda::token_account(&authority, &mint);
    let strangers = pda::token_account(&network.owner.pubkey(), &mint);
    let to_a_stranger = replace_account(claim.clone(), own, strangers);
    refused(network.machine.send(&[to_a_stranger], &[]), "WrongAccount");

    let [first, second] = [0, 1].map(|w| pda::earnings_vault(&network.workers[w].account));
    let from_another = replace_account(claim, first, second);
    refused(network.machine.send(&[from_another], &[]), "WrongAccount");
}
