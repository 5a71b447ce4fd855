//! Every limit is filled up; an honest party that comes after that is still served, and what filled the
//! limit ends by itself.

use millrace_client::pda;
use millrace_fixture::{Answer, PARAMETERS, RIGHT, SOL, Setup, TestNetwork, key, refused};
use millrace_program::PostJobArgs;
use millrace_program::constants::{
    LAST_ATTEMPT, MAX_BUCKET_EPOCHS, MAX_FREED_ATTEMPTS, MAX_PROVIDER_EPOCHS,
};
use millrace_program::state::{Bucket, Client, ShardState, bucket_of};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

const DAY: i64 = 86_400;
/// Seats that a worker takes at a time.
const MAX_SEATS: usize = 4;

fn one_seat(terms: &mut PostJobArgs) {
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
}

/// A second client that floods the network.
fn with_a_flooder(setup: Setup) -> (TestNetwork, Keypair, Keypair) {
    let mut network = setup.build();
    let (honest, flooder) = (network.owner.insecure_clone(), key(7));
    let mints = network.mints;
    let fund = (&mints.payment, 10_000_000);
    network.machine.open_wallet(&flooder.pubkey(), mints, fund);
    network.open_client(&flooder).unwrap();
    network.machine.airdrop(&flooder.pubkey(), 100 * SOL);
    (network, honest, flooder)
}

/// The honest client's job of one seat, from posting to closing.
#[track_caller]
fn is_served(network: &mut TestNetwork, honest: &Keypair, worker: usize) {
    let flooder = std::mem::replace(&mut network.owner, honest.insecure_clone());
    let token_account = network.mints.payment_account(&honest.pubkey());
    let before = network.machine.tokens(&token_account);
    let job = network.post_with(one_seat);
    network.run_seats(&job, 0, &[(worker, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.machine.tokens(&token_account), before - 4_100);
    network.owner = flooder;
}

#[test]
fn seats_filled_by_tiny_jobs_are_free_after_the_commit_window() {
    let (mut network, honest, flooder) = with_a_flooder(Setup::default());
    network.owner = flooder;
    let dust: Vec<Pubkey> = (0..MAX_SEATS)
        .map(|_| {
            let job = network.post_with(|terms| {
                one_seat(terms);
                (terms.price_cap, terms.max_units) = (4, 1);
            });
            network.assign(&job, 0, &[0]).unwrap();
            job
        })
        .collect();
    let account = network.provider(0);
    assert_eq!(usize::from(account.open_seats), MAX_SEATS);
    // Other workers serve the honest job at once; the filled ones serve it a window later.
    is_served(&mut network, &honest, 1);
    let one_more = network.post_with(one_seat);
    refused(network.assign(&one_more, 0, &[0]), "ProviderAtCapacity");
    network.warp(60);
    network.expire_seat(&dust[0], 0, 0).unwrap();
    is_served(&mut network, &honest, 0);
    for job in &dust[1..] {
        network.expire_seat(job, 0, 0).unwrap();
    }
    assert_eq!(network.provider(0).locked, 0);
}

#[test]
fn client_with_hundreds_of_open_jobs_delays_no_one() {
    const JOBS: u64 = 300;
    let (mut network, honest, flooder) = with_a_flooder(Setup::default());
    network.owner = flooder.insecure_clone();
    let lamports = network.machine.lamports_of(&flooder.pubkey());
    let jobs: Vec<Pubkey> = (0..JOBS)
        .map(|_| {
            network.post_with(|terms| {
                one_seat(terms);
                (terms.price_cap, terms.max_units) = (1, 1);
            })
        })
        .collect();
    let client = pda::client(&flooder.pubkey());
    let account: Client = network.read(&client);
    assert_eq!((u64::from(account.open_jobs), account.held), (JOBS, JOBS));
    is_served(&mut network, &honest, 0);
    is_served(&mut network, &flooder, 1);
    network.machine.set_time(network.job(&jobs[0]).deadline);
    for job in &jobs {
        network.expire_job(job).unwrap();
        network.close(job, &[]).unwrap();
    }
    let account: Client = network.read(&client);
    assert_eq!((account.open_jobs, account.held), (0, 0));
    assert_eq!(network.machine.lamports_of(&flooder.pubkey()), lamports);
}

#[test]
fn job_with_max_shards_costs_as_much_per_shard_as_a_small_one() {
    let mut parameters = PARAMETERS;
    parameters.max_shards = 1_024;
    let setup = Setup {
        parameters,
        ..Setup::default()
    };
    let (mut network, honest, flooder) = with_a_flooder(setup);
    network.owner = flooder.insecure_clone();
    let ends = [2, 1_024].map(|shards| {
        let job = network.post_with(|terms| {
            one_seat(terms);
            (terms.shards, terms.price_cap) = (shards, 1);
        });
        is_served(&mut network, &honest, 0);
        job
    });
    network.machine.set_time(network.job(&ends[1]).deadline);
    let [small, large] = ends.map(|job| {
        let expired = network.expire_job(&job).unwrap().compute_units_consumed;
        let closed = network.close(&job, &[]).unwrap().compute_units_consumed;
        (expired, closed)
    });
    assert_eq!(small.0, large.0);
    // No cost depends on the number of shards, except for the derivation of addresses.
    assert!(small.1.abs_diff(large.1) < 100, "{small:?}, {large:?}");
    let token_account = network.mints.payment_account(&flooder.pubkey());
    assert_eq!(network.machine.tokens(&token_account), 10_000_000);
}

#[test]
fn shard_with_many_declined_seats_is_still_paid() {
    let mut network = TestNetwork::start();
    let job = network.post_with(one_seat);
    for attempt in 0..MAX_FREED_ATTEMPTS {
        assert_eq!(
            network.shard_if_any(&job, 0).map_or(0, |s| s.attempt),
            attempt
        );
        network
            .assign(&job, 0, &[usize::from(attempt % 3)])
            .unwrap();
        network.decline(&job, 0, usize::from(attempt % 3)).unwrap();
    }
    network.assign(&job, 0, &[0]).unwrap();
    refused(network.decline(&job, 0, 0), "TooManyAttempts");
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 0, 0]);
}

