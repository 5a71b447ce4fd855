//! Why jobs are waiting: jobs with the same terms get the reasons that each would get alone.

use super::super::availability::Availabilities;
use super::super::eligibility::{Applicant, Rules, SeatRequest, Sortition, check, check_sortition};
use super::super::eligibility_index::{EligibilityIndex, IneligibleCounts};
use super::super::*;
use super::matcher::{any_job, any_provider};
use super::world::*;
use proptest::prelude::*;

/// Checks every provider for one job.
fn check_each(world: &World, address: Pubkey, job: &Job) -> Option<IneligibleCounts> {
    let snapshot = world.snapshot();
    let rules = Rules::new(&snapshot, world.cache.network().unwrap());
    let availabilities = Availabilities::new(&snapshot);
    let request = SeatRequest::any_shard(address, job);
    let mut counts = IneligibleCounts::default();
    for (key, account) in world.cache.providers() {
        let applicant = Applicant {
            key,
            account,
            availability: availabilities.of(key),
        };
        let checked = check(&rules, &request, &applicant, Sortition::Ignore)
            .and_then(|()| check_sortition(&rules, &request, &applicant));
        if let Err(reason) = checked {
            counts.add(reason, 1);
        }
    }
    let free = world.cache.providers().len() - counts.total();
    (free < usize::from(job.replicas)).then_some(counts)
}

proptest! {
    #[test]
    fn jobs_with_the_same_terms_have_the_reasons_that_each_would_have_alone(
        providers in prop::collection::vec((any_provider(), 0u32..3, any::<bool>()), 1..20),
        terms in prop::collection::vec(any_job(), 1..4),
        failures in prop::collection::vec((0u8..24, 0u32..3, 0u8..20), 0..30),
        start in prop_oneof![Just(u64::MAX), any::<u64>()],
        waited in 0u64..20,
    ) {
        let mut world = World::new(0);
        let network = Network { min_stake: 10, sortition_start: start, ..*world.cache.network().unwrap() };
        world.network(&network);
        for (n, (one, capacity, draining)) in providers.iter().enumerate() {
            let n = n as u8;
            world.provider(n, |p| *p = *one);
            if *capacity > 0 {
                let agent = AgentView { capacity: capacity - 1, draining: *draining };
                world.agents.insert(provider(n), agent);
            }
        }
        world.slot += waited;
        let address = |n: u8| Pubkey::new_from_array([n; 32]);
        for (job, shard, by) in failures {
            let failures = world.submissions.failures.entry((address(job), shard)).or_default();
            failures.insert(provider(by), "late".to_owned());
        }
        let snapshot = world.snapshot();
        let rules = Rules::new(&snapshot, &network);
        let index = EligibilityIndex::new(world.cache.providers(), Availabilities::new(&snapshot));
        // Jobs of each terms that differ in what the terms do not contain.
        for n in 0..24 {
            let like = &terms[usize::from(n) % terms.len()];
            let job = Job {
                seed: like.seed + u64::from(n),
                seed_slot: world.slot - waited,
                posted_at: like.posted_at + i64::from(n % 2),
                ..*like
            };
            let found = index.blockers(&rules, address(n), &job, usize::from(job.replicas));
            prop_assert_eq!(found, check_each(&world, address(n), &job));
        }
    }
}
