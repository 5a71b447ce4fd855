//! Who agrees is paid, and all that is left goes back.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, Balances, Market, RIGHT, Setup, refused, swap};
use millrace_program::state::{JobState, SeatStatus, ShardState};
use solana_sdk::signer::Signer;

#[test]
fn a_single_seat_is_paid_and_the_rest_of_the_deposit_goes_back() {
    let mut market = Market::open();
    let job = market.posted(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    let deposited = market.balances(&job);
    assert_eq!((deposited.client, deposited.escrow), (994_875, 5_125));

    market.answered(&job, 0, &[(0, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let settled = Balances {
        client: 994_875,
        escrow: 1_025,
        fees: 100,
        penalties: 0,
        stakes: vec![100_000; 3],
        earnings: vec![4_000, 0, 0],
    };
    assert_eq!(market.balances(&job), settled);
    let books = market.job(&job);
    let out = (books.paid, books.fee, books.refunded, books.held().unwrap());
    assert_eq!(out, (4_000, 100, 0, 1_025));

    market.close(&job, &[0]).unwrap();
    let closed = Balances {
        client: 995_900,
        escrow: 0,
        ..settled
    };
    assert_eq!(market.balances(&job), closed);
    assert!(market.machine.account(&job).is_none());
    assert!(market.machine.account(&pda::shard(&job, 0)).is_none());
}

#[test]
fn three_seats_that_agree_are_paid_alike_and_the_fee_goes_to_the_jobs_bucket() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    assert_eq!(market.balances(&job).escrow, 15_375);
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let shard = market.shard(&job, 0);
    assert_eq!(shard.state(), Some(ShardState::Settled));
    assert_eq!(shard.result(), Some((&RIGHT.root, RIGHT.units)));
    assert_eq!(shard.count(SeatStatus::Agreed), 3);

    market.close(&job, &[0]).unwrap();
    let expected = Balances {
        client: 987_700,
        escrow: 0,
        fees: 300,
        penalties: 0,
        stakes: vec![100_000; 3],
        earnings: vec![4_000; 3],
    };
    assert_eq!(market.balances(&job), expected);
    for worker in 0..3 {
        let books = market.provider(worker);
        assert_eq!((books.agreed, books.disagreed, books.late), (1, 0, 0));
        assert_eq!(
            (books.locked, books.open_seats, books.earned),
            (0, 0, 4_000)
        );
    }
}

#[test]
fn all_rent_comes_back_to_who_paid_it() {
    let mut market = Market::open();
    let mut parties = vec![market.owner.pubkey(), market.orchestrator.pubkey()];
    parties.extend(market.workers.iter().map(|w| w.authority.pubkey()));
    let lamports = |market: &Market| -> Vec<u64> {
        let each = parties.iter();
        each.map(|p| market.machine.lamports_of(p)).collect()
    };
    let before = lamports(&market);
    let job = market.posted(|t| t.shards = 2);
    for index in [0, 1] {
        market.answered(&job, index, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
        market.settle(&job, index).unwrap();
    }
    let during = lamports(&market);
    assert!(during[0] < before[0], "the client pays the job's rent");
    assert!(
        during[1] < before[1],
        "the orchestrator pays the shards' rent"
    );
    market.close(&job, &[0, 1]).unwrap();
    assert_eq!(lamports(&market), before);
}

#[test]
fn each_seat_is_paid_the_price_that_its_provider_asked() {
    let mut market = Setup {
        workers: 0,
        ..Setup::default()
    }
    .build();
    for ask in [3, 4, 5] {
        market.staffed(100_000, |args| args.offer.ask_price = ask);
    }
    let job = market.posted(|_| ());
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.earnings, [3_000, 4_000, 5_000]);
    assert_eq!(after.fees, 300);
}

#[test]
fn units_above_the_agreed_most_are_not_paid() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let dear = Answer {
        units: u64::MAX,
        ..RIGHT
    };
    market.answered(&job, 0, &[(0, dear), (1, dear), (2, dear)]);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn a_fee_rounds_down_and_the_rest_stays_the_clients() {
    let mut market = Setup {
        workers: 0,
        ..Setup::default()
    }
    .build();
    for _ in 0..3 {
        market.staffed(100_000, |args| args.offer.ask_price = 1);
    }
    let job = market.posted(|_| ());
    let few = Answer {
        units: 333,
        ..RIGHT
    };
    market.answered(&job, 0, &[(0, few), (1, few), (2, few)]);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    // 2.5 % of 999 is 24.975.
    assert_eq!(after.fees, 24);
    assert_eq!(after.earnings, [333; 3]);
    assert_eq!(after.client, 1_000_000 - 999 - 24);
}

#[test]
fn a_result_of_no_units_is_right_and_costs_nothing() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let nothing = Answer { units: 0, ..RIGHT };
    market.answered(&job, 0, &[(0, nothing), (1, nothing), (2, nothing)]);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000);
    assert_eq!(market.provider(0).agreed, 1);
}

#[test]
fn two_jobs_of_a_client_do_not_touch_each_others_deposit() {
    let mut market = Market::open();
    let first = market.posted(|_| ());
    let second = market.posted(|t| t.shards = 2);
    market.answered(&first, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&first, 0).unwrap();
    market.close(&first, &[0]).unwrap();
    assert_eq!(market.balances(&second).escrow, 30_750);
    assert_eq!(market.job(&second).held().unwrap(), 30_750);
    assert_eq!(market.job(&second).state(), Some(JobState::Open));
}

#[test]
fn earnings_go_to_the_providers_authority_whoever_asks_and_only_once() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();

    let authority = market.workers[1].authority.pubkey();
    let purse = pda::token_account(&authority, &market.mints.payment);
    assert_eq!(market.machine.tokens(&purse), 0);
    market.claim_earnings(1).unwrap();
    assert_eq!(market.machine.tokens(&purse), 4_000);
    assert_eq!(market.balances(&job).earnings, [4_000, 0, 4_000]);
    refused(market.claim_earnings(1), "AmountZero");
    assert_eq!(market.machine.tokens(&purse), 4_000);
}

#[test]
fn earnings_can_not_be_claimed_to_a_stranger_or_from_another_vault() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let authority = market.workers[0].authority.pubkey();
    let claim = instructions::claim_earnings(&authority, market.mints);

    let mint = market.mints.payment;
    let own = pda::token_account(&authority, &mint);
    let strangers = pda::token_account(&market.owner.pubkey(), &mint);
    let to_a_stranger = swap(claim.clone(), own, strangers);
    refused(market.machine.send(&[to_a_stranger], &[]), "WrongAccount");

    let [first, second] = [0, 1].map(|w| pda::earnings_vault(&market.workers[w].account));
    let from_another = swap(claim, first, second);
    refused(market.machine.send(&[from_another], &[]), "WrongAccount");
}
