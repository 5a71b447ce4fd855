//! Who may sit is drawn, by stake, and everyone may in time.

use millrace_client::instructions;
use millrace_fixture::{Market, PARAMETERS, Setup, refused};
use millrace_program::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use millrace_program::math::sortition::{Ticket, admits};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// About one in a thousand for a provider with 100,000 at stake.
const START: u64 = u64::MAX / 1_000 / 100_000;

fn market(workers: usize) -> Market {
    let mut parameters = PARAMETERS;
    parameters.sortition_start = START;
    let mut market = Setup {
        workers,
        parameters,
        ..Setup::default()
    }
    .build();
    market.machine.pass_slots(600, 1);
    market.warp(1);
    market
}

/// A job with its seed taken in the slot after it was posted.
fn seeded(market: &mut Market) -> Pubkey {
    let job = market.posted(|_| ());
    market.machine.pass_slots(2, 1);
    market.seed(&job).unwrap();
    job
}

/// Slots after which a worker is admitted to a shard that nobody has taken a seat at.
fn admitted_after(market: &Market, job: &Pubkey, worker: usize) -> u64 {
    let ticket = Ticket {
        seed: market.job(job).seed,
        job: job.as_array(),
        shard: 0,
        attempt: 0,
        provider: market.workers[worker].account.as_array(),
    };
    (0..=64)
        .find(|waited| admits(START, 100_000, *waited, &ticket))
        .unwrap()
}

#[test]
fn a_provider_sits_down_once_its_number_is_drawn_and_not_a_slot_before() {
    let mut market = market(3);
    let job = seeded(&mut market);
    let posted = market.job(&job).seed_slot;
    let wait = admitted_after(&market, &job, 0);
    assert!(wait > 2, "one in a thousand has the luck to break this");
    let now = market.machine.slot();
    market.machine.pass_slots(posted + wait - 1 - now, 1);
    refused(market.assign(&job, 0, &[0]), "NotAdmittedYet");
    market.machine.pass_slots(1, 1);
    market.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn everyone_is_admitted_in_time() {
    let mut market = market(3);
    let job = seeded(&mut market);
    market.machine.pass_slots(64, 1);
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
}

#[test]
fn no_seat_is_taken_before_the_seed_is_there_and_the_seed_is_that_of_the_next_block() {
    let mut market = market(3);
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[0]), "SeedNotSet");
    refused(market.seed(&job), "SeedNotAvailable");
    market.machine.pass_slots(5, 1);
    market.seed(&job).unwrap();
    let hashes = market.machine.account(&SLOT_HASHES).unwrap().data;
    let books = market.job(&job);
    let block = SlotHashes::new(&hashes)
        .first_after(books.seed_slot)
        .unwrap();
    assert_eq!(block.slot, books.seed_slot + 1);
    assert_eq!(books.seed.to_le_bytes(), block.hash[..8]);
    refused(market.seed(&job), "SeedAlreadySet");
}

#[test]
fn a_seed_that_was_forgotten_is_taken_from_a_block_that_nobody_knows_yet() {
    let mut market = market(3);
    let job = market.posted(|_| ());
    market.machine.pass_slots(1_000, 1);
    market.seed(&job).unwrap();
    let books = market.job(&job);
    assert_eq!((books.seed, books.seed_slot), (0, market.machine.slot()));
    refused(market.assign(&job, 0, &[0]), "SeedNotSet");
    refused(market.seed(&job), "SeedNotAvailable");
    market.machine.pass_slots(2, 1);
    market.seed(&job).unwrap();
    assert_ne!(market.job(&job).seed, 0);
}

#[test]
fn a_seat_that_is_freed_is_drawn_anew() {
    let mut market = market(4);
    let job = seeded(&mut market);
    market.machine.pass_slots(64, 1);
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.warp(60);
    for worker in 0..3 {
        market.expire_seat(&job, 0, worker).unwrap();
    }
    let shard = market.shard(&job, 0);
    assert_eq!(shard.slot, market.machine.slot());
    let ticket = Ticket {
        seed: market.job(&job).seed,
        job: job.as_array(),
        shard: 0,
        attempt: 3,
        provider: market.workers[3].account.as_array(),
    };
    if !admits(START, 100_000, 0, &ticket) {
        refused(market.assign(&job, 0, &[3]), "NotAdmittedYet");
    }
    market.machine.pass_slots(64, 1);
    market.assign(&job, 0, &[3]).unwrap();
}

#[test]
fn whoever_registers_after_the_job_was_posted_does_not_sit_at_it() {
    let mut market = market(3);
    let job = seeded(&mut market);
    let newcomer = market.staffed(100_000, |_| ());
    market.machine.pass_slots(64, 1);
    refused(
        market.assign(&job, 0, &[newcomer]),
        "RegisteredAfterPosting",
    );
    market.warp(1);
    let next = seeded(&mut market);
    market.machine.pass_slots(64, 1);
    market.assign(&next, 0, &[newcomer]).unwrap();
}

#[test]
fn an_orchestrator_can_not_choose_another_seed() {
    let mut market = market(1);
    let job = market.posted(|_| ());
    market.machine.pass_slots(2, 1);
    let seed = instructions::seed_job(job);
    let posing = millrace_fixture::swap(seed, SLOT_HASHES, market.orchestrator.pubkey());
    refused(market.machine.send(&[posing], &[]), "WrongAccount");
}
