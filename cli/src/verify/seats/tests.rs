#![allow(clippy::unwrap_used)]
use super::*;
use millrace_client::events::ProgramEvent;
use millrace_client::program::events::JobSeeded;
use millrace_protocol::key::Key;
use millrace_protocol::selection::Ineligible;

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

/// A selection of provider 2, who asks 4, where 1 asks less and was away.
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

fn assigned(n: u8) -> SeatAssignment {
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

fn look(
    change: impl FnOnce(&mut SelectionRecord, &mut SeatAssignment, &mut Vec<(Pubkey, Provider)>),
) -> SeatCheck {
    let (mut selection, mut assigned) = (selection(), assigned(2));
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
    change(&mut selection, &mut assigned, &mut providers);
    let network = Network {
        min_stake: 10,
        sortition_start: ADMIT_ALL,
        ..Network::zeroed()
    };
    let seeded = RecordedEvent {
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
    };
    let terms = terms();
    let known = AuditContext {
        terms: Some(&terms),
        providers: &providers,
        network: &network,
        events: &[seeded],
    };
    audit(&JOB, &known, &assigned, &[selection])
}

#[test]
fn a_choice_that_is_as_it_should_be_is_found_so() {
    let seats = look(|_, _, _| {});
    assert_eq!(seats.should, Some(vec![key(2).to_string()]));
    assert!(
        seats.wrong.is_empty() && seats.unchecked.is_empty(),
        "{seats:?}"
    );
    assert_eq!(seats.by_word, 1, "who was away is the orchestrator's word");
}

#[test]
fn whoever_was_passed_over_is_named() {
    let seats =
        look(|selection, _, _| selection.candidates[0].ineligible = Some(Ineligible::StakeLocked));
    assert_eq!(seats.should, Some(vec![key(1).to_string()]));
    let all = seats.wrong.join("\n");
    assert!(
        all.contains(&format!("{} should have been chosen", key(1))),
        "{all}"
    );
    let lie = format!(
        "{} was free, and the record says without enough free stake",
        key(1)
    );
    assert!(all.contains(&lie), "{all}");
}

#[test]
fn a_record_that_differs_from_the_chain_is_wrong() {
    let wrong = |change: fn(&mut SelectionRecord, &mut SeatAssignment)| {
        let seats = look(|selection, assigned, _| change(selection, assigned));
        assert_eq!(seats.wrong.len(), 1, "{seats:?}");
        seats.wrong[0].clone()
    };
    assert!(
        wrong(|selection, _| selection.seat_lock = 49).contains("stake of 49, and the chain 50")
    );
    assert!(
        wrong(|selection, _| selection.price_cap = 8).contains("price cap of 8, and the chain 9")
    );
    assert!(wrong(|selection, _| selection.slot = 13).contains("slot 13"));
    assert!(
        wrong(|selection, _| selection.candidates[1].finished_seats = 8)
            .contains("8 seats behind it")
    );
    let seed = wrong(|selection, _| {
        selection.sortition_start = u64::MAX - 1;
        selection.seed = 78;
    });
    assert!(seed.contains("seed 78, and the chain 77"), "{seed}");
}

#[test]
fn without_a_record_of_this_very_choice_nothing_is_claimed() {
    for change in [
        (|_, assigned| assigned.attempt = 1) as fn(&mut SelectionRecord, &mut SeatAssignment),
        |_, assigned| assigned.shard = 1,
        |_, assigned| assigned.providers = vec![key(3).to_string()],
    ] {
        let seats = look(|selection, assigned, _| change(selection, assigned));
        assert_eq!(seats.should, None);
        assert!(seats.wrong.is_empty() && seats.unchecked.len() == 1);
    }
}

#[test]
fn a_better_provider_that_the_record_does_not_know_is_a_doubt() {
    let with = |registered_at, ask_price, whole| {
        let seats = look(|selection, _, providers| {
            selection.complete = whole;
            let other = Provider {
                registered_at,
                ask_price,
                ..Provider::zeroed()
            };
            providers.push((key(9), other));
        });
        assert!(seats.wrong.is_empty());
        seats.unchecked.join("\n").contains(&key(9).to_string())
    };
    assert!(with(999, 3, true));
    assert!(!with(1_000, 3, true), "it came later");
    assert!(!with(999, 4, true), "it is no better");
    assert!(
        !with(999, 3, false),
        "the record does not claim to be whole"
    );
}
