//! Every limit filled to the last place: whoever comes then, honestly, is served all the same, and what
//! filled it comes to its end by itself.

use millrace_client::pda;
use millrace_fixture::{Answer, Market, PARAMETERS, RIGHT, SOL, Setup, key, refused};
use millrace_program::PostJobArgs;
use millrace_program::constants::{MAX_BUCKET_EPOCHS, MAX_FREED_ATTEMPTS, MAX_PROVIDER_EPOCHS};
use millrace_program::state::{Bucket, Client, ShardState, bucket_of};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

const DAY: i64 = 86_400;
/// Seats that a worker takes at a time.
const MOST_SEATS: usize = 4;

fn one_seat(terms: &mut PostJobArgs) {
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
}

/// A second client, who floods.
fn with_a_flooder(setup: Setup) -> (Market, Keypair, Keypair) {
    let mut market = setup.build();
    let (honest, flooder) = (market.owner.insecure_clone(), key(7));
    let mints = market.mints;
    let fund = (&mints.payment, 10_000_000);
    market.machine.open_wallet(&flooder.pubkey(), mints, fund);
    market.open_client(&flooder).unwrap();
    market.machine.airdrop(&flooder.pubkey(), 100 * SOL);
    (market, honest, flooder)
}

/// The honest client's job of one seat, from posting to closing.
#[track_caller]
fn is_served(market: &mut Market, honest: &Keypair, worker: usize) {
    let flooder = std::mem::replace(&mut market.owner, honest.insecure_clone());
    let purse = market.mints.payment_account(&honest.pubkey());
    let before = market.machine.tokens(&purse);
    let job = market.posted(one_seat);
    market.answered(&job, 0, &[(worker, RIGHT)]);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.machine.tokens(&purse), before - 4_100);
    market.owner = flooder;
}

#[test]
fn seats_that_dust_has_filled_are_free_again_once_their_commit_window_is_over() {
    let (mut market, honest, flooder) = with_a_flooder(Setup::default());
    market.owner = flooder;
    let dust: Vec<Pubkey> = (0..MOST_SEATS)
        .map(|_| {
            let job = market.posted(|terms| {
                one_seat(terms);
                (terms.price_cap, terms.max_units) = (4, 1);
            });
            market.assign(&job, 0, &[0]).unwrap();
            job
        })
        .collect();
    let books = market.provider(0);
    assert_eq!(usize::from(books.open_seats), MOST_SEATS);
    // The honest job has others, and the filled one again a window later.
    is_served(&mut market, &honest, 1);
    let one_more = market.posted(one_seat);
    refused(market.assign(&one_more, 0, &[0]), "ProviderAtCapacity");
    market.warp(60);
    market.expire_seat(&dust[0], 0, 0).unwrap();
    is_served(&mut market, &honest, 0);
    for job in &dust[1..] {
        market.expire_seat(job, 0, 0).unwrap();
    }
    assert_eq!(market.provider(0).locked, 0);
}

#[test]
fn a_client_with_hundreds_of_open_jobs_holds_up_neither_others_nor_itself() {
    const JOBS: u64 = 300;
    let (mut market, honest, flooder) = with_a_flooder(Setup::default());
    market.owner = flooder.insecure_clone();
    let lamports = market.machine.lamports_of(&flooder.pubkey());
    let jobs: Vec<Pubkey> = (0..JOBS)
        .map(|_| {
            market.posted(|terms| {
                one_seat(terms);
                (terms.price_cap, terms.max_units) = (1, 1);
            })
        })
        .collect();
    let client = pda::client(&flooder.pubkey());
    let books: Client = market.read(&client);
    assert_eq!((u64::from(books.open_jobs), books.held), (JOBS, JOBS));
    is_served(&mut market, &honest, 0);
    is_served(&mut market, &flooder, 1);
    market.machine.warp_to(market.job(&jobs[0]).deadline);
    for job in &jobs {
        market.expire_job(job).unwrap();
        market.close(job, &[]).unwrap();
    }
    let books: Client = market.read(&client);
    assert_eq!((books.open_jobs, books.held), (0, 0));
    assert_eq!(market.machine.lamports_of(&flooder.pubkey()), lamports);
}

#[test]
fn a_job_of_the_most_shards_ends_at_the_cost_of_a_small_one_and_holds_up_no_other() {
    let mut parameters = PARAMETERS;
    parameters.max_shards = 1_024;
    let setup = Setup {
        parameters,
        ..Setup::default()
    };
    let (mut market, honest, flooder) = with_a_flooder(setup);
    market.owner = flooder.insecure_clone();
    let ends = [2, 1_024].map(|shards| {
        let job = market.posted(|terms| {
            one_seat(terms);
            (terms.shards, terms.price_cap) = (shards, 1);
        });
        is_served(&mut market, &honest, 0);
        job
    });
    market.machine.warp_to(market.job(&ends[1]).deadline);
    let [small, large] = ends.map(|job| {
        let expired = market.expire_job(&job).unwrap().compute_units_consumed;
        let closed = market.close(&job, &[]).unwrap().compute_units_consumed;
        (expired, closed)
    });
    assert_eq!(small.0, large.0);
    // Nothing is done shard by shard; addresses take a little more or less to derive.
    assert!(small.1.abs_diff(large.1) < 100, "{small:?}, {large:?}");
    let purse = market.mints.payment_account(&flooder.pubkey());
    assert_eq!(market.machine.tokens(&purse), 10_000_000);
}

