//! Who is chosen: the index gives what looking at everybody would give.

use super::super::matcher::{Matcher, SeatDemand, Seating, Vacancy};
use super::super::*;
use super::world::*;
use millrace_client::program::math::sortition::{ADMIT_ALL, Ticket, admits};
use millrace_client::program::state::{Network, Provider, Seat};
use millrace_client::selection::expected_selection;
use millrace_protocol::selection::{
    Ineligible, SelectionRecord, provider_position, shard_position,
};
use proptest::prelude::*;
use std::collections::HashMap;

const REGIONS: [[u8; 16]; 2] = [[1; 16], [2; 16]];

/// Chooses by looking at everybody.
fn by_looking(
    world: &World,
    taken: &HashMap<Pubkey, u32>,
    (address, job): (Pubkey, &Job),
    vacancy: Vacancy,
    wanted: SeatDemand,
) -> Option<Vec<Pubkey>> {
    let start = world.cache.network().unwrap().sortition_start;
    let min_stake = world.cache.network().unwrap().min_stake;
    let point = shard_position(address.as_array(), vacancy.shard, vacancy.attempt);
    let mut suit: Vec<_> = world
        .cache
        .providers()
        .iter()
        .filter(|(key, provider)| {
            let Some(agent) = world.agents.get(*key) else {
                return false;
            };
            let took = taken.get(*key).copied().unwrap_or(0);
            let ticket = Ticket {
                seed: job.seed,
                job: address.as_array(),
                shard: vacancy.shard,
                attempt: vacancy.attempt,
                provider: key.as_array(),
            };
            let waited = world.slot - vacancy.since;
            !agent.draining
                && job.admits(provider)
                && provider.ask_price <= job.price_cap
                && provider.active >= min_stake
                && provider.free_stake() >= job.seat_lock * u64::from(took + 1)
                && took < agent.capacity.min(u32::from(provider.max_open_seats))
                && admits(start, provider.free_stake(), waited, &ticket)
        })
        .map(|(key, provider)| {
            let ended = u64::from(provider.agreed);
            let way = provider_position(key.as_array(), ended).wrapping_sub(point);
            let rank = (provider.ask_price, std::cmp::Reverse(provider.score), way);
            (rank, *key)
        })
        .collect();
    suit.sort();
    suit.truncate(wanted.max);
    let enough = suit.len() >= wanted.min;
    enough.then(|| suit.into_iter().map(|(_, key)| key).collect())
}

pub fn any_provider() -> impl Strategy<Value = Provider> {
    let numbers = (1u64..4, 0u64..3, 0usize..2, 0u64..1_500, 0u16..4, 0u32..5);
    numbers.prop_map(|(price, score, region, stake, seats, agreed)| Provider {
        ask_price: price,
        score,
        region: REGIONS[region],
        active: stake,
        deposited: stake,
        max_open_seats: seats,
        agreed,
        ..bytemuck::Zeroable::zeroed()
    })
}

pub fn any_job() -> impl Strategy<Value = Job> {
    let numbers = (0u64..4, 0u64..3, 0usize..3, 1u64..600, 1u8..4, 0u64..9);
    numbers.prop_map(|(cap, score, region, lock, replicas, seed)| Job {
        price_cap: cap,
        min_score: score,
        region: REGIONS.get(region).copied().unwrap_or_default(),
        seat_lock: lock,
        replicas,
        seed,
        ..bytemuck::Zeroable::zeroed()
    })
}

