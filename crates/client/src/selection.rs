//! Recomputes the selection of providers for a shard from its record.
//!
//! Prices, stakes and the sortition are checked. Other reasons are the orchestrator's word, for example
//! that an agent was offline: see [`is_self_reported`].

use millrace_program::math::sortition::{Ticket, admits};
use millrace_program::state::Provider;
use millrace_protocol::key::Key;
use millrace_protocol::selection::{CandidateRecord, Ineligible, SelectionRecord, shard_position};
use solana_sdk::pubkey::Pubkey;

/// Seats that a provider has finished: agreed, disagreed and late ones.
pub fn finished_seats(provider: &Provider) -> u64 {
    u64::from(provider.agreed) + u64::from(provider.disagreed) + u64::from(provider.late)
}

/// Whether a reason is the orchestrator's word: the record has no values to recompute it from.
pub fn is_self_reported(reason: Ineligible) -> bool {
    match reason {
        Ineligible::LockAboveMaximum
        | Ineligible::AlreadySeated
        | Ineligible::RegisteredAfterPosting
        | Ineligible::ProviderAtCapacity
        | Ineligible::AgentOffline
        | Ineligible::AgentAtCapacity
        | Ineligible::AlreadyTried => true,
        Ineligible::ProviderNotEligible
        | Ineligible::PriceAboveCap
        | Ineligible::StakeBelowMinimum
        | Ineligible::NotAdmittedYet
        | Ineligible::InsufficientFreeStake => false,
    }
}

/// Why a candidate was not eligible; `None` if it was. Reasons that the record has no values for are taken
/// from it; all others are recomputed from the candidate's price, stake and ticket. Of several reasons, the
/// recorded one is returned if it applies, and otherwise the first.
pub fn recheck(
    job: &Pubkey,
    selection: &SelectionRecord,
    candidate: &CandidateRecord,
) -> Option<Ineligible> {
    let applies = |reason: &Ineligible| match reason {
        Ineligible::PriceAboveCap => candidate.ask_price > selection.price_cap,
        Ineligible::StakeBelowMinimum => candidate.active_stake < selection.min_stake,
        Ineligible::NotAdmittedYet => !is_admitted(job, selection, candidate),
        Ineligible::InsufficientFreeStake => {
            let promised = candidate.promised_stake;
            candidate.free_stake.saturating_sub(promised) < selection.seat_lock
        }
        // Providers that do not meet the requirement are not candidates.
        Ineligible::ProviderNotEligible => false,
        reason => candidate.ineligible == Some(*reason),
    };
    let recorded = candidate.ineligible.filter(applies);
    recorded.or_else(|| Ineligible::ALL.into_iter().find(applies))
}

/// Whether the sortition admitted a candidate at the time of the selection.
fn is_admitted(job: &Pubkey, selection: &SelectionRecord, candidate: &CandidateRecord) -> bool {
    let ticket = Ticket {
        seed: selection.seed,
        job: job.as_array(),
        shard: selection.shard,
        attempt: selection.attempt,
        provider: &candidate.provider.0,
    };
    let waited = selection.slot.saturating_sub(selection.free_since);
    let start = selection.sortition_start;
    admits(start, candidate.free_stake, waited, &ticket)
}

/// The providers that should have been selected from the candidates of the record: the eligible ones in
/// order of rank, one per free seat.
pub fn expected_selection(job: &Pubkey, selection: &SelectionRecord) -> Vec<Key> {
    let point = shard_position(job.as_array(), selection.shard, selection.attempt);
    let free = selection.candidates.iter();
    let mut free: Vec<&CandidateRecord> = free
        .filter(|candidate| recheck(job, selection, candidate).is_none())
        .collect();
    free.sort_by_key(|candidate| candidate.rank(point));
    let first = free.into_iter().take(selection.free_seats);
    first.map(|candidate| candidate.provider).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_program::math::sortition::ADMIT_ALL;

    const JOB: Pubkey = Pubkey::new_from_array([5; 32]);

    fn candidate(n: u8, ask_price: u64, ineligible: Option<Ineligible>) -> CandidateRecord {
        CandidateRecord {
            provider: Key([n; 32]),
            ask_price,
            score: 0,
            finished_seats: 0,
            active_stake: 100,
            free_stake: 100,
            promised_stake: 0,
            ineligible,
        }
    }

    fn selection(candidates: Vec<CandidateRecord>) -> SelectionRecord {
        SelectionRecord {
            shard: 0,
            attempt: 0,
            slot: 10,
            free_since: 10,
            seed: 1,
            sortition_start: ADMIT_ALL,
            min_stake: 10,
            price_cap: 9,
            seat_lock: 50,
            free_seats: 1,
            candidates,
            unlisted: 0,
            complete: true,
        }
    }

    fn first(selection: &SelectionRecord) -> Vec<u8> {
        let keys = expected_selection(&JOB, selection);
        keys.iter().map(|key| key.0[0]).collect()
    }

    #[test]
    fn better_eligible_candidates_are_selected_whatever_the_record_says() {
        for reason in Ineligible::ALL {
            let record = selection(vec![candidate(1, 3, Some(reason)), candidate(2, 4, None)]);
            let expected = if is_self_reported(reason) { 2 } else { 1 };
            assert_eq!(first(&record), [expected], "{reason:?}");
        }
    }

    #[test]
    fn reasons_are_recomputed() {
        let of = |change: fn(&mut CandidateRecord, &mut SelectionRecord)| {
            let (mut one, mut record) = (candidate(1, 3, None), selection(Vec::new()));
            change(&mut one, &mut record);
            recheck(&JOB, &record, &one)
        };
        assert_eq!(of(|_, _| {}), None);
        assert_eq!(
            of(|one, _| one.ask_price = 10),
            Some(Ineligible::PriceAboveCap)
        );
        assert_eq!(
            of(|one, _| one.active_stake = 9),
            Some(Ineligible::StakeBelowMinimum)
        );
        assert_eq!(
            of(|one, _| one.promised_stake = 51),
            Some(Ineligible::InsufficientFreeStake)
        );
        let late =
            |_: &mut CandidateRecord, record: &mut SelectionRecord| record.sortition_start = 1;
        assert_eq!(of(late), Some(Ineligible::NotAdmittedYet));
        let waited = |_: &mut CandidateRecord, record: &mut SelectionRecord| {
            record.sortition_start = 1;
            record.slot += 64;
        };
        assert_eq!(of(waited), None);
    }

    #[test]
    fn recorded_reason_is_returned_if_several_apply() {
        let mut one = candidate(1, 10, Some(Ineligible::InsufficientFreeStake));
        one.promised_stake = 51;
        let record = selection(Vec::new());
        let found = recheck(&JOB, &record, &one);
        assert_eq!(found, Some(Ineligible::InsufficientFreeStake));
        one.ineligible = Some(Ineligible::StakeBelowMinimum);
        let found = recheck(&JOB, &record, &one);
        assert_eq!(
            found,
            Some(Ineligible::PriceAboveCap),
            "the first that applies"
        );
    }

    #[test]
    fn selection_does_not_depend_on_the_order_of_candidates() {
        let mut record = selection(vec![candidate(2, 4, None), candidate(1, 3, None)]);
        assert_eq!(first(&record), [1]);
        record.free_seats = 2;
        assert_eq!(first(&record), [1, 2]);
    }
}