#[test]
fn a_shard_whose_seats_were_given_up_too_often_is_still_computed_and_paid() {
    let mut market = Market::open();
    let job = market.posted(one_seat);
    for attempt in 0..MAX_FREED_ATTEMPTS {
        assert_eq!(
            market.shard_if_any(&job, 0).map_or(0, |s| s.attempt),
            attempt
        );
        market.assign(&job, 0, &[usize::from(attempt % 3)]).unwrap();
        market.decline(&job, 0, usize::from(attempt % 3)).unwrap();
    }
    market.assign(&job, 0, &[0]).unwrap();
    refused(market.decline(&job, 0, 0), "TooManyAttempts");
    market.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    market.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 0, 0]);
}

#[test]
fn a_shard_whose_attempts_are_used_up_fails_at_its_deadline_and_is_refunded() {
    let mut market = Market::open();
    let job = market.posted(|terms| {
        one_seat(terms);
        (terms.commit_secs, terms.reveal_secs) = (10, 10);
    });
    for _ in 0..MAX_FREED_ATTEMPTS {
        market.assign(&job, 0, &[0]).unwrap();
        market.decline(&job, 0, 0).unwrap();
    }
    // Rounds in which a seat stays idle use up the rest, at the price of a late one each.
    for worker in (0..3).cycle() {
        market.assign(&job, 0, &[worker]).unwrap();
        market.warp(10);
        refused(market.expire_seat(&job, 0, worker), "TooManyAttempts");
        market.warp(10);
        if market.shard(&job, 0).attempt == u8::MAX {
            break;
        }
        market.settle(&job, 0).unwrap();
    }
    refused(market.settle(&job, 0), "AmountOverflow");
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline - 20);
    refused(market.settle(&job, 0), "AmountOverflow");
    market.machine.warp_to(deadline - 19);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).state(), Some(ShardState::Failed));
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).client, 1_000_000);
    for worker in 0..3 {
        assert_eq!(market.provider(worker).locked, 0);
    }
}

/// A job in a bucket, done by one worker.
fn settled_in(market: &mut Market, bucket: u8, worker: usize) -> Pubkey {
    let job = loop {
        let job = market.posted(one_seat);
        if bucket_of(&job) == bucket {
            break job;
        }
        market.cancel(&job).unwrap();
        market.close(&job, &[]).unwrap();
    };
    market.answered(&job, 0, &[(worker, RIGHT)]);
    market.settle(&job, 0).unwrap();
    job
}

#[test]
fn a_bucket_without_room_for_points_takes_fees_and_pays_seats_all_the_same() {
    const BUCKET: u8 = 3;
    let mut market = Market::open();
    market.fund_rewards(10_000_000);
    // Nobody closes an epoch; each provider has room for its own ones.
    for epoch in 0..MAX_BUCKET_EPOCHS {
        settled_in(&mut market, BUCKET, epoch / MAX_PROVIDER_EPOCHS);
        market.warp(DAY);
    }
    let bucket: Bucket = market.read(&pda::bucket(BUCKET));
    assert!(bucket.points.iter().all(|points| points.amount == 100));
    let given = market.machine.ledger.rewards.points;
    let job = settled_in(&mut market, BUCKET, 2);
    assert_eq!(market.balances(&job).earnings[2], 4_000);
    assert_eq!(market.job(&job).fee, 100);
    assert_eq!(market.machine.ledger.rewards.points, given);
    assert_eq!(market.provider(2).points[0].amount, 0);
    // Another bucket gives points, and this one does once an epoch is closed.
    settled_in(&mut market, BUCKET + 1, 2);
    assert_eq!(market.provider(2).points[0].amount, 100);
    market.close_epoch(0).unwrap();
    settled_in(&mut market, BUCKET, 2);
    assert_eq!(market.provider(2).points[0].amount, 200);
}

#[test]
fn a_shard_of_the_most_seats_is_settled_and_takes_no_sixth() {
    let mut market = Setup {
        workers: 6,
        ..Setup::default()
    }
    .build();
    let job = market.posted(|t| (t.replicas, t.quorum, t.max_replicas) = (5, 3, 5));
    let all: [(usize, Answer); 5] = std::array::from_fn(|worker| (worker, RIGHT));
    refused(
        market.assign(&job, 0, &[0, 1, 2, 3, 4, 5]),
        "WrongListLength",
    );
    market.assign(&job, 0, &[0, 1, 2, 3, 4]).unwrap();
    refused(market.assign(&job, 0, &[5]), "NoFreeSeat");
    market.commit(&job, 0, &all[..3]).unwrap();
    market.commit(&job, 0, &all[3..]).unwrap();
    market.reveal(&job, 0, &all).unwrap();
    market.settle(&job, 0).unwrap();
    assert_eq!(
        market.balances(&job).earnings,
        [4_000, 4_000, 4_000, 4_000, 4_000, 0]
    );
}
