//! The life of a shard, from its first assignment to the release of its last seat.

use super::super::*;
use super::world::*;
use millrace_client::program::state::{Seat, SeatStatus, ShardState};

#[test]
fn new_shard_gets_all_of_its_seats_at_once() {
    let mut world = World::new(3);
    world.job(|_| {});
    let [
        ChainAction::Assign {
            job,
            shard,
            providers,
            ..
        },
    ] = &world.chain()[..]
    else {
        panic!("{:?}", world.plan());
    };
    assert_eq!((*job, *shard, providers.len()), (JOB, 0, 3));
}

#[test]
fn shard_waits_with_its_reason_while_too_few_providers_are_free() {
    let mut world = World::new(3);
    world.job(|_| {});
    world.agents.remove(&provider(0));
    world.provider(1, |p| p.ask_price = 11);
    assert_eq!(world.plan(), Plan::default());
    assert_eq!(
        world.pending_reasons(),
        "1 of 3 providers free, 3 needed, 1 asking more than the job pays, 1 not connected"
    );
}

#[test]
fn job_with_missing_blobs_is_not_assigned() {
    let mut world = World::new(3);
    world.job(|job| job.manifest = [8; 32]);
    assert_eq!(world.plan(), Plan::default());
    assert!(world.pending_reasons().contains("not been uploaded"));
}

#[test]
fn cheapest_then_fastest_providers_are_selected() {
    let mut world = World::new(4);
    world.provider(0, |p| p.ask_price = 9);
    world.provider(1, |p| p.score = 2);
    world.provider(2, |p| p.score = 3);
    world.provider(3, |p| p.score = 1);
    world.job(|_| {});
    let [ChainAction::Assign { providers, .. }] = &world.chain()[..] else {
        panic!()
    };
    assert_eq!(providers, &[provider(2), provider(1), provider(3)]);
}

#[test]
fn no_agent_gets_more_than_its_capacity() {
    let mut world = World::new(3);
    world.job(|job| job.shards = 5);
    assert_eq!(
        world.chain().len(),
        2,
        "three agents with a capacity of two fill two shards of three seats"
    );
}

#[test]
fn job_for_another_orchestrator_is_ignored() {
    let mut world = World::new(3);
    world.job(|job| job.orchestrator = Pubkey::new_from_array([2; 32]));
    assert_eq!(world.plan(), Plan::default());
}

#[test]
fn action_in_flight_is_not_planned_again() {
    let mut world = World::new(3);
    world.job(|_| {});
    world.busy.insert(ConflictKey::Shard(JOB, 0));
    assert_eq!(world.plan(), Plan::default());
}

#[test]
fn assigned_agents_get_their_task_and_commitments_are_sent_together() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|_| {});
    let messages = world.plan().messages;
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(is_run), "{messages:?}");
    world.submit(0, None);
    world.submit(1, None);
    assert_eq!(world.chain(), []);
    world.submit(2, None);
    let [ChainAction::Commit { commitments, .. }] = &world.chain()[..] else {
        panic!()
    };
    assert_eq!(commitments.len(), 3);
}

#[test]
fn available_commitments_are_sent_near_the_end_of_the_window() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|_| {});
    world.submit(1, None);
    world.now += 15;
    assert_eq!(committed(&world), [1]);
}

#[test]
fn nothing_waits_in_a_window_as_short_as_a_landing() {
    let mut world = World::new(3);
    world.job(|job| {
        job.created = 1;
        job.commit_secs = 6;
    });
    world.shard(|shard| shard.commit_by = 1_000 + 6);
    world.submit(1, None);
    assert_eq!(committed(&world), [1]);
}

#[test]
fn results_are_requested_and_settled_with_their_reveal() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Committed as u8;
        }
    });
    for n in 0..3 {
        world.submit(n, None);
    }
    let plan = world.plan();
    assert_eq!((plan.messages.len(), plan.len()), (3, 3));
    assert!(plan.messages.iter().all(is_reveal), "{plan:?}");
    for n in 0..3 {
        world.submit(n, Some(9));
    }
    let [
        ChainAction::Reveal {
            entries,
            settle: true,
            ..
        },
    ] = &world.chain()[..]
    else {
        panic!()
    };
    assert_eq!(entries.len(), 3);
}

#[test]
fn outputs_are_requested_and_attested_although_others_revealed_them() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        shard.state = ShardState::Revealing as u8;
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Revealed as u8;
            seat.digest = [9; 32];
            seat.units = 1;
        }
    });
    // Even after the windows.
    world.now += 50;
    let plan = world.plan();
    assert_eq!(plan.messages.len(), 3);
    assert!(plan.messages.iter().all(is_reveal), "{plan:?}");
    world.submit(1, Some(9));
    let [ChainAction::Reveal { entries, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain())
    };
    assert_eq!(
        entries.iter().map(|entry| entry.seat).collect::<Vec<_>>(),
        [1]
    );
    // One attested output of equal results is enough.
    world.shard(|shard| shard.seats[0].delivered = 1);
    assert!(
        !world
            .chain()
            .iter()
            .any(|action| matches!(action, ChainAction::Reveal { .. }))
    );
}

