//! Recomputes a choice of providers from its record: who should have been chosen.
//!
//! What a provider asked, had staked and whether it was drawn is checked. That its agent was away, full,
//! or had failed at the job before is known to the orchestrator alone: [`is_self_reported`].

use millrace_program::math::sortition::{Ticket, admits};
use millrace_program::state::Provider;
use millrace_protocol::key::Key;
use millrace_protocol::selection::{Candidate, Choice, Obstacle, point_of};
use solana_sdk::pubkey::Pubkey;

/// Seats that a provider has behind it: right, wrong and late.
pub fn finished_seats(provider: &Provider) -> u64 {
    u64::from(provider.agreed) + u64::from(provider.disagreed) + u64::from(provider.late)
}

/// Whether an obstacle is the orchestrator's word: nothing on chain tells.
pub fn is_self_reported(obstacle: Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::Away | Obstacle::Full | Obstacle::TriedHere
    )
}

/// What kept a candidate from the seat: by the orchestrator's word, or as its stake, its price and its
/// ticket have it, whatever the record says.
pub fn recheck(job: &Pubkey, choice: &Choice, candidate: &Candidate) -> Option<Obstacle> {
    if let Some(told) = candidate.obstacle.filter(|told| is_self_reported(*told)) {
        return Some(told);
    }
    let free = candidate.free_stake.saturating_sub(candidate.promised);
    if candidate.ask_price > choice.price_cap {
        Some(Obstacle::TooDear)
    } else if candidate.active < choice.min_stake {
        Some(Obstacle::UnderStaked)
    } else if free < choice.seat_lock {
        Some(Obstacle::StakeLocked)
    } else if !is_drawn(job, choice, candidate) {
        Some(Obstacle::NotDrawn)
    } else {
        None
    }
}

fn is_drawn(job: &Pubkey, choice: &Choice, candidate: &Candidate) -> bool {
    let ticket = Ticket {
        seed: choice.seed,
        job: job.as_array(),
        shard: choice.shard,
        attempt: choice.attempt,
        provider: &candidate.provider.0,
    };
    let waited = choice.slot.saturating_sub(choice.since);
    let start = choice.sortition_start;
    admits(start, candidate.free_stake, waited, &ticket)
}

/// Who should have been chosen among those that the record lists: as many as there were seats, in the
/// order of their ranks.
pub fn expected_selection(job: &Pubkey, choice: &Choice) -> Vec<Key> {
    let point = point_of(job.as_array(), choice.shard, choice.attempt);
    let free = choice.candidates.iter();
    let mut free: Vec<&Candidate> = free
        .filter(|candidate| recheck(job, choice, candidate).is_none())
        .collect();
    free.sort_by_key(|candidate| candidate.rank(point));
    let first = free.into_iter().take(choice.seats);
    first.map(|candidate| candidate.provider).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_program::math::sortition::ADMIT_ALL;

    const JOB: Pubkey = Pubkey::new_from_array([5; 32]);

    fn candidate(n: u8, ask_price: u64, obstacle: Option<Obstacle>) -> Candidate {
        Candidate {
            provider: Key([n; 32]),
            ask_price,
            score: 0,
            ended: 0,
            active: 100,
            free_stake: 100,
            promised: 0,
            obstacle,
        }
    }

    fn choice(candidates: Vec<Candidate>) -> Choice {
        Choice {
            shard: 0,
            attempt: 0,
            slot: 10,
            since: 10,
            seed: 1,
            sortition_start: ADMIT_ALL,
            min_stake: 10,
            price_cap: 9,
            seat_lock: 50,
            seats: 1,
            candidates,
            unlisted: 0,
            whole: true,
        }
    }

    fn first(choice: &Choice) -> Vec<u8> {
        let keys = expected_selection(&JOB, choice);
        keys.iter().map(|key| key.0[0]).collect()
    }

    #[test]
    fn whoever_is_better_and_free_should_have_been_chosen_whatever_the_record_says() {
        let told = [
            Obstacle::NotEligible,
            Obstacle::TooDear,
            Obstacle::UnderStaked,
            Obstacle::StakeLocked,
            Obstacle::NotDrawn,
        ];
        for told in told {
            let record = choice(vec![candidate(1, 3, Some(told)), candidate(2, 4, None)]);
            assert_eq!(first(&record), [1], "{told:?}");
        }
        // What only the orchestrator knows is taken from it.
        for told in [Obstacle::Away, Obstacle::Full, Obstacle::TriedHere] {
            let record = choice(vec![candidate(1, 3, Some(told)), candidate(2, 4, None)]);
            assert_eq!(first(&record), [2], "{told:?}");
        }
    }

    #[test]
    fn what_is_in_a_candidates_way_is_found_again() {
        let of = |change: fn(&mut Candidate, &mut Choice)| {
            let (mut one, mut record) = (candidate(1, 3, None), choice(Vec::new()));
            change(&mut one, &mut record);
            recheck(&JOB, &record, &one)
        };
        assert_eq!(of(|_, _| {}), None);
        assert_eq!(of(|one, _| one.ask_price = 10), Some(Obstacle::TooDear));
        assert_eq!(of(|one, _| one.active = 9), Some(Obstacle::UnderStaked));
        assert_eq!(of(|one, _| one.promised = 51), Some(Obstacle::StakeLocked));
        let late = |_: &mut Candidate, record: &mut Choice| record.sortition_start = 1;
        assert_eq!(of(late), Some(Obstacle::NotDrawn));
        let waited = |_: &mut Candidate, record: &mut Choice| {
            record.sortition_start = 1;
            record.slot += 64;
        };
        assert_eq!(of(waited), None);
    }

    #[test]
    fn the_order_of_the_list_decides_nothing() {
        let mut record = choice(vec![candidate(2, 4, None), candidate(1, 3, None)]);
        assert_eq!(first(&record), [1]);
        record.seats = 2;
        assert_eq!(first(&record), [1, 2]);
    }
}
