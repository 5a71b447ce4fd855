//! Which providers are selected: the index gives the result of checking every provider.

use super::super::eligibility::{SeatRequest, Vacancy};
use super::super::matcher::{Matcher, SeatDemand, Seating};
use super::super::*;
use super::world::*;
use millrace_client::program::math::sortition::{ADMIT_ALL, Ticket, admits};
use millrace_client::program::state::{Network, Provider, Seat};
use millrace_client::selection::expected_selection;
use millrace_protocol::selection::{
    Ineligible, SelectionRecord, provider_position, shard_position,
};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::HashMap;

const REGIONS: [[u8; 16]; 2] = [[1; 16], [2; 16]];

/// Selects by checking every provider, independently of the planner's own check. `taken` counts the seats
/// that earlier selections gave to each provider.
fn select_from_all(
    world: &World,
    taken: &HashMap<Pubkey, u32>,
    request: &SeatRequest,
    demand: SeatDemand,
) -> Option<Vec<Pubkey>> {
    let network = world.cache.network().unwrap();
    let (job, vacancy) = (request.job, request.vacancy);
    let address = request.address.as_array();
    let position = shard_position(address, vacancy.shard, vacancy.attempt);
    let is_eligible = |key: &Pubkey, provider: &Provider| {
        let Some(agent) = world.agents.get(key) else {
            return false;
        };
        let taken = taken.get(key).copied().unwrap_or(0);
        let ticket = Ticket {
            seed: job.seed,
            job: address,
            shard: vacancy.shard,
            attempt: vacancy.attempt,
            provider: key.as_array(),
        };
        let (start, waited) = (network.sortition_start, world.slot - vacancy.free_since);
        !agent.draining
            && job.admits(provider)
            && provider.ask_price <= job.price_cap
            && provider.active >= network.min_stake
            && provider.free_stake() >= job.seat_lock * u64::from(taken + 1)
            && taken < agent.capacity.min(u32::from(provider.max_open_seats))
            && (start == ADMIT_ALL || provider.registered_at < job.posted_at)
            && admits(start, provider.free_stake(), waited, &ticket)
    };
    let providers = world.cache.providers().iter();
    let mut eligible: Vec<_> = providers
        .filter(|(key, provider)| is_eligible(key, provider))
        .map(|(key, provider)| {
            let finished = u64::from(provider.agreed);
            let distance = provider_position(key.as_array(), finished).wrapping_sub(position);
            let rank = (provider.ask_price, Reverse(provider.score), distance);
            (rank, *key)
        })
        .collect();
    eligible.sort();
    eligible.truncate(demand.max);
    let is_enough = eligible.len() >= demand.min;
    is_enough.then(|| eligible.into_iter().map(|(_, key)| key).collect())
}

pub(super) fn any_provider() -> impl Strategy<Value = Provider> {
    let offer = (1u64..4, 0u64..3, 0usize..2);
    let account = (0u64..1_500, 0u16..4, 0u32..5, 0i64..2);
    (offer, account).prop_map(
        |((price, score, region), (stake, seats, agreed, registered_at))| Provider {
            ask_price: price,
            score,
            region: REGIONS[region],
            active: stake,
            deposited: stake,
            max_open_seats: seats,
            max_seat_lock: u64::MAX,
            agreed,
            registered_at,
            ..bytemuck::Zeroable::zeroed()
        },
    )
}

pub(super) fn any_job() -> impl Strategy<Value = Job> {
    let terms = (0u64..4, 0u64..3, 0usize..3, 1u64..600, 1u8..4);
    let posting = (0u64..9, 1i64..3);
    (terms, posting).prop_map(
        |((cap, score, region, lock, replicas), (seed, posted_at))| Job {
            price_cap: cap,
            min_score: score,
            region: REGIONS.get(region).copied().unwrap_or_default(),
            seat_lock: lock,
            replicas,
            seed,
            posted_at,
            ..bytemuck::Zeroable::zeroed()
        },
    )
}

/// Checks that the record lists every provider that ranks before the last selected one, and none that does
/// not meet the requirement.
fn check_complete(
    world: &World,
    job: &Job,
    selection: &SelectionRecord,
) -> Result<(), TestCaseError> {
    let last = selection.chosen().last().unwrap();
    let last = (last.ask_price, Reverse(last.score));
    for (key, provider) in world.cache.providers() {
        let is_better = (provider.ask_price, Reverse(provider.score)) < last;
        let is_admitted = job.admits(provider);
        let records = selection.candidates.iter();
        let records = records.filter(|one| one.provider.0 == key.to_bytes());
        let records = records.count();
        prop_assert!(records <= usize::from(is_admitted));
        prop_assert!(records == 1 || !(is_better && is_admitted));
    }
    Ok(())
}

