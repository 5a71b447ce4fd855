//! Whether a job that is not posted yet could be placed.

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

fn blockers(world: &World, terms: &QuoteRequest) -> String {
    placement_blockers(&world.snapshot(), terms).join("; ")
}

#[test]
fn job_with_enough_eligible_providers_could_be_placed() {
    assert_eq!(blockers(&World::new(3), &terms()), "");
    let few = blockers(&World::new(2), &terms());
    assert_eq!(few, "2 providers; 2 free, 3 needed");
    let none = blockers(&World::new(0), &terms());
    assert_eq!(none, "0 providers; 0 free, 3 needed");
}

#[test]
fn ineligible_providers_are_counted_by_reason() {
    let mut world = World::new(3);
    world.provider(0, |p| p.score = 4);
    world.provider(1, |p| p.score = 4);
    world.provider(2, |p| p.score = 9);
    let full = AgentView {
        capacity: 0,
        draining: false,
    };
    world.agents.insert(provider(2), full);
    let demanding = QuoteRequest {
        min_score: 5,
        ..terms()
    };
    assert_eq!(
        blockers(&world, &demanding),
        "3 providers: 1 at capacity, 2 below the score; 0 free, 3 needed"
    );
    let elsewhere = QuoteRequest {
        region: "mars".into(),
        ..terms()
    };
    assert!(blockers(&world, &elsewhere).contains("3 in another region"));
    let cheap = QuoteRequest {
        price_cap: 4,
        ..terms()
    };
    assert!(blockers(&world, &cheap).contains("asking more than the job pays"));
    world.agents.clear();
    assert!(blockers(&world, &terms()).contains("3 not connected"));
    for n in 0..3 {
        world.provider(n, |p| p.open_seats = p.max_open_seats);
    }
    assert!(blockers(&world, &terms()).contains("3 with all seats taken"));
}

#[test]
fn uncovered_lock_and_paused_network_are_reasons_but_sortition_is_not() {
    let mut world = World::new(3);
    let mut network = *world.cache.network().unwrap();
    network.lock_bps = 10_000;
    network.sortition_start = ADMIT_ALL - 1;
    world.network(&network);
    assert_eq!(blockers(&world, &terms()), "");
    let expensive = QuoteRequest {
        max_units: 1_000,
        ..terms()
    };
    assert!(blockers(&world, &expensive).contains("3 without enough free stake"));
    let endless = QuoteRequest {
        max_units: u64::MAX,
        ..terms()
    };
    assert!(blockers(&world, &endless).contains("does not fit 64 bits"));
    network.paused = 1;
    world.network(&network);
    assert_eq!(blockers(&world, &terms()), "the network is paused");
}