#[test]
fn attestation_in_a_new_round_neither_settles_nor_keeps_seats_free() {
    let mut world = World::new(5);
    world.job(|job| {
        job.created = 1;
        (job.replicas, job.quorum, job.max_replicas) = (2, 2, 3);
    });
    world.shard(|shard| {
        // Two results of the round before differ, and the second was revealed by a stranger.
        for (at, seat) in shard.seats[..2].iter_mut().enumerate() {
            seat.status = SeatStatus::Revealed as u8;
            (seat.digest, seat.units) = ([8 + at as u8; 32], 1);
        }
        shard.seats[0].delivered = 1;
        shard.seats[2] = Seat::default();
    });
    world.submit(1, Some(9));
    let [ChainAction::Reveal { settle, .. }] = &world.chain()[..] else {
        panic!("{:?}", world.chain())
    };
    assert!(!settle);
    // Once it is attested, the free seat is filled.
    world.shard(|shard| {
        for (at, seat) in shard.seats[..2].iter_mut().enumerate() {
            seat.status = SeatStatus::Revealed as u8;
            (seat.digest, seat.units) = ([8 + at as u8; 32], 1);
            seat.delivered = 1;
        }
        shard.seats[2] = Seat::default();
    });
    let assigns = |action: &ChainAction| matches!(action, ChainAction::Assign { .. });
    assert!(world.chain().iter().any(assigns), "{:?}", world.chain());
}

#[test]
fn nothing_is_revealed_while_a_seat_may_still_commit() {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..2] {
            seat.status = SeatStatus::Committed as u8;
        }
    });
    for n in 0..2 {
        world.submit(n, Some(9));
    }
    let plan = world.plan();
    assert_eq!(plan.chain, []);
    assert!(plan.messages.iter().all(is_run), "{plan:?}");
    world.now += 20;
    let chain = world.chain();
    assert!(
        matches!(&chain[..], [ChainAction::Reveal { settle: true, .. }]),
        "{chain:?}"
    );
}

#[test]
fn silent_seat_expires_after_its_window() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.shard(|shard| shard.seats[0].status = SeatStatus::Committed as u8);
    world.submit(0, None);
    world.now += 20;
    let [
        ChainAction::ExpireSeat {
            seat,
            provider: late,
            ..
        },
    ] = world.chain()[..]
    else {
        panic!()
    };
    assert_eq!((seat, late), (1, provider(1)));
}

#[test]
fn committed_quorum_continues_without_the_free_seat() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        shard.seats[0].status = SeatStatus::Committed as u8;
        shard.seats[1] = Seat::default();
        shard.seats[2].status = SeatStatus::Committed as u8;
    });
    world.now += 20;
    let plan = world.plan();
    assert_eq!((plan.messages.len(), plan.len()), (2, 2), "{plan:?}");
    assert!(plan.messages.iter().all(is_reveal), "{plan:?}");
}

#[test]
fn freed_seat_goes_to_a_provider_that_has_not_failed_the_shard() {
    let mut world = World::new(4);
    world.job(|job| job.created = 1);
    world.fail(0, 1);
    world.shard(|shard| shard.seats[1] = Seat::default());
    let [ChainAction::Assign { providers, .. }] = &world.chain()[..] else {
        panic!()
    };
    assert_eq!(providers, &[provider(3)]);
}

#[test]
fn job_expires_after_its_deadline_and_closes_once_finished() {
    let mut world = World::new(0);
    world.job(|_| {});
    world.now = 2_000;
    assert_eq!(world.chain(), [ChainAction::ExpireJob { job: JOB }]);
    world.job(|job| {
        job.state = JobState::Expired as u8;
        job.failed = 1;
    });
    assert_eq!(world.plan(), Plan::default());
    world.closable.insert(JOB);
    let chain = world.chain();
    assert!(
        matches!(&chain[..], [ChainAction::CloseJob { shards, .. }] if shards.is_empty()),
        "{chain:?}"
    );
}

#[test]
fn result_is_persisted_before_its_seats_are_released() {
    let mut world = World::new(3);
    world.job(|job| {
        job.created = 1;
        job.settled = 1;
    });
    world.closable.insert(JOB);
    world.submit(0, Some(1));
    world.submit(1, Some(2));
    world.shard(|shard| {
        shard.state = ShardState::Settled as u8;
        shard.winner = 0;
        shard.seats[0].digest = [1; 32];
        shard.seats[0].status = SeatStatus::Agreed as u8;
        shard.seats[1].status = SeatStatus::Disagreed as u8;
    });
    let plan = world.plan();
    let [StoreWrite::Result { job, shard, result }] = &plan.writes[..] else {
        panic!("{plan:?}");
    };
    assert_eq!((*job, *shard, result.root), (JOB, 0, [1; 32]));
    assert_eq!(plan.len(), 1);
    world.submissions.settled.insert((JOB, 0), result.clone());
    world.closable.clear();
    let mut released: Vec<_> = world
        .plan()
        .writes
        .into_iter()
        .map(|write| match write {
            StoreWrite::Release { seat, ending } => (seat.provider, ending),
            other => panic!("{other:?}"),
        })
        .collect();
    released.sort();
    assert_eq!(released[0], (provider(0), "paid".to_owned()));
    assert!(released[1].1.starts_with("slashed"));
}

fn is_run(message: &AgentMessage) -> bool {
    matches!(message, AgentMessage::Run { .. })
}

fn is_reveal(message: &AgentMessage) -> bool {
    matches!(message, AgentMessage::Reveal { .. })
}

/// Number of commitments in each planned commit.
fn committed(world: &World) -> Vec<usize> {
    let commits = world.chain().into_iter().filter_map(|action| match action {
        ChainAction::Commit { commitments, .. } => Some(commitments.len()),
        _ => None,
    });
    commits.collect()
}
