//! Assignment of seats, and the stake that they lock.

use millrace_client::{instructions, pda};
use millrace_fixture::{
    RIGHT, Setup, TestNetwork, at_any_price, key, refused, replace_account, tag,
};
use millrace_program::PostJobArgs;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

fn without_providers() -> TestNetwork {
    Setup {
        workers: 0,
        ..Setup::default()
    }
    .build()
}

fn alone(terms: &mut PostJobArgs) {
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
}

#[test]
fn seat_locks_stake_and_starts_the_windows() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[2, 0]).unwrap();
    let (now, shard) = (network.machine.now(), network.shard(&job, 0));
    assert_eq!((shard.commit_by, shard.reveal_by), (now + 60, now + 90));
    let seats = [0, 1].map(|at| (shard.seats[at].provider, shard.seats[at].price));
    let accounts = network.provider_accounts(&[2, 0]);
    assert_eq!(seats, [(accounts[0], 4), (accounts[1], 4)]);
    for (worker, locked, open) in [(0, 10_000, 1), (1, 0, 0), (2, 10_000, 1)] {
        let account = network.provider(worker);
        assert_eq!((account.locked, account.open_seats), (locked, open));
    }

    network.warp(30);
    network.assign(&job, 0, &[1]).unwrap();
    assert_eq!(network.shard(&job, 0).commit_by, now + 30 + 60);
}

#[test]
fn seat_is_assigned_at_the_named_shard() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    network.assign(&job, 0, &[0]).unwrap();
    let (own, provider) = (
        network.orchestrator.pubkey(),
        network.provider_accounts(&[1]),
    );
    let assign =
        instructions::assign_seats(own, network.shard_ref(&job, 1), &at_any_price(&provider));
    let [first, second] = [0, 1].map(|index| pda::shard(&job, index));
    let outcome = network.machine.send(
        &[replace_account(assign, second, first)],
        &[&network.orchestrator],
    );
    refused(outcome, "WrongAccount");
}

#[test]
fn provider_below_the_minimum_stake_gets_no_seat() {
    let mut network = without_providers();
    let worker = network.add_provider(1_000, |_| ());
    // A seat locks 800.
    let job = network.post_with(|t| (t.price_cap, t.max_units) = (4, 100));
    refused(network.assign(&job, 0, &[worker]), "StakeBelowMinimum");
    network.stake(worker, 1_000).unwrap();
    network.assign(&job, 0, &[worker]).unwrap();
}

#[test]
fn provider_slashed_below_the_minimum_stake_gets_no_seat() {
    let mut network = without_providers();
    let worker = network.add_staked_provider(1_000, |_| ());
    let job = network.post_with(|t| (t.price_cap, t.max_units) = (4, 100));
    network.assign(&job, 0, &[worker]).unwrap();
    network.warp(60);
    network.expire_seat(&job, 0, worker).unwrap();
    assert_eq!(network.provider(worker).active, 920);
    refused(network.assign(&job, 0, &[worker]), "StakeBelowMinimum");
}

#[test]
fn provider_above_the_price_cap_gets_no_seat() {
    let mut network = TestNetwork::start();
    let cheap = network.post_with(|t| t.price_cap = 3);
    refused(network.assign(&cheap, 0, &[0]), "PriceAboveCap");
    let fair = network.post_with(|t| t.price_cap = 4);
    network.assign(&fair, 0, &[0]).unwrap();
}

#[test]
fn provider_gets_at_most_its_max_open_seats() {
    let mut network = without_providers();
    let worker = network.add_staked_provider(100_000, |args| args.offer.max_open_seats = 2);
    let jobs: Vec<Pubkey> = (0..3).map(|_| network.post_with(alone)).collect();
    network.assign(&jobs[0], 0, &[worker]).unwrap();
    network.assign(&jobs[1], 0, &[worker]).unwrap();
    refused(network.assign(&jobs[2], 0, &[worker]), "ProviderAtCapacity");
    network.commit(&jobs[0], 0, &[(worker, RIGHT)]).unwrap();
    network.reveal(&jobs[0], 0, &[(worker, RIGHT)]).unwrap();
    network.settle(&jobs[0], 0).unwrap();
    network.assign(&jobs[2], 0, &[worker]).unwrap();
}

#[test]
fn locked_stake_backs_no_other_seat() {
    let mut network = without_providers();
    let short = network.add_staked_provider(19_999, |_| ());
    let enough = network.add_staked_provider(20_000, |_| ());
    let jobs = [network.post_with(|_| ()), network.post_with(|_| ())];
    network.assign(&jobs[0], 0, &[short, enough]).unwrap();
    refused(
        network.assign(&jobs[1], 0, &[short]),
        "InsufficientFreeStake",
    );
    network.assign(&jobs[1], 0, &[enough]).unwrap();
    assert_eq!(network.provider(enough).locked, 20_000);
}