proptest! {
    #[test]
    fn index_selects_what_a_check_of_every_provider_selects(
        providers in prop::collection::vec((any_provider(), 0u32..4, any::<bool>()), 1..30),
        jobs in prop::collection::vec(any_job(), 1..30),
        start in prop_oneof![Just(ADMIT_ALL), any::<u64>()],
        waited in 0u64..20,
    ) {
        let mut world = World::new(0);
        let network = Network { min_stake: 10, sortition_start: start, ..*world.cache.network().unwrap() };
        world.network(&network);
        for (n, (provider, capacity, draining)) in providers.iter().enumerate() {
            let n = n as u8;
            world.provider(n, |p| *p = *provider);
            world.agents.insert(super::world::provider(n), AgentView { capacity: *capacity, draining: *draining });
        }
        world.slot += waited;
        let free_since = world.slot - waited;
        let snapshot = world.snapshot();
        let mut matcher = Matcher::new(&snapshot, &network);
        let mut taken: HashMap<Pubkey, u32> = HashMap::new();
        // One lock for all jobs, so that the locked stake follows from the number of seats.
        let lock = jobs[0].seat_lock;
        for (n, job) in jobs.iter().enumerate() {
            let job = Job { seat_lock: lock, ..*job };
            let request = SeatRequest {
                address: Pubkey::new_from_array([n as u8; 32]),
                job: &job,
                vacancy: Vacancy { shard: n as u32, attempt: 0, free_since },
                seated: &[],
            };
            let demand = SeatDemand { max: usize::from(job.replicas), min: usize::from(job.replicas) };
            let expected = select_from_all(&world, &taken, &request, demand);
            let seating = matcher.seat(request, demand);
            if let Some(Seating { providers, selection }) = &seating {
                let recomputed: Vec<Pubkey> = expected_selection(&request.address, selection)
                    .iter()
                    .map(|key| Pubkey::new_from_array(key.0))
                    .collect();
                prop_assert_eq!(&recomputed, providers);
                prop_assert!(selection.complete && selection.unlisted == 0);
                check_complete(&world, &job, selection)?;
            }
            let selected = seating.map(|seating| seating.providers);
            prop_assert_eq!(&selected, &expected);
            for key in selected.into_iter().flatten() {
                *taken.entry(key).or_default() += 1;
            }
        }
    }
}

