#![allow(clippy::unwrap_used)]
use super::*;
use bytemuck::Zeroable;

/// A job with a deposit of 1,000, of which 600 have been spent.
fn job() -> Job {
    Job {
        deposited: 1_000,
        paid: 300,
        refunded: 200,
        fee: 100,
        shards: 10,
        created: 6,
        live: 4,
        settled: 3,
        failed: 2,
        cancelled: 4,
        state: JobState::Open as u8,
        ..Job::zeroed()
    }
}

#[test]
fn a_job_holds_what_it_received_less_what_it_spent() {
    assert_eq!(job().held().unwrap(), 400);
    let compensated = Job {
        compensated: 50,
        ..job()
    };
    assert_eq!(compensated.held().unwrap(), 450);
    let emptied = Job { paid: 700, ..job() };
    assert_eq!(emptied.held().unwrap(), 0);
}

#[test]
fn a_job_cannot_spend_more_than_it_received() {
    let mut all_but_one = Job { paid: 699, ..job() };
    let broken = err!(MillraceError::InvariantBroken);
    assert_eq!(all_but_one.pay(2), broken);
    let outgrown = Job { paid: 701, ..job() };
    assert_eq!(outgrown.held(), err!(MillraceError::InvariantBroken));
    let uncountable = Job {
        deposited: u64::MAX,
        compensated: 1,
        ..job()
    };
    assert_eq!(uncountable.held(), err!(MillraceError::InvariantBroken));
}

#[test]
fn payments_fees_and_refunds_are_counted_apart() {
    let mut job = job();
    job.pay(7).unwrap();
    job.charge_fee(11).unwrap();
    job.refund(13).unwrap();
    job.compensate(17).unwrap();
    assert_eq!((job.paid, job.fee, job.refunded), (307, 111, 213));
    assert_eq!(job.compensated, 17);
    assert_eq!(job.held().unwrap(), 400 - 7 - 11 - 13 + 17);
}

#[test]
fn the_invariant_refuses_inconsistent_numbers_of_shards() {
    let broken = || err!(MillraceError::InvariantBroken);
    let with = |change: fn(&mut Job)| {
        let mut job = job();
        change(&mut job);
        job.invariant()
    };
    with(|_| ()).unwrap();
    with(|job| job.cancelled = 5).unwrap();
    assert_eq!(with(|job| job.cancelled = 6), broken());
    assert_eq!(with(|job| job.settled = 5), broken());
    assert_eq!(with(|job| job.failed = 4), broken());
    with(|job| job.created = 10).unwrap();
    assert_eq!(with(|job| job.created = 11), broken());
    with(|job| job.live = 6).unwrap();
    assert_eq!(with(|job| job.live = 7), broken());
    assert_eq!(with(|job| job.paid = 701), broken());
}

#[test]
fn a_job_is_finished_when_every_shard_has_ended() {
    assert!(!job().is_finished());
    let last = Job {
        cancelled: 5,
        ..job()
    };
    assert!(last.is_finished());
}

#[test]
fn only_an_open_job_has_unassigned_shards() {
    assert_eq!(job().unassigned(), 4);
    for state in [JobState::Cancelled, JobState::Expired] {
        let ended = Job {
            state: state as u8,
            ..job()
        };
        assert_eq!(ended.unassigned(), 0);
        assert_eq!(ended.state(), Some(state));
    }
    assert_eq!(job().state(), Some(JobState::Open));
    let unknown = Job { state: 4, ..job() };
    assert_eq!(unknown.state(), None);
}

#[test]
fn the_cost_of_a_shard_covers_all_seats_and_the_fee() {
    let job = Job {
        price_cap: 2,
        max_units: 1_000,
        max_replicas: 3,
        fee_bps: 250,
        ..job()
    };
    assert_eq!(job.shard_cost().unwrap(), 6_150);
}

#[test]
fn one_seat_is_a_quorum_in_the_modes_that_start_with_one() {
    for (number, mode, first) in [
        (0, Some(Mode::Quorum), 2),
        (1, Some(Mode::Audit), 1),
        (2, Some(Mode::Challenge), 1),
        (3, None, 2),
    ] {
        let job = Job {
            mode: number,
            quorum: 2,
            ..job()
        };
        assert_eq!((job.mode(), job.first_quorum()), (mode, first));
    }
}

#[test]
fn a_round_fits_if_it_ends_exactly_at_the_deadline() {
    let job = Job {
        commit_secs: 60,
        reveal_secs: 30,
        deadline: 1_000,
        ..job()
    };
    assert_eq!(job.round_secs(), 90);
    assert!(job.round_fits(910) && !job.round_fits(911));
    assert!(!job.round_fits(i64::MAX));
}

#[test]
fn a_first_round_leaves_time_for_the_review_of_its_mode() {
    let job = |mode: u8| Job {
        commit_secs: 60,
        reveal_secs: 30,
        challenge_secs: 120,
        deadline: 1_000,
        mode,
        ..job()
    };
    for (mode, needs) in [(0, 90), (1, 180 + 60), (2, 180 + 120)] {
        let job = job(mode);
        assert!(job.first_round_fits(1_000 - needs), "{mode}");
        assert!(!job.first_round_fits(1_001 - needs), "{mode}");
    }
    assert!(!job(3).first_round_fits(0));
}

#[test]
fn a_provider_must_meet_every_requirement() {
    let job = Job {
        supplier: [1; 16],
        region: [2; 16],
        min_score: 10,
        min_memory_mb: 20,
        min_cores: 30,
        ..job()
    };
    let provider = Provider {
        supplier: [1; 16],
        region: [2; 16],
        score: 10,
        memory_mb: 20,
        cores: 30,
        ..Provider::zeroed()
    };
    let less: [fn(&mut Provider); 5] = [
        |p| p.supplier = [0; 16],
        |p| p.region = [1; 16],
        |p| p.score = 9,
        |p| p.memory_mb = 19,
        |p| p.cores = 29,
    ];
    assert!(job.admits(&provider));
    for (part, lessen) in less.iter().enumerate() {
        let mut lesser = provider;
        lessen(&mut lesser);
        assert!(!job.admits(&lesser), "part {part}");
    }
    let better = Provider {
        score: 11,
        memory_mb: 21,
        cores: 31,
        ..provider
    };
    assert!(job.admits(&better));
    let anywhere = Job {
        supplier: [0; 16],
        region: [0; 16],
        ..job
    };
    assert!(anywhere.admits(&provider));
}
