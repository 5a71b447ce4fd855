//! The eligibility check agrees with the program's own code.

use super::super::availability::Availability;
use super::super::eligibility::{Applicant, Rules, SeatRequest, Sortition, Vacancy, check};
use super::super::failures::FailureHistory;
use crate::submissions::model::Submissions;
use anchor_lang::prelude::ProgramError;
use bytemuck::Zeroable;
use millrace_client::Pubkey;
use millrace_client::program::error::MillraceError;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{Job, Provider, Seat, SeatStatus, Shard};
use millrace_client::program::{Admission, seat_provider};
use millrace_protocol::selection::Ineligible;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::HashMap;

const JOB: Pubkey = Pubkey::new_from_array([5; 32]);
const PROVIDER: Pubkey = Pubkey::new_from_array([6; 32]);
const TAGS: [[u8; 16]; 3] = [[0; 16], [1; 16], [2; 16]];

/// The program's refusals of a provider, each with the reason of the same name.
const REFUSALS: [(MillraceError, Ineligible); 9] = [
    (
        MillraceError::ProviderNotEligible,
        Ineligible::ProviderNotEligible,
    ),
    (MillraceError::PriceAboveCap, Ineligible::PriceAboveCap),
    (
        MillraceError::LockAboveMaximum,
        Ineligible::LockAboveMaximum,
    ),
    (
        MillraceError::StakeBelowMinimum,
        Ineligible::StakeBelowMinimum,
    ),
    (MillraceError::AlreadySeated, Ineligible::AlreadySeated),
    (
        MillraceError::RegisteredAfterPosting,
        Ineligible::RegisteredAfterPosting,
    ),
    (MillraceError::NotAdmittedYet, Ineligible::NotAdmittedYet),
    (
        MillraceError::ProviderAtCapacity,
        Ineligible::ProviderAtCapacity,
    ),
    (
        MillraceError::InsufficientFreeStake,
        Ineligible::InsufficientFreeStake,
    ),
];

const AVAILABLE: Availability = Availability {
    online: true,
    free_capacity: 1,
    promised_seats: 0,
    promised_stake: 0,
};

/// A seat, a provider and the state of the network.
#[derive(Clone, Debug)]
struct Case {
    job: Job,
    provider: Provider,
    /// The provider already has a seat of the shard.
    is_seated: bool,
    min_stake: u64,
    sortition_start: u64,
    waited: u64,
    attempt: u8,
}

impl Case {
    /// What the program does with the provider.
    fn program(&self) -> Result<(), Ineligible> {
        let mut shard = Shard {
            job: JOB,
            attempt: self.attempt,
            ..Shard::zeroed()
        };
        if self.is_seated {
            shard.seats[1] = Seat {
                provider: PROVIDER,
                status: SeatStatus::Assigned as u8,
                ..Seat::default()
            };
        }
        let admission = Admission {
            min_stake: self.min_stake,
            agreed_price: u64::MAX,
            sortition_start: self.sortition_start,
            waited: self.waited,
            seed: self.job.seed,
        };
        let mut provider = self.provider;
        let result = seat_provider(&mut shard, &self.job, &mut provider, PROVIDER, &admission);
        let Err(error) = result else { return Ok(()) };
        let error = ProgramError::from(error);
        let refusal = REFUSALS.into_iter().find(|(refusal, _)| {
            ProgramError::from(anchor_lang::error::Error::from(*refusal)) == error
        });
        Err(refusal.expect("a refusal of the provider").1)
    }

    fn check(&self, availability: Availability, has_failed: bool) -> Result<(), Ineligible> {
        let mut submissions = Submissions::default();
        if has_failed {
            let failures = HashMap::from([(PROVIDER, "late".to_owned())]);
            submissions.failures.insert((JOB, 0), failures);
        }
        let rules = Rules {
            min_stake: self.min_stake,
            sortition_start: self.sortition_start,
            slot: 100 + self.waited,
            failures: FailureHistory::new(&submissions),
        };
        let seated = [PROVIDER];
        let request = SeatRequest {
            address: JOB,
            job: &self.job,
            vacancy: Vacancy {
                shard: 0,
                attempt: self.attempt,
                free_since: 100,
            },
            seated: if self.is_seated { &seated } else { &[] },
        };
        let applicant = Applicant {
            key: &PROVIDER,
            account: &self.provider,
            availability,
        };
        check(&rules, &request, &applicant, Sortition::Apply)
    }
}

fn any_tag() -> impl Strategy<Value = [u8; 16]> {
    (0usize..3).prop_map(|at| TAGS[at])
}

