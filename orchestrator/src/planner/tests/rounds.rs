//! What is done with shards from the first seat to the release of the last.

use super::super::*;
use super::world::*;
use millrace_client::program::state::{Seat, SeatStatus, ShardState};

#[test]
fn a_new_shard_gets_all_its_seats_at_once() {
    let mut world = World::new(3);
    world.job(|_| {});
    let [
        Action::Assign {
            job,
            shard,
            providers,
            ..
        },
    ] = &world.plan()[..]
    else {
        panic!("{:?}", world.plan());
    };
    assert_eq!((*job, *shard, providers.len()), (JOB, 0, 3));
}

#[test]
fn a_shard_waits_with_its_reason_while_too_few_providers_are_free() {
    let mut world = World::new(3);
    world.job(|_| {});
    world.agents.remove(&provider(0));
    world.provider(1, |p| p.ask_price = 11);
    assert_eq!(world.plan(), []);
    let why = world.why();
    assert_eq!(
        why,
        "1 of 3 providers free, 3 needed, 1 asking more than the job pays, 1 not connected"
    );
}

#[test]
fn a_job_whose_blobs_are_missing_is_not_handed_out() {
    let mut world = World::new(3);
    world.job(|job| job.manifest = [8; 32]);
    assert_eq!(world.plan(), []);
    assert!(world.why().contains("not been uploaded"));
}

#[test]
fn the_cheapest_then_the_fastest_are_chosen() {
    let mut world = World::new(4);
    world.provider(0, |p| p.ask_price = 9);
    world.provider(1, |p| p.score = 2);
    world.provider(2, |p| p.score = 3);
    world.provider(3, |p| p.score = 1);
    world.job(|_| {});
    let [Action::Assign { providers, .. }] = &world.plan()[..] else {
        panic!()
    };
    assert_eq!(providers, &[provider(2), provider(1), provider(3)]);
}

#[test]
fn no_agent_gets_more_than_it_can_run() {
    let mut world = World::new(3);
    world.job(|job| job.shards = 5);
    let assigned = world.plan().len();
    assert_eq!(
        assigned, 2,
        "three agents with a capacity of two fill two shards of three seats"
    );
}

#[test]
fn a_job_for_another_orchestrator_is_left_alone() {
    let mut world = World::new(3);
    world.job(|job| job.orchestrator = Pubkey::new_from_array([2; 32]));
    assert_eq!(world.plan(), []);
}

#[test]
fn what_is_under_way_is_not_done_again() {
    let mut world = World::new(3);
    world.job(|_| {});
    world.busy.insert(ConflictKey::Shard(JOB, 0));
    assert_eq!(world.plan(), []);
}

#[test]
fn seated_agents_are_told_and_commitments_go_together() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|_| {});
    let told = world
        .plan()
        .iter()
        .filter(|a| matches!(a, Action::Run { .. }))
        .count();
    assert_eq!(told, 3);
    world.hand_in(0, None);
    world.hand_in(1, None);
    let early = world.plan();
    assert!(
        !early.iter().any(|a| matches!(a, Action::Commit { .. })),
        "{early:?}"
    );
    world.hand_in(2, None);
    let [Action::Commit { commitments, .. }] = &world.plan()[..] else {
        panic!()
    };
    assert_eq!(commitments.len(), 3);
}

#[test]
fn near_the_end_of_the_window_what_is_there_is_committed() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|_| {});
    world.hand_in(1, None);
    world.now += 15;
    let commits = world.plan();
    assert!(
        commits
            .iter()
            .any(|a| matches!(a, Action::Commit { commitments, .. } if commitments.len() == 1))
    );
}

#[test]
fn in_a_window_as_short_as_a_landing_nothing_waits_for_the_rest() {
    let mut world = World::new(3);
    world.job(|job| {
        job.created = 1;
        job.commit_secs = 6;
    });
    world.shard(|shard| shard.commit_by = 1_000 + 6);
    world.hand_in(1, None);
    let commits = world.plan();
    let one =
        |a: &Action| matches!(a, Action::Commit { commitments, .. } if commitments.len() == 1);
    assert!(commits.iter().any(one), "{commits:?}");
}

