//! Whether a job that nobody has posted yet could be placed.

use super::super::*;
use super::world::*;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_protocol::api::QuoteRequest;

fn terms() -> QuoteRequest {
    QuoteRequest {
        replicas: 3,
        price_cap: 10,
        max_units: 1,
        ..QuoteRequest::default()
    }
}

fn said(world: &World, terms: &QuoteRequest) -> String {
    placement_blockers(&world.snapshot(), terms).join("; ")
}

#[test]
fn a_job_that_fits_enough_providers_could_be_placed() {
    assert_eq!(said(&World::new(3), &terms()), "");
    let few = said(&World::new(2), &terms());
    assert_eq!(few, "2 providers; 2 free, 3 needed");
    let none = said(&World::new(0), &terms());
    assert_eq!(none, "0 providers; 0 free, 3 needed");
}

#[test]
fn what_stands_in_the_way_is_told_by_name_and_number() {
    let mut world = World::new(3);
    world.provider(0, |p| p.score = 4);
    world.provider(1, |p| p.score = 4);
    world.provider(2, |p| {
        p.score = 9;
        p.max_open_seats = 1;
        p.open_seats = 1;
    });
    let demanding = QuoteRequest {
        min_score: 5,
        ..terms()
    };
    assert_eq!(
        said(&world, &demanding),
        "3 providers: 1 at capacity, 2 under the score; 0 free, 3 needed"
    );
    let elsewhere = QuoteRequest {
        region: "mars".into(),
        ..terms()
    };
    assert!(said(&world, &elsewhere).contains("3 in another region"));
    let cheap = QuoteRequest {
        price_cap: 4,
        ..terms()
    };
    assert!(said(&world, &cheap).contains("asking more than the job pays"));
    world.agents.clear();
    assert!(said(&world, &terms()).contains("3 not connected"));
}

#[test]
fn a_lock_that_no_stake_covers_and_a_paused_network_are_reasons_and_sortition_is_none() {
    let mut world = World::new(3);
    let mut network = *world.cache.network().unwrap();
    network.lock_bps = 10_000;
    network.sortition_start = ADMIT_ALL - 1;
    world.network(&network);
    assert_eq!(said(&world, &terms()), "");
    let dear = QuoteRequest {
        max_units: 1_000,
        ..terms()
    };
    assert!(said(&world, &dear).contains("3 without enough free stake"));
    let endless = QuoteRequest {
        max_units: u64::MAX,
        ..terms()
    };
    assert!(said(&world, &endless).contains("too large"));
    network.paused = 1;
    world.network(&network);
    assert_eq!(said(&world, &terms()), "the network is paused");
}
