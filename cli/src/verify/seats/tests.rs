#![allow(clippy::unwrap_used)]
use super::*;
use millrace_client::events::ProgramEvent;
use millrace_client::program::events::JobSeeded;
use millrace_protocol::key::Key;

const JOB: Pubkey = Pubkey::new_from_array([5; 32]);

fn key(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

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

/// A selection of provider 2, which asks 4; provider 1 asks 3, but its agent was offline.
fn selection() -> SelectionRecord {
    SelectionRecord {
        shard: 0,
        attempt: 0,
        slot: 10,
        free_since: 10,
        sortition_start: ADMIT_ALL,
        min_stake: 10,
        price_cap: 9,
        seat_lock: 50,
        free_seats: 1,
        candidates: vec![
            candidate(1, 3, Some(Ineligible::AgentOffline)),
            candidate(2, 4, None),
        ],
        complete: true,
        ..SelectionRecord::default()
    }
}

fn assignment(n: u8) -> SeatAssignment {
    SeatAssignment {
        shard: 0,
        attempt: 0,
        slot: 12,
        time: Some(1_000),
        providers: vec![key(n).to_string()],
        locked: 50,
    }
}

fn terms() -> PostJobArgs {
    use millrace_client::program::state::{Meter, Mode, Scenario};
    PostJobArgs {
        nonce: 0,
        manifest: [0; 32],
        orchestrator: Pubkey::default(),
        scenario: Scenario::General,
        mode: Mode::Quorum,
        meter: Meter::Fuel,
        shards: 1,
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        price_cap: 9,
        max_units: 1,
        deadline: 0,
        commit_secs: 1,
        reveal_secs: 1,
        challenge_secs: 0,
        audit_bps: 0,
        max_deposit: 1,
        supplier: [0; 16],
        region: [0; 16],
        min_score: 0,
        min_memory_mb: 0,
        min_cores: 0,
    }
}

fn check_with(
    change: impl FnOnce(&mut SelectionRecord, &mut SeatAssignment, &mut Vec<(Pubkey, Provider)>),
) -> SeatCheck {
    check_with_events(&[seeded()], change)
}

fn seeded() -> RecordedEvent {
    RecordedEvent {
        slot: 11,
        time: None,
        signature: String::new(),
        instruction: 0,
        position: 0,
        event: ProgramEvent::JobSeeded(JobSeeded {
            job: JOB,
            seed: 77,
            after_slot: 10,
        }),
    }
}

fn check_with_events(
    events: &[RecordedEvent],
    change: impl FnOnce(&mut SelectionRecord, &mut SeatAssignment, &mut Vec<(Pubkey, Provider)>),
) -> SeatCheck {
    let (mut selection, mut assignment) = (selection(), assignment(2));
    let mut providers: Vec<(Pubkey, Provider)> = [(1, 3), (2, 4)]
        .map(|(n, ask_price)| {
            let provider = Provider {
                ask_price,
                agreed: 7,
                ..Provider::zeroed()
            };
            (key(n), provider)
        })
        .into();
    change(&mut selection, &mut assignment, &mut providers);
    let network = Network {
        min_stake: 10,
        sortition_start: ADMIT_ALL,
        ..Network::zeroed()
    };
    let terms = terms();
    let context = AuditContext {
        terms: Some(&terms),
        providers: &providers,
        network: &network,
        events,
    };
    check(&JOB, &context, &assignment, &[selection])
}

#[test]
fn correct_selection_has_no_discrepancies() {
    let check = check_with(|_, _, _| {});
    assert_eq!(check.expected, Some(vec![key(2).to_string()]));
    assert!(
        check.discrepancies.is_empty() && check.unchecked.is_empty(),
        "{check:?}"
    );
    assert_eq!(
        check.self_reported, 1,
        "only the orchestrator knows who was offline"
    );
}

#[test]
fn omitted_better_candidate_is_reported() {
    let check = check_with(|selection, _, _| {
        selection.candidates[0].ineligible = Some(Ineligible::InsufficientFreeStake);
    });
    assert_eq!(check.expected, Some(vec![key(1).to_string()]));
    let all = check.discrepancies.join("\n");
    assert!(
        all.contains(&format!("{} should have been selected", key(1))),
        "{all}"
    );
    let reason = Ineligible::InsufficientFreeStake.description();
    let wrong = format!(
        "{} was eligible, but the selection record says {reason}",
        key(1)
    );
    assert!(all.contains(&wrong), "{all}");
}

#[test]
fn record_that_differs_from_the_chain_is_a_discrepancy() {
    let discrepancy = |change: fn(&mut SelectionRecord)| {
        let check = check_with(|selection, _, _| change(selection));
        assert_eq!(check.discrepancies.len(), 1, "{check:?}");
        check.discrepancies[0].clone()
    };
    for (change, expected) in [
        (
            (|selection| selection.seat_lock = 49) as fn(&mut SelectionRecord),
            "a stake per seat of 49, the chain 50",
        ),
        (
            |selection| selection.price_cap = 8,
            "a price cap of 8, the chain 9",
        ),
        (|selection| selection.slot = 13, "slot 13"),
        (
            |selection| selection.candidates[1].finished_seats = 8,
            "8 finished seats",
        ),
        (
            |selection| {
                selection.sortition_start = u64::MAX - 1;
                selection.seed = 78;
            },
            "the seed 78, the chain 77",
        ),
    ] {
        let found = discrepancy(change);
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn seed_without_history_is_unchecked() {
    let with_sortition = |events: &[RecordedEvent]| {
        check_with_events(events, |selection, _, _| {
            selection.sortition_start = u64::MAX - 1;
        })
    };
    let seeded_later = RecordedEvent {
        slot: u64::MAX,
        ..seeded()
    };
    for events in [vec![], vec![seeded_later]] {
        let check = with_sortition(&events);
        assert!(check.discrepancies.is_empty(), "{check:?}");
        let unchecked = check.unchecked.join("\n");
        assert!(unchecked.contains("does not reach back"), "{unchecked}");
    }
    let check = with_sortition(&[seeded()]);
    let all = check.unchecked.join("\n");
    assert!(!all.contains("the seed"), "{all}");
}

#[test]
fn assignment_without_its_own_record_is_unchecked() {
    for change in [
        (|assignment| assignment.attempt = 1) as fn(&mut SeatAssignment),
        |assignment| assignment.shard = 1,
        |assignment| assignment.providers = vec![key(3).to_string()],
    ] {
        let check = check_with(|_, assignment, _| change(assignment));
        assert_eq!(check.expected, None);
        assert!(check.discrepancies.is_empty() && check.unchecked.len() == 1);
    }
}

#[test]
fn record_of_a_provider_that_the_program_skipped_is_found() {
    let check = check_with(|selection, _, _| {
        let mut skipped = selection.candidates[1].clone();
        skipped.provider = millrace_protocol::key::Key(key(4).to_bytes());
        selection.candidates.push(skipped);
        selection.free_seats += 1;
    });
    assert!(check.expected.is_some(), "{:?}", check.unchecked);
}

#[test]
fn better_provider_that_the_record_does_not_list_is_unchecked() {
    let reports = |registered_at, ask_price, complete, max_seat_lock| {
        let check = check_with(|selection, _, providers| {
            selection.complete = complete;
            let other = Provider {
                registered_at,
                ask_price,
                max_seat_lock,
                ..Provider::zeroed()
            };
            providers.push((key(9), other));
        });
        assert!(check.discrepancies.is_empty());
        check.unchecked.join("\n").contains(&key(9).to_string())
    };
    assert!(reports(999, 3, true, 50));
    assert!(!reports(1_000, 3, true, 50), "registered later");
    assert!(!reports(999, 4, true, 50), "not better");
    assert!(
        !reports(999, 3, false, 50),
        "the record is incomplete anyway"
    );
    assert!(!reports(999, 3, true, 49), "no seat may lock that much");
}
