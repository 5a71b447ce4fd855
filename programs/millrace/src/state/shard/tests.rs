#![allow(clippy::unwrap_used)]
use super::*;
use SeatStatus::{Agreed, Assigned, Committed, Disagreed, Empty, Late, Released, Revealed};
use bytemuck::Zeroable;

const JOB: fn() -> Job = || Job {
    commit_secs: 60,
    reveal_secs: 30,
    accept_secs: 20,
    deadline: 1_000,
    quorum: 2,
    max_replicas: 4,
    ..Job::zeroed()
};

fn shard(seats: &[SeatStatus]) -> Shard {
    let mut shard = Shard {
        state: ShardState::Assigned as u8,
        target: 3,
        quorum: 2,
        commit_by: 100,
        reveal_by: 130,
        ..Shard::zeroed()
    };
    for (seat, status) in shard.seats.iter_mut().zip(seats) {
        seat.status = *status as u8;
    }
    shard
}

#[test]
fn seats_agree_only_on_equal_revealed_results() {
    let seat = Seat {
        status: Revealed as u8,
        digest: [1; 32],
        units: 5,
        ..Seat::default()
    };
    let differing: [fn(&mut Seat); 3] = [
        |seat| seat.status = Committed as u8,
        |seat| seat.digest = [2; 32],
        |seat| seat.units = 6,
    ];
    assert!(seat.agrees_with(&seat));
    for (part, differ) in differing.iter().enumerate() {
        let mut other = seat;
        differ(&mut other);
        assert!(!seat.agrees_with(&other), "part {part}");
        assert!(!other.agrees_with(&seat), "part {part}");
    }
    let committed = Seat {
        status: Committed as u8,
        ..seat
    };
    assert!(!committed.agrees_with(&committed));
}

#[test]
fn seats_are_live_until_they_are_settled() {
    for (status, live) in [
        (Empty, false),
        (Assigned, true),
        (Committed, true),
        (Revealed, true),
        (Agreed, false),
        (Disagreed, false),
        (Late, false),
        (Released, false),
    ] {
        assert_eq!(shard(&[status]).seats[0].is_live(), live, "{status:?}");
        assert_eq!(shard(&[status]).seats[0].status(), status);
    }
    let seats = shard(&[Assigned, Revealed, Late, Assigned]);
    assert_eq!((seats.live_seats(), seats.count(Assigned)), (3, 2));
}

#[test]
fn a_shard_is_live_until_it_ends_and_has_a_result_once_settled() {
    for (number, state, live) in [
        (0, None, false),
        (1, Some(ShardState::Assigned), true),
        (2, Some(ShardState::Revealing), true),
        (3, Some(ShardState::Settled), false),
        (4, Some(ShardState::Failed), false),
        (5, None, false),
    ] {
        let mut shard = shard(&[Agreed, Agreed]);
        (shard.state, shard.winner) = (number, 1);
        (shard.seats[1].digest, shard.seats[1].units) = ([7; 32], 9);
        assert_eq!((shard.state(), shard.is_live()), (state, live));
        let result = (number == 3).then_some((&[7; 32], 9));
        assert_eq!(shard.result(), result, "{number}");
    }
}

#[test]
fn seats_are_free_up_to_the_target_until_a_result_is_revealed() {
    assert_eq!(shard(&[Assigned]).free_seats(), 2);
    assert_eq!(shard(&[Assigned; 4]).free_seats(), 0);
    let mut revealing = shard(&[Assigned]);
    revealing.state = ShardState::Revealing as u8;
    assert_eq!(revealing.free_seats(), 0);
}

#[test]
fn the_reveal_window_follows_the_commit_window() {
    let mut shard = shard(&[]);
    shard.state = 0;
    shard.start_round(&JOB(), 500).unwrap();
    assert_eq!((shard.commit_by, shard.reveal_by), (560, 590));
    assert_eq!(shard.state(), Some(ShardState::Assigned));
    let refused = err!(MillraceError::AmountOverflow);
    assert_eq!(shard.start_round(&JOB(), i64::MAX - 59), refused);
}

#[test]
fn the_time_to_decline_ends_with_the_commit_window_at_the_latest() {
    let mut job = JOB();
    let shard = shard(&[Assigned]);
    assert_eq!(shard.accept_by(&job), 100 - 60 + 20);
    job.accept_secs = 600;
    assert_eq!(shard.accept_by(&job), 100);
}

