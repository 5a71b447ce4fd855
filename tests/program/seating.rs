//! Who may take a seat, and what it locks.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, RIGHT, Setup, key, refused, swap, tag};
use millrace_program::PostJobArgs;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

fn nobody() -> Market {
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
fn a_seat_locks_stake_and_starts_the_windows() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[2, 0]).unwrap();
    let (now, shard) = (market.machine.now(), market.shard(&job, 0));
    assert_eq!((shard.commit_by, shard.reveal_by), (now + 60, now + 90));
    let seats = [0, 1].map(|at| (shard.seats[at].provider, shard.seats[at].price));
    let accounts = market.accounts(&[2, 0]);
    assert_eq!(seats, [(accounts[0], 4), (accounts[1], 4)]);
    for (worker, locked, open) in [(0, 10_000, 1), (1, 0, 0), (2, 10_000, 1)] {
        let books = market.provider(worker);
        assert_eq!((books.locked, books.open_seats), (locked, open));
    }

    market.warp(30);
    market.assign(&job, 0, &[1]).unwrap();
    assert_eq!(market.shard(&job, 0).commit_by, now + 30 + 60);
}

#[test]
fn a_seat_is_taken_at_the_shard_whose_number_is_named() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    market.assign(&job, 0, &[0]).unwrap();
    let (own, provider) = (market.orchestrator.pubkey(), market.accounts(&[1]));
    let assign = instructions::assign_seats(own, market.place(&job, 1), &provider);
    let [first, second] = [0, 1].map(|index| pda::shard(&job, index));
    let outcome = market
        .machine
        .send(&[swap(assign, second, first)], &[&market.orchestrator]);
    refused(outcome, "WrongAccount");
}

#[test]
fn a_provider_without_the_least_stake_takes_no_seat() {
    let mut market = nobody();
    let worker = market.hire(1_000, |_| ());
    // A seat locks 800.
    let job = market.posted(|t| (t.price_cap, t.max_units) = (4, 100));
    refused(market.assign(&job, 0, &[worker]), "StakeBelowMinimum");
    market.stake(worker, 1_000).unwrap();
    market.assign(&job, 0, &[worker]).unwrap();
}

#[test]
fn a_provider_that_was_slashed_below_the_least_stake_takes_no_seat() {
    let mut market = nobody();
    let worker = market.staffed(1_000, |_| ());
    let job = market.posted(|t| (t.price_cap, t.max_units) = (4, 100));
    market.assign(&job, 0, &[worker]).unwrap();
    market.warp(60);
    market.expire_seat(&job, 0, worker).unwrap();
    assert_eq!(market.provider(worker).active, 920);
    refused(market.assign(&job, 0, &[worker]), "StakeBelowMinimum");
}

#[test]
fn a_provider_that_asks_more_than_the_cap_takes_no_seat() {
    let mut market = Market::open();
    let cheap = market.posted(|t| t.price_cap = 3);
    refused(market.assign(&cheap, 0, &[0]), "PriceAboveCap");
    let fair = market.posted(|t| t.price_cap = 4);
    market.assign(&fair, 0, &[0]).unwrap();
}

#[test]
fn a_provider_takes_no_more_seats_than_it_said() {
    let mut market = nobody();
    let worker = market.staffed(100_000, |args| args.offer.max_open_seats = 2);
    let jobs: Vec<Pubkey> = (0..3).map(|_| market.posted(alone)).collect();
    market.assign(&jobs[0], 0, &[worker]).unwrap();
    market.assign(&jobs[1], 0, &[worker]).unwrap();
    refused(market.assign(&jobs[2], 0, &[worker]), "ProviderAtCapacity");
    market.commit(&jobs[0], 0, &[(worker, RIGHT)]).unwrap();
    market.reveal(&jobs[0], 0, &[(worker, RIGHT)]).unwrap();
    market.settle(&jobs[0], 0).unwrap();
    market.assign(&jobs[2], 0, &[worker]).unwrap();
}

#[test]
fn stake_that_one_seat_locks_backs_no_other() {
    let mut market = nobody();
    let short = market.staffed(19_999, |_| ());
    let enough = market.staffed(20_000, |_| ());
    let jobs = [market.posted(|_| ()), market.posted(|_| ())];
    market.assign(&jobs[0], 0, &[short, enough]).unwrap();
    refused(
        market.assign(&jobs[1], 0, &[short]),
        "InsufficientFreeStake",
    );
    market.assign(&jobs[1], 0, &[enough]).unwrap();
    assert_eq!(market.provider(enough).locked, 20_000);
}