#[test]
fn equal_providers_are_selected_about_equally_often() {
    let mut counts = [0u32; 4];
    let mut world = World::new(4);
    for n in 0..400u32 {
        world.job(|_| {});
        let snapshot = world.snapshot();
        let mut matcher = Matcher::new(&snapshot, world.cache.network().unwrap());
        let one = SeatDemand { max: 1, min: 1 };
        let job = world.cache.jobs()[&JOB];
        let request = SeatRequest::new_shard(JOB, &job, n);
        let seating = matcher.seat(request, one).unwrap();
        let selected = (0..4)
            .find(|n| provider(*n) == seating.providers[0])
            .unwrap();
        counts[usize::from(selected)] += 1;
        let agreed = counts[usize::from(selected)];
        world.provider(selected, |p| p.agreed = agreed);
    }
    // With fixed positions, one of four would often have half of the ring, or a twentieth.
    assert!(
        counts.iter().all(|count| (60..=140).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn clients_share_the_available_seats() {
    let mut world = World::new(3);
    world.job(|job| job.shards = 100);
    let other = Pubkey::new_from_array([6; 32]);
    world.job_at(other, |job| {
        job.client = Pubkey::new_from_array([77; 32]);
        job.posted_at = 900;
    });
    let jobs: Vec<Pubkey> = world
        .chain()
        .iter()
        .map(|action| match action {
            ChainAction::Assign { job, .. } => *job,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        jobs,
        [JOB, other],
        "there is room for two shards of three seats"
    );
}

#[test]
fn provider_that_failed_two_shards_of_a_job_gets_no_third() {
    let mut world = World::new(4);
    world.job(|job| job.shards = 9);
    world.fail(7, 1);
    world.fail(8, 1);
    for action in world.chain() {
        let ChainAction::Assign { providers, .. } = action else {
            panic!("{action:?}")
        };
        assert!(!providers.contains(&provider(1)));
    }
    world.submissions.failures.remove(&(JOB, 7));
    let chain = world.chain();
    let has_seat = |action: &ChainAction| matches!(action, ChainAction::Assign { providers, .. } if providers.contains(&provider(1)));
    assert!(
        chain.iter().any(has_seat),
        "one failure excludes it from one shard: {chain:?}"
    );
}

#[test]
fn assignments_in_flight_count_towards_the_seats_that_an_account_allows() {
    let mut world = World::new(3);
    for n in 0..3 {
        world.provider(n, |p| p.max_open_seats = 1);
    }
    world.job(|job| job.shards = 2);
    assert_eq!(world.chain().len(), 1);
    world.busy.insert(ConflictKey::Shard(JOB, 0));
    world.reserved = (0..3).map(provider).collect();
    assert_eq!(world.chain(), []);
}

#[test]
fn nothing_is_assigned_while_the_network_is_paused() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.shard(|shard| shard.seats[1] = Seat::default());
    let assigns = |world: &World| {
        let actions = world.chain();
        actions
            .iter()
            .any(|a| matches!(a, ChainAction::Assign { .. }))
    };
    assert!(assigns(&world));
    let paused = Network {
        paused: 1,
        ..*world.cache.network().unwrap()
    };
    world.network(&paused);
    assert!(!assigns(&world));
}

#[test]
fn record_lists_passed_over_candidates_with_their_reasons() {
    let mut world = World::new(6);
    for (n, ask) in [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)] {
        world.provider(n, |p| p.ask_price = ask);
    }
    world.agents.remove(&provider(0));
    world.provider(1, |p| {
        p.ask_price = 2;
        p.active = 99;
    });
    let full = AgentView {
        capacity: 0,
        draining: false,
    };
    world.agents.insert(provider(2), full);
    world.fail(0, 3);
    world.job(|job| {
        job.replicas = 1;
        job.quorum = 1;
    });
    let [ChainAction::Assign { selection, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain());
    };
    let records: Vec<_> = selection
        .candidates
        .iter()
        .map(|one| (one.ask_price, one.ineligible))
        .collect();
    assert_eq!(
        records,
        [
            (1, Some(Ineligible::AgentOffline)),
            (2, Some(Ineligible::InsufficientFreeStake)),
            (3, Some(Ineligible::AgentAtCapacity)),
            (4, Some(Ineligible::AlreadyTried)),
            (5, None),
        ]
    );
}

#[test]
fn long_record_lists_the_first_candidates_and_the_selected_ones() {
    let mut world = World::new(120);
    for n in 0..119 {
        world.fail(0, n);
    }
    world.job(|job| {
        job.replicas = 1;
        job.quorum = 1;
    });
    let [ChainAction::Assign { selection, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain());
    };
    let selected: Vec<_> = selection.chosen().map(|one| one.provider.0).collect();
    assert_eq!(selected, [provider(119).to_bytes()]);
    assert!(
        selection.candidates.len() <= 65,
        "{}",
        selection.candidates.len()
    );
    let position = shard_position(JOB.as_array(), 0, 0);
    let mut distances: Vec<u64> = (0..120)
        .map(|n| provider_position(provider(n).as_array(), 0).wrapping_sub(position))
        .collect();
    let own = distances[119];
    distances.retain(|distance| *distance < own);
    assert_eq!(
        selection.candidates.len() + selection.unlisted,
        distances.len() + 1
    );
}

#[test]
fn long_record_lists_the_first_offline_providers_and_counts_the_others() {
    let mut world = World::new(120);
    for n in 0..120 {
        world.provider(n, |p| p.ask_price = 1 + u64::from(n));
    }
    for n in 0..119 {
        world.agents.remove(&provider(n));
    }
    world.job(|job| {
        job.price_cap = 1_000;
        job.replicas = 1;
        job.quorum = 1;
    });
    let [ChainAction::Assign { selection, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain());
    };
    let prices: Vec<u64> = selection
        .candidates
        .iter()
        .map(|one| one.ask_price)
        .collect();
    let expected: Vec<u64> = (1..=64).chain([120]).collect();
    assert_eq!(prices, expected);
    assert_eq!((selection.complete, selection.unlisted), (true, 119 - 64));
}