/// Every provider that would come before the last chosen one is listed, with what stood in its way, and
/// none that the job would not take.
fn is_complete(world: &World, job: &Job, selection: &SelectionRecord) -> Result<(), TestCaseError> {
    let last = selection.chosen().last().unwrap();
    let last = (last.ask_price, std::cmp::Reverse(last.score));
    for (key, provider) in world.cache.providers() {
        let better = (provider.ask_price, std::cmp::Reverse(provider.score)) < last;
        let listed = selection.candidates.iter();
        let listed = listed
            .filter(|one| one.provider.0 == key.to_bytes())
            .count();
        let eligible = job.admits(provider);
        prop_assert!(listed <= usize::from(eligible));
        prop_assert!(listed == 1 || !(better && eligible));
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_index_chooses_as_a_look_at_everybody_does(
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
        let since = world.slot - waited;
        let snapshot = world.snapshot();
        let mut matcher = Matcher::new(&snapshot, &network);
        let mut taken: HashMap<Pubkey, u32> = HashMap::new();
        // One lock for all, so that what is locked is a count.
        let lock = jobs[0].seat_lock;
        for (n, job) in jobs.iter().enumerate() {
            let job = Job { seat_lock: lock, ..*job };
            let address = Pubkey::new_from_array([n as u8; 32]);
            let vacancy = Vacancy { shard: n as u32, attempt: 0, since };
            let wanted = SeatDemand { max: usize::from(job.replicas), min: usize::from(job.replicas) };
            let expected = by_looking(&world, &taken, (address, &job), vacancy, wanted);
            let seating = matcher.seat((address, &job), vacancy, &[], wanted);
            if let Some(Seating { providers, selection }) = &seating {
                let recomputed: Vec<Pubkey> = expected_selection(&address, selection)
                    .iter()
                    .map(|key| Pubkey::new_from_array(key.0))
                    .collect();
                prop_assert_eq!(&recomputed, providers);
                prop_assert!(selection.complete && selection.unlisted == 0);
                is_complete(&world, &job, selection)?;
            }
            let chosen = seating.map(|seating| seating.providers);
            prop_assert_eq!(&chosen, &expected);
            for key in chosen.into_iter().flatten() {
                *taken.entry(key).or_default() += 1;
            }
        }
    }
}

#[test]
fn equal_offers_are_chosen_about_equally_often_as_their_places_change() {
    let mut counts = [0u32; 4];
    let mut world = World::new(4);
    for n in 0..400u32 {
        world.job(|_| {});
        let snapshot = world.snapshot();
        let mut matcher = Matcher::new(&snapshot, world.cache.network().unwrap());
        let vacancy = Vacancy {
            shard: n,
            attempt: 0,
            since: 0,
        };
        let one = SeatDemand { max: 1, min: 1 };
        let job = world.cache.jobs()[&JOB];
        let chosen = matcher.seat((JOB, &job), vacancy, &[], one).unwrap();
        let chosen = (0..4)
            .find(|n| provider(*n) == chosen.providers[0])
            .unwrap();
        counts[usize::from(chosen)] += 1;
        let agreed = counts[usize::from(chosen)];
        world.provider(chosen, |p| p.agreed = agreed);
    }
    // With places that stayed, one of four would often have half of the ring, or a twentieth.
    assert!(
        counts.iter().all(|count| (60..=140).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_crowd_of_one_client_does_not_keep_another_waiting() {
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
        "two shards of three seats are all there is room for"
    );
}

#[test]
fn who_fails_two_shards_of_a_job_gets_no_third() {
    let mut world = World::new(4);
    world.job(|job| job.shards = 9);
    for shard in [7, 8] {
        let failed = world.submissions.failures.entry((JOB, shard)).or_default();
        failed.insert(provider(1), "no such program".into());
    }
    for action in world.chain() {
        let ChainAction::Assign { providers, .. } = action else {
            panic!("{action:?}")
        };
        assert!(!providers.contains(&provider(1)));
    }
    world.submissions.failures.remove(&(JOB, 7));
    let given = world.chain();
    let gets = |a: &ChainAction| matches!(a, ChainAction::Assign { providers, .. } if providers.contains(&provider(1)));
    assert!(
        given.iter().any(gets),
        "one failure is about one shard: {given:?}"
    );
}

#[test]
fn assignments_under_way_count_against_the_seats_that_the_chain_allows() {
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
fn nothing_is_handed_out_while_the_network_is_paused() {
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
fn the_record_of_a_choice_says_who_was_passed_over_and_why() {
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
    let failed = HashMap::from([(provider(3), "late".to_owned())]);
    world.submissions.failures.insert((JOB, 0), failed);
    world.job(|job| {
        job.replicas = 1;
        job.quorum = 1;
    });
    let [ChainAction::Assign { selection, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain());
    };
    let told: Vec<_> = selection
        .candidates
        .iter()
        .map(|one| (one.ask_price, one.ineligible))
        .collect();
    assert_eq!(
        told,
        [
            (1, Some(Ineligible::AgentOffline)),
            (2, Some(Ineligible::StakeLocked)),
            (3, Some(Ineligible::AtCapacity)),
            (4, Some(Ineligible::AlreadyTried)),
            (5, None),
        ]
    );
}

#[test]
fn of_a_crowd_the_record_lists_the_first_and_those_that_were_chosen() {
    let mut world = World::new(120);
    for n in 0..119 {
        let failed = world.submissions.failures.entry((JOB, 0)).or_default();
        failed.insert(provider(n), "late".to_owned());
    }
    world.job(|job| {
        job.replicas = 1;
        job.quorum = 1;
    });
    let [ChainAction::Assign { selection, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain());
    };
    let chosen: Vec<_> = selection.chosen().map(|one| one.provider.0).collect();
    assert_eq!(chosen, [provider(119).to_bytes()]);
    assert!(
        selection.candidates.len() <= 65,
        "{}",
        selection.candidates.len()
    );
    let point = shard_position(JOB.as_array(), 0, 0);
    let mut ways: Vec<u64> = (0..120)
        .map(|n| provider_position(provider(n).as_array(), 0).wrapping_sub(point))
        .collect();
    let own = ways[119];
    ways.retain(|way| *way < own);
    assert_eq!(
        selection.candidates.len() + selection.unlisted,
        ways.len() + 1
    );
}

#[test]
fn of_a_crowd_that_is_away_the_record_lists_those_that_come_first_and_counts_the_others() {
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
    let asked: Vec<u64> = selection
        .candidates
        .iter()
        .map(|one| one.ask_price)
        .collect();
    let expected: Vec<u64> = (1..=64).chain([120]).collect();
    assert_eq!(asked, expected);
    assert_eq!((selection.complete, selection.unlisted), (true, 119 - 64));
}