#[test]
fn a_provider_has_one_seat_at_a_shard() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[0, 0]), "AlreadySeated");
    market.assign(&job, 0, &[0]).unwrap();
    refused(market.assign(&job, 0, &[0]), "AlreadySeated");
    let reveal_less = market.posted(|_| ());
    market.assign(&reveal_less, 0, &[0]).unwrap();
}

#[test]
fn a_provider_that_does_not_meet_the_requirement_takes_no_seat() {
    let mut market = Market::open();
    let met = market.posted(|t| {
        (t.supplier, t.region) = (tag(b"own"), tag(b"eu-west"));
        (t.min_memory_mb, t.min_cores) = (4_096, 8);
    });
    market.assign(&met, 0, &[0]).unwrap();
    let unmet: [fn(&mut PostJobArgs); 5] = [
        |t| t.supplier = tag(b"owner"),
        |t| t.region = tag(b"eu"),
        |t| t.min_score = 1,
        |t| t.min_memory_mb = 4_097,
        |t| t.min_cores = 9,
    ];
    for require in unmet {
        let job = market.posted(require);
        refused(market.assign(&job, 0, &[0]), "ProviderNotEligible");
    }
}

#[test]
fn only_the_orchestrator_that_the_job_asks_for_hands_it_out() {
    let mut market = Market::open();
    let other = key(7);
    market.machine.airdrop(&other.pubkey(), 1_000_000_000);
    let job = market.posted(|t| t.orchestrator = other.pubkey());
    refused(market.assign(&job, 0, &[0]), "OrchestratorMismatch");

    let provider = market.accounts(&[0]);
    let assign = instructions::assign_seats(other.pubkey(), market.place(&job, 0), &provider);
    let outcome = market.machine.send(from_ref(&assign), &[&other]);
    refused(outcome, "AccountNotInitialized");
    let [own, registered] =
        [other.pubkey(), market.orchestrator.pubkey()].map(|key| pda::orchestrator(&key));
    let borrowed = swap(assign.clone(), own, registered);
    refused(market.machine.send(&[borrowed], &[&other]), "NotAuthorized");

    market.register_orchestrator(&other.pubkey()).unwrap();
    market.machine.send(&[assign], &[&other]).unwrap();
}

#[test]
fn a_shard_has_no_more_seats_than_the_job_pays_for() {
    let mut market = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[0, 1, 2, 3]), "NoFreeSeat");
    refused(market.assign(&job, 0, &[]), "WrongListLength");
    refused(
        market.assign(&job, 0, &[0, 1, 2, 3, 0, 1]),
        "WrongListLength",
    );
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    refused(market.assign(&job, 0, &[3]), "NoFreeSeat");
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    market.commit(&job, 0, &all).unwrap();
    refused(market.assign(&job, 0, &[3]), "NoFreeSeat");
    market.reveal(&job, 0, &all).unwrap();
    market.settle(&job, 0).unwrap();
    refused(market.assign(&job, 0, &[3]), "NoFreeSeat");
}

#[test]
fn shards_are_numbered_below_how_many_there_are() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    refused(market.assign(&job, 2, &[0]), "ShardsOutOfBounds");
    market.assign(&job, 1, &[0]).unwrap();
    market.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn a_seat_is_taken_only_while_a_whole_round_fits_before_the_deadline() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    let last = market.job(&job).deadline - 90;
    market.machine.warp_to(last);
    market.assign(&job, 0, &[0]).unwrap();
    market.machine.warp_to(last + 1);
    refused(market.assign(&job, 1, &[0]), "TooLate");
    refused(market.assign(&job, 0, &[1]), "TooLate");
}

#[test]
fn only_providers_sit_down() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let orchestrator = market.orchestrator.pubkey();
    let others = [
        (pda::network(), "AccountDiscriminatorMismatch"),
        (market.owner.pubkey(), "AccountOwnedByWrongProgram"),
    ];
    for (other, error) in others {
        let assign = instructions::assign_seats(orchestrator, market.place(&job, 0), &[other]);
        let outcome = market.machine.send(&[assign], &[&market.orchestrator]);
        refused(outcome, error);
    }
}