#[test]
fn results_are_asked_for_and_settled_with_the_reveals() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Committed as u8;
        }
    });
    for n in 0..3 {
        world.hand_in(n, None);
    }
    let asked = world.plan();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|a| matches!(a, Action::AskReveal { .. })));
    for n in 0..3 {
        world.hand_in(n, Some(9));
    }
    let [
        Action::Reveal {
            entries,
            settle: true,
            ..
        },
    ] = &world.plan()[..]
    else {
        panic!()
    };
    assert_eq!(entries.len(), 3);
}

#[test]
fn nothing_is_shown_while_somebody_may_still_commit() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..2] {
            seat.status = SeatStatus::Committed as u8;
        }
    });
    for n in 0..2 {
        world.hand_in(n, Some(9));
    }
    let actions = world.plan();
    assert!(
        actions.iter().all(|a| matches!(a, Action::Run { .. })),
        "{actions:?}"
    );
    world.now += 20;
    let actions = world.plan();
    assert!(
        matches!(&actions[..], [Action::Reveal { settle: true, .. }]),
        "{actions:?}"
    );
}

#[test]
fn a_silent_seat_is_expired_once_its_window_is_over() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.shard(|shard| shard.seats[0].status = SeatStatus::Committed as u8);
    world.hand_in(0, None);
    world.now += 20;
    let [
        Action::ExpireSeat {
            seat,
            provider: late,
            ..
        },
    ] = world.plan()[..]
    else {
        panic!()
    };
    assert_eq!((seat, late), (1, provider(1)));
}

#[test]
fn a_quorum_that_has_committed_goes_on_without_the_free_seat() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        shard.seats[0].status = SeatStatus::Committed as u8;
        shard.seats[1] = Seat::default();
        shard.seats[2].status = SeatStatus::Committed as u8;
    });
    world.now += 20;
    let actions = world.plan();
    let asks = |action: &Action| matches!(action, Action::AskReveal { .. });
    assert!(
        actions.len() == 2 && actions.iter().all(asks),
        "{actions:?}"
    );
}

#[test]
fn a_freed_seat_goes_to_somebody_who_has_not_failed_there() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world
        .submissions
        .failed
        .entry((JOB, 0))
        .or_default()
        .insert(provider(1), "late".into());
    world.shard(|shard| shard.seats[1] = Seat::default());
    let actions = world.plan();
    let assign = actions
        .iter()
        .find(|a| matches!(a, Action::Assign { .. }))
        .unwrap();
    let Action::Assign { providers, .. } = assign else {
        panic!()
    };
    assert_eq!(providers, &[provider(3)]);
}

#[test]
fn a_job_past_its_deadline_expires_and_a_finished_one_closes_when_it_may() {
    let mut world = World::new(0);
    world.job(|_| {});
    world.now = 2_000;
    assert_eq!(world.plan(), [Action::ExpireJob { job: JOB }]);
    world.job(|job| {
        job.state = JobState::Expired as u8;
        job.failed = 1;
    });
    assert_eq!(world.plan(), []);
    world.closable.insert(JOB);
    assert!(matches!(&world.plan()[..], [Action::CloseJob { shards, .. }] if shards.is_empty()));
}

#[test]
fn a_result_is_filed_before_its_seats_are_released() {
    let mut world = World::new(3);
    world.job(|job| {
        job.created = 1;
        job.settled = 1;
    });
    world.closable.insert(JOB);
    world.hand_in(0, Some(1));
    world.hand_in(1, Some(2));
    world.shard(|shard| {
        shard.state = ShardState::Settled as u8;
        shard.winner = 0;
        shard.seats[0].digest = [1; 32];
        shard.seats[0].status = SeatStatus::Agreed as u8;
        shard.seats[1].status = SeatStatus::Disagreed as u8;
    });
    let actions = world.plan();
    let [
        Action::File {
            job,
            shard,
            outcome,
        },
    ] = &actions[..]
    else {
        panic!("{actions:?}");
    };
    assert_eq!((*job, *shard, outcome.root), (JOB, 0, [1; 32]));
    world.submissions.settled.insert((JOB, 0), outcome.clone());
    world.closable.clear();
    let mut released: Vec<_> = world
        .plan()
        .into_iter()
        .map(|action| match action {
            Action::Release { seat, outcome } => (seat.provider, outcome),
            other => panic!("{other:?}"),
        })
        .collect();
    released.sort();
    assert_eq!(released[0], (provider(0), "paid".to_owned()));
    assert!(released[1].1.starts_with("slashed"));
}