#[test]
fn provider_gets_one_seat_at_a_shard() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[0, 0]), "AlreadySeated");
    network.assign(&job, 0, &[0, 0, 1]).unwrap();
    assert_eq!(network.shard(&job, 0).live_seats(), 2);
    refused(network.assign(&job, 0, &[0]), "AlreadySeated");
    let reveal_less = network.post_with(|_| ());
    network.assign(&reveal_less, 0, &[0]).unwrap();
}

#[test]
fn provider_below_the_requirements_gets_no_seat() {
    let mut network = TestNetwork::start();
    let met = network.post_with(|t| {
        (t.supplier, t.region) = (tag(b"own"), tag(b"eu-west"));
        (t.min_memory_mb, t.min_cores) = (4_096, 8);
    });
    network.assign(&met, 0, &[0]).unwrap();
    let unmet: [fn(&mut PostJobArgs); 5] = [
        |t| t.supplier = tag(b"owner"),
        |t| t.region = tag(b"eu"),
        |t| t.min_score = 1,
        |t| t.min_memory_mb = 4_097,
        |t| t.min_cores = 9,
    ];
    for require in unmet {
        let job = network.post_with(require);
        refused(network.assign(&job, 0, &[0]), "ProviderNotEligible");
    }
}

#[test]
fn only_the_requested_orchestrator_assigns_the_job() {
    let mut network = TestNetwork::start();
    let other = key(7);
    network.machine.airdrop(&other.pubkey(), 1_000_000_000);
    let job = network.post_with(|t| t.orchestrator = other.pubkey());
    refused(network.assign(&job, 0, &[0]), "OrchestratorMismatch");

    let provider = network.provider_accounts(&[0]);
    let assign = instructions::assign_seats(
        other.pubkey(),
        network.shard_ref(&job, 0),
        &at_any_price(&provider),
    );
    let outcome = network.machine.send(from_ref(&assign), &[&other]);
    refused(outcome, "AccountNotInitialized");
    let [own, registered] =
        [other.pubkey(), network.orchestrator.pubkey()].map(|key| pda::orchestrator(&key));
    let borrowed = replace_account(assign.clone(), own, registered);
    refused(
        network.machine.send(&[borrowed], &[&other]),
        "NotAuthorized",
    );

    network.register_orchestrator(&other.pubkey()).unwrap();
    network.machine.send(&[assign], &[&other]).unwrap();
}

#[test]
fn shard_gets_at_most_max_replicas_seats() {
    let mut network = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[0, 1, 2, 3]), "NoFreeSeat");
    refused(network.assign(&job, 0, &[]), "WrongListLength");
    refused(
        network.assign(&job, 0, &[0, 1, 2, 3, 0, 1]),
        "WrongListLength",
    );
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    refused(network.assign(&job, 0, &[3]), "NoFreeSeat");
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.commit(&job, 0, &all).unwrap();
    refused(network.assign(&job, 0, &[3]), "NoFreeSeat");
    network.reveal(&job, 0, &all).unwrap();
    network.settle(&job, 0).unwrap();
    refused(network.assign(&job, 0, &[3]), "NoFreeSeat");
}

#[test]
fn shard_index_out_of_range_is_refused() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    refused(network.assign(&job, 2, &[0]), "ShardsOutOfBounds");
    network.assign(&job, 1, &[0]).unwrap();
    network.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn seat_is_assigned_only_while_a_round_fits() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    let last = network.job(&job).deadline - 90;
    network.machine.set_time(last);
    network.assign(&job, 0, &[0]).unwrap();
    network.machine.set_time(last + 1);
    refused(network.assign(&job, 1, &[0]), "TooLate");
    refused(network.assign(&job, 0, &[1]), "TooLate");
}

#[test]
fn only_providers_are_assigned() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let orchestrator = network.orchestrator.pubkey();
    let others = [
        (pda::network(), "AccountDiscriminatorMismatch"),
        (network.owner.pubkey(), "AccountOwnedByWrongProgram"),
    ];
    for (other, error) in others {
        let assign = instructions::assign_seats(
            orchestrator,
            network.shard_ref(&job, 0),
            &at_any_price(&[other]),
        );
        let outcome = network.machine.send(&[assign], &[&network.orchestrator]);
        refused(outcome, error);
    }
}