#[test]
fn shard_without_attempts_left_fails_and_is_refunded() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|terms| {
        one_seat(terms);
        (terms.commit_secs, terms.reveal_secs) = (10, 10);
    });
    for _ in 0..MAX_FREED_ATTEMPTS {
        network.assign(&job, 0, &[0]).unwrap();
        network.decline(&job, 0, 0).unwrap();
    }
    // Rounds with an idle seat use up the remaining attempts, each at the cost of a late penalty.
    for worker in (0..3).cycle() {
        network.assign(&job, 0, &[worker]).unwrap();
        network.warp(10);
        refused(network.expire_seat(&job, 0, worker), "TooManyAttempts");
        network.warp(10);
        network.settle(&job, 0).unwrap();
        if network.shard(&job, 0).state() == Some(ShardState::Failed) {
            break;
        }
    }
    // It does not wait for the deadline.
    let shard = network.shard(&job, 0);
    assert_eq!(shard.attempt, LAST_ATTEMPT);
    assert!(network.machine.now() + 20 < network.job(&job).deadline);
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000);
    for worker in 0..3 {
        assert_eq!(network.provider(worker).locked, 0);
    }
}

/// A job in a bucket, done by the two workers of a pair.
fn settled_in(network: &mut TestNetwork, bucket: u8, pair: usize) -> Pubkey {
    let job = loop {
        let job = network.post_with(|t| (t.replicas, t.quorum) = (2, 2));
        if bucket_of(&job) == bucket {
            break job;
        }
        network.cancel(&job).unwrap();
        network.close(&job, &[]).unwrap();
    };
    network.run_seats(&job, 0, &[(2 * pair, RIGHT), (2 * pair + 1, RIGHT)]);
    network.settle(&job, 0).unwrap();
    job
}

#[test]
fn bucket_without_room_for_points_still_takes_fees_and_pays_seats() {
    const BUCKET: u8 = 3;
    let mut network = Setup {
        workers: 6,
        ..Setup::default()
    }
    .build();
    network.fund_rewards(10_000_000);
    // No epoch is closed; each provider has room for its own points.
    for epoch in 0..MAX_BUCKET_EPOCHS {
        settled_in(&mut network, BUCKET, epoch / MAX_PROVIDER_EPOCHS);
        network.warp(DAY);
    }
    let bucket: Bucket = network.read(&pda::bucket(BUCKET));
    assert!(bucket.points.iter().all(|points| points.amount == 200));
    let given = network.machine.ledger.rewards.points;
    let job = settled_in(&mut network, BUCKET, 2);
    assert_eq!(network.balances(&job).earnings[4], 4_000);
    assert_eq!(network.job(&job).fee, 200);
    assert_eq!(network.machine.ledger.rewards.points, given);
    assert_eq!(network.provider(4).points[0].amount, 0);
    // Another bucket gives points, and so does this one after an epoch is closed.
    settled_in(&mut network, BUCKET + 1, 2);
    assert_eq!(network.provider(4).points[0].amount, 100);
    network.close_epoch(0).unwrap();
    settled_in(&mut network, BUCKET, 2);
    assert_eq!(network.provider(4).points[0].amount, 200);
}

#[test]
fn shard_with_max_seats_is_settled_and_takes_no_more() {
    let mut network = Setup {
        workers: 6,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (5, 3, 5));
    let all: [(usize, Answer); 5] = std::array::from_fn(|worker| (worker, RIGHT));
    refused(
        network.assign(&job, 0, &[0, 1, 2, 3, 4, 5]),
        "WrongListLength",
    );
    network.assign(&job, 0, &[0, 1, 2, 3, 4]).unwrap();
    refused(network.assign(&job, 0, &[5]), "NoFreeSeat");
    network.commit(&job, 0, &all[..3]).unwrap();
    network.commit(&job, 0, &all[3..]).unwrap();
    network.reveal(&job, 0, &all).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(
        network.balances(&job).earnings,
        [4_000, 4_000, 4_000, 4_000, 4_000, 0]
    );
}