#[test]
fn freeing_a_seat_starts_another_attempt_up_to_the_maximum() {
    let mut shard = shard(&[Assigned, Committed]);
    shard.attempt = MAX_FREED_ATTEMPTS - 1;
    let freed = shard.free_seat(1, 77).unwrap();
    assert_eq!(freed.status(), Committed);
    assert_eq!(shard.seats[1], Seat::default());
    assert_eq!((shard.attempt, shard.slot), (MAX_FREED_ATTEMPTS, 77));
    let refused = err!(MillraceError::TooManyAttempts);
    assert_eq!(shard.free_seat(0, 78), refused);
    shard.attempt = u8::MAX;
    assert_eq!(shard.next_attempt(1), err!(MillraceError::AmountOverflow));
}

#[test]
fn reveals_open_once_all_seats_committed_or_a_quorum_did_by_the_end_of_the_window() {
    let open = |seats: &[SeatStatus], now| shard(seats).reveals_open(now);
    assert!(open(&[Committed, Committed, Revealed], 99));
    assert!(!open(&[Committed, Committed], 99));
    assert!(!open(&[Committed, Committed, Committed, Assigned], 99));
    assert!(open(&[Committed, Revealed, Assigned], 100));
    assert!(!open(&[Committed, Assigned, Assigned], 100));
    let mut undrawn = shard(&[Committed; 3]);
    undrawn.review = Review::Pending as u8;
    assert!(!undrawn.reveals_open(99) && !undrawn.reveals_open(100));
}

#[test]
fn a_review_starts_a_round_with_the_seats_that_decide_it() {
    for (review, target) in [(Review::Audited, 2), (Review::Challenged, 4)] {
        let mut shard = shard(&[Revealed]);
        (shard.quorum, shard.challenge_by, shard.attempt) = (1, 50, 3);
        shard.start_review(&JOB(), review, 500, 9).unwrap();
        assert_eq!((shard.review(), shard.challenge_by), (review, 0));
        assert_eq!((shard.quorum, shard.target), (2, target));
        assert_eq!((shard.attempt, shard.slot), (4, 9));
        assert_eq!((shard.commit_by, shard.reveal_by), (560, 590));
    }
}

#[test]
fn a_shard_with_one_seat_is_reopened_with_one_and_others_with_the_maximum() {
    let job = |mode: Mode| Job {
        mode: mode as u8,
        ..JOB()
    };
    for (mode, review, single) in [
        (Mode::Quorum, Review::None, false),
        (Mode::Audit, Review::None, true),
        (Mode::Audit, Review::NotSelected, true),
        (Mode::Audit, Review::Audited, false),
        (Mode::Challenge, Review::None, true),
        (Mode::Challenge, Review::Challenged, false),
    ] {
        let mut shard = shard(&[]);
        (shard.review, shard.challenge_by, shard.target) = (review as u8, 50, 1);
        assert_eq!(shard.is_single(&job(mode)), single, "{mode:?} {review:?}");
        let seats = if single { 1 } else { 4 };
        assert_eq!(shard.verdict_input(&job(mode), 0).max_replicas, seats);

        shard.reopen(&job(mode), 500, 9).unwrap();
        let (left, challenge_by) = if single {
            (Review::None, 0)
        } else {
            (review, 50)
        };
        assert_eq!((shard.review(), shard.challenge_by), (left, challenge_by));
        assert_eq!(shard.target, seats);
        assert_eq!((shard.attempt, shard.slot, shard.commit_by), (1, 9, 560));
    }
}

#[test]
fn an_unknown_review_is_none() {
    let mut shard = shard(&[]);
    for (number, review) in [
        (0, Review::None),
        (1, Review::Pending),
        (2, Review::NotSelected),
        (3, Review::Audited),
        (4, Review::Challenged),
        (5, Review::None),
    ] {
        shard.review = number;
        assert_eq!(shard.review(), review);
    }
}

#[test]
fn windows_are_over_in_the_second_in_which_they_end() {
    let mut shard = shard(&[Committed; 3]);
    shard.challenge_by = 150;
    let at = |now| shard.verdict_input(&JOB(), now);
    assert!(!at(99).commit_window_over && at(100).commit_window_over && at(101).commit_window_over);
    assert!(!at(129).round_over && at(130).round_over && at(131).round_over);
    assert!(
        !at(149).challenge_window_over
            && at(150).challenge_window_over
            && at(151).challenge_window_over
    );
    assert!(!at(999).deadline_passed && at(1_000).deadline_passed && at(1_001).deadline_passed);
    assert!(at(910).another_round_fits && !at(911).another_round_fits);
    assert!(at(99).reveals_open && !at(99).revealing);
    assert_eq!((at(0).quorum, at(0).target), (2, 3));
    shard.state = ShardState::Revealing as u8;
    assert!(shard.verdict_input(&JOB(), 99).revealing);
}
