//! Providers are admitted by a draw weighted by stake, and every provider is admitted eventually.

use millrace_client::instructions;
use millrace_fixture::{PARAMETERS, Setup, TestNetwork, refused};
use millrace_program::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use millrace_program::math::sortition::{Ticket, admits};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// A chance of about one in a thousand for a provider with a stake of 100,000.
const START: u64 = u64::MAX / 1_000 / 100_000;

fn network(workers: usize) -> TestNetwork {
    let mut parameters = PARAMETERS;
    parameters.sortition_start = START;
    let mut network = Setup {
        workers,
        parameters,
        ..Setup::default()
    }
    .build();
    network.machine.advance_slots(600, 1);
    network.warp(1);
    network
}

/// A job whose seed is taken in the slot after its posting.
fn seeded(network: &mut TestNetwork) -> Pubkey {
    let job = network.post_with(|_| ());
    network.machine.advance_slots(2, 1);
    network.seed_job(&job).unwrap();
    job
}

/// Slots after which a worker is admitted to a shard without seats.
fn admitted_after(network: &TestNetwork, job: &Pubkey, worker: usize) -> u64 {
    let ticket = Ticket {
        seed: network.job(job).seed,
        job: job.as_array(),
        shard: 0,
        attempt: 0,
        provider: network.workers[worker].account.as_array(),
    };
    (0..=64)
        .find(|waited| admits(START, 100_000, *waited, &ticket))
        .unwrap()
}

#[test]
fn provider_is_admitted_in_the_slot_of_its_draw_and_not_before() {
    let mut network = network(3);
    let job = seeded(&mut network);
    let posted = network.job(&job).seed_slot;
    let wait = admitted_after(&network, &job, 0);
    assert!(wait > 2, "one in a thousand has the luck to break this");
    let now = network.machine.slot();
    network.machine.advance_slots(posted + wait - 1 - now, 1);
    refused(network.assign(&job, 0, &[0]), "NotAdmittedYet");
    network.machine.advance_slots(1, 1);
    network.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn every_provider_is_admitted_eventually() {
    let mut network = network(3);
    let job = seeded(&mut network);
    network.machine.advance_slots(64, 1);
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
}

#[test]
fn assignment_needs_the_seed_of_the_next_block() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[0]), "SeedNotSet");
    refused(network.seed_job(&job), "SeedNotAvailable");
    network.machine.advance_slots(5, 1);
    network.seed_job(&job).unwrap();
    let hashes = network.machine.account(&SLOT_HASHES).unwrap().data;
    let account = network.job(&job);
    let block = SlotHashes::new(&hashes)
        .first_after(account.seed_slot)
        .unwrap();
    assert_eq!(block.slot, account.seed_slot + 1);
    assert_eq!(account.seed.to_le_bytes(), block.hash[..8]);
    refused(network.seed_job(&job), "SeedAlreadySet");
}

#[test]
fn forgotten_seed_is_replaced_by_a_future_block() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.machine.advance_slots(1_000, 1);
    network.seed_job(&job).unwrap();
    let account = network.job(&job);
    assert_eq!(
        (account.seed, account.seed_slot),
        (0, network.machine.slot())
    );
    refused(network.assign(&job, 0, &[0]), "SeedNotSet");
    refused(network.seed_job(&job), "SeedNotAvailable");
    network.machine.advance_slots(2, 1);
    network.seed_job(&job).unwrap();
    assert_ne!(network.job(&job).seed, 0);
}

#[test]
fn freed_seat_is_drawn_again() {
    let mut network = network(4);
    let job = seeded(&mut network);
    network.machine.advance_slots(64, 1);
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(60);
    for worker in 0..3 {
        network.expire_seat(&job, 0, worker).unwrap();
    }
    let shard = network.shard(&job, 0);
    assert_eq!(shard.slot, network.machine.slot());
    let ticket = Ticket {
        seed: network.job(&job).seed,
        job: job.as_array(),
        shard: 0,
        attempt: 3,
        provider: network.workers[3].account.as_array(),
    };
    if !admits(START, 100_000, 0, &ticket) {
        refused(network.assign(&job, 0, &[3]), "NotAdmittedYet");
    }
    network.machine.advance_slots(64, 1);
    network.assign(&job, 0, &[3]).unwrap();
}

#[test]
fn provider_registered_after_posting_is_not_admitted() {
    let mut network = network(3);
    let job = seeded(&mut network);
    let newcomer = network.add_staked_provider(100_000, |_| ());
    network.machine.advance_slots(64, 1);
    refused(
        network.assign(&job, 0, &[newcomer]),
        "RegisteredAfterPosting",
    );
    network.warp(1);
    let next = seeded(&mut network);
    network.machine.advance_slots(64, 1);
    network.assign(&next, 0, &[newcomer]).unwrap();
}

#[test]
fn orchestrator_cannot_choose_the_seed() {
    let mut network = network(1);
    let job = network.post_with(|_| ());
    network.machine.advance_slots(2, 1);
    let seed = instructions::seed_job(job);
    let posing =
        millrace_fixture::replace_account(seed, SLOT_HASHES, network.orchestrator.pubkey());
    refused(network.machine.send(&[posing], &[]), "WrongAccount");
}