fn any_provider() -> impl Strategy<Value = Provider> {
    let offer = (any_tag(), any_tag(), 1u64..5, 0u64..3, 0u32..3, 0u16..3);
    let stake = (0u64..1_000, 0u64..1_000, 0u16..4, 1u16..4);
    let times = (0i64..4, 300u64..700);
    (offer, stake, times).prop_map(|(offer, stake, (registered_at, max_seat_lock))| {
        let (supplier, region, ask_price, score, memory_mb, cores) = offer;
        let (active, locked, open_seats, max_open_seats) = stake;
        Provider {
            supplier,
            region,
            ask_price,
            score,
            memory_mb,
            cores,
            active,
            deposited: active,
            locked: locked.min(active),
            open_seats,
            max_open_seats,
            max_seat_lock,
            registered_at,
            ..Provider::zeroed()
        }
    })
}

fn any_job() -> impl Strategy<Value = Job> {
    let requirement = (any_tag(), any_tag(), 0u64..3, 0u32..3, 0u16..3);
    let terms = (0u64..6, 0u64..600, any::<u64>(), 0i64..4);
    (requirement, terms).prop_map(|(requirement, terms)| {
        let (supplier, region, min_score, min_memory_mb, min_cores) = requirement;
        let (price_cap, seat_lock, seed, posted_at) = terms;
        Job {
            supplier,
            region,
            min_score,
            min_memory_mb,
            min_cores,
            price_cap,
            seat_lock,
            seed,
            posted_at,
            ..Job::zeroed()
        }
    })
}

fn any_case() -> impl Strategy<Value = Case> {
    let sortition_start = prop_oneof![Just(ADMIT_ALL), any::<u64>(), 1u64 << 40..1 << 60];
    let network = (0u64..300, sortition_start, 0u64..40);
    let seat = (prop::bool::weighted(0.1), 0u8..3);
    (any_job(), any_provider(), network, seat).prop_map(|(job, provider, network, seat)| {
        let (min_stake, sortition_start, waited) = network;
        let (is_seated, attempt) = seat;
        Case {
            job,
            provider,
            is_seated,
            min_stake,
            sortition_start,
            waited,
            attempt,
        }
    })
}

/// The case with the fewest reasons: requirements that any provider meets.
fn undemanding(case: &Case) -> Case {
    let mut easy = case.clone();
    easy.job = Job {
        price_cap: u64::MAX,
        seat_lock: case.job.seat_lock,
        seed: case.job.seed,
        posted_at: case.job.posted_at,
        ..Job::zeroed()
    };
    easy.is_seated = false;
    easy.min_stake = 0;
    easy
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn available_provider_is_eligible_exactly_if_the_program_seats_it(case in any_case()) {
        // Random terms are seldom met, and would hide the later reasons.
        for case in [undemanding(&case), case] {
            prop_assert_eq!(case.check(AVAILABLE, false), case.program(), "{:?}", case);
        }
    }

    #[test]
    fn program_refusals_come_before_what_only_the_orchestrator_knows(
        case in any_case(),
        online: bool,
        free_capacity in 0u32..2,
        has_failed: bool,
    ) {
        let availability = Availability { online, free_capacity, ..AVAILABLE };
        for case in [undemanding(&case), case] {
            let expected = case.program().and(if !online {
                Err(Ineligible::AgentOffline)
            } else if free_capacity == 0 {
                Err(Ineligible::AgentAtCapacity)
            } else if has_failed {
                Err(Ineligible::AlreadyTried)
            } else {
                Ok(())
            });
            prop_assert_eq!(case.check(availability, has_failed), expected, "{:?}", case);
        }
    }
}

#[test]
fn reasons_have_the_names_of_the_program_errors() {
    for (error, reason) in REFUSALS {
        assert_eq!(format!("{error:?}"), format!("{reason:?}"));
    }
}

#[test]
fn every_reason_of_the_program_can_occur() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5_000 {
        let case = any_case().new_tree(&mut runner).unwrap().current();
        for case in [undemanding(&case), case] {
            seen.extend(case.program().err());
        }
    }
    let expected = REFUSALS.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(seen, expected);
}

#[test]
fn promised_seats_count_like_taken_ones() {
    let case = Case {
        job: Job {
            price_cap: 1,
            seat_lock: 40,
            ..Job::zeroed()
        },
        provider: Provider {
            active: 100,
            deposited: 100,
            max_open_seats: 2,
            max_seat_lock: u64::MAX,
            ..Provider::zeroed()
        },
        is_seated: false,
        min_stake: 0,
        sortition_start: ADMIT_ALL,
        waited: 0,
        attempt: 0,
    };
    let promised = |seats, stake| Availability {
        promised_seats: seats,
        promised_stake: stake,
        ..AVAILABLE
    };
    assert_eq!(case.check(promised(1, 60), false), Ok(()));
    let at_capacity = case.check(promised(2, 0), false);
    assert_eq!(at_capacity, Err(Ineligible::ProviderAtCapacity));
    let locked = case.check(promised(1, 61), false);
    assert_eq!(locked, Err(Ineligible::InsufficientFreeStake));
}
