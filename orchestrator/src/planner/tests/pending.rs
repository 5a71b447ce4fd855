//! Why jobs wait: what is looked at once for all of the same terms is what a look at each would tell.

use super::super::eligibility::{Counts, check};
use super::super::eligibility_index::EligibilityIndex;
use super::super::matcher::Matcher;
use super::super::*;
use super::matcher::{any_job, any_provider};
use super::world::*;
use proptest::prelude::*;

/// What a look at every provider tells of one job.
fn by_looking(world: &World, matcher: &Matcher, address: Pubkey, job: &Job) -> Option<Counts> {
    let mut counts = Counts::default();
    for candidate in world.cache.providers() {
        if let Some(found) = check(matcher, (address, job), candidate) {
            counts.add(found, 1);
        }
    }
    let free = world.cache.providers().len() - counts.sum();
    (free < usize::from(job.replicas)).then_some(counts)
}

proptest! {
    #[test]
    fn jobs_of_the_same_terms_wait_for_what_each_by_itself_would_wait_for(
        providers in prop::collection::vec((any_provider(), 0u32..3, any::<bool>()), 1..20),
        terms in prop::collection::vec(any_job(), 1..4),
        failed in prop::collection::vec((0u8..24, 0u32..3, 0u8..20), 0..30),
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
        for (job, shard, by) in failed {
            let failed = world.submissions.failures.entry((address(job), shard)).or_default();
            failed.insert(provider(by), "late".to_owned());
        }
        let snapshot = world.snapshot();
        let matcher = Matcher::new(&snapshot, &network);
        let index = EligibilityIndex::new(world.cache.providers(), &matcher);
        // Several jobs of each terms, that differ in what their terms do not say.
        for n in 0..24 {
            let like = &terms[usize::from(n) % terms.len()];
            let job = Job { seed: like.seed + u64::from(n), seed_slot: world.slot - waited, ..*like };
            let expected = by_looking(&world, &matcher, address(n), &job);
            let found = index.ineligible_counts(&matcher, (address(n), &job), usize::from(job.replicas));
            prop_assert_eq!(found, expected);
        }
    }
}
