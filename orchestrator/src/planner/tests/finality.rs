//! Nothing that can't be taken back is done on the word of a block that may lose.

use super::super::*;
use super::world::*;
use millrace_client::program::state::{SeatStatus, ShardState};

/// A job whose only shard is settled, by confirmed blocks, in favour of the first provider.
fn settled() -> World {
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
    world
}

/// The same as finalized blocks have it, where another fork wins: the shard is not settled.
fn under_way() -> AccountCache {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Revealed as u8;
        }
    });
    world.cache
}

fn kinds(world: &World) -> (usize, usize, usize) {
    let actions = world.plan();
    let count = |is: fn(&Action) -> bool| actions.iter().filter(|one| is(one)).count();
    (
        count(|one| matches!(one, Action::File { .. })),
        count(|one| matches!(one, Action::Release { .. })),
        count(|one| matches!(one, Action::CloseJob { .. })),
    )
}

#[test]
fn what_only_confirmed_blocks_say_is_asked_of_finalized_ones_and_waits() {
    let mut world = settled();
    world.finalized = Some(AccountCache::default());
    assert_eq!(kinds(&world), (0, 0, 0));
    assert!(accounts_needing_finality(&world.snapshot()).contains(&JOB));
    world.finalized = None;
    assert_eq!(kinds(&world), (1, 0, 0), "filed first");
}

#[test]
fn where_another_fork_wins_nothing_has_been_dropped_filed_or_closed() {
    let mut world = settled();
    world.finalized = Some(under_way());
    assert_eq!(kinds(&world), (0, 0, 0));
    // The result was filed in an earlier life; still nothing is let go.
    let outcome = crate::submissions::model::SettledResult {
        root: [1; 32],
        output: [1; 32],
        exit: 0,
        fuel: 0,
        reason: String::new(),
    };
    world.submissions.settled.insert((JOB, 0), outcome);
    assert_eq!(kinds(&world), (0, 0, 0));
    world.finalized = None;
    let (filed, released, closed) = kinds(&world);
    assert_eq!((filed, released), (0, 2));
    assert_eq!(closed, 1);
}

#[test]
fn a_job_is_not_closed_before_it_is_seen_how_every_shard_ended() {
    let ended = settled();
    // The job's account has been seen since, the shard's has not.
    let mut world = settled();
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Revealed as u8;
        }
    });
    world.submissions.by_seat.clear();
    world.finalized = Some(ended.cache);
    assert_eq!(kinds(&world).2, 0, "it is shown under way");
    world.shard(|shard| shard.state = ShardState::Settled as u8);
    assert_eq!(kinds(&world).2, 1);
    world.job(|job| {
        job.created = 1;
        job.settled = 1;
        job.live = 2;
    });
    assert_eq!(kinds(&world).2, 0, "another shard was not seen at all");
}

#[test]
fn a_finalized_block_from_before_the_seat_does_not_say_that_it_is_over() {
    let mut world = settled();
    let mut earlier = World::new(3);
    earlier.job(|_| {});
    earlier.shard(|shard| shard.seats = Default::default());
    world.finalized = Some(earlier.cache);
    assert_eq!(kinds(&world), (0, 0, 0));
    // A later attempt without it does.
    let mut later = World::new(3);
    later.job(|_| {});
    later.shard(|shard| {
        shard.seats = Default::default();
        shard.attempt = 1;
    });
    world.finalized = Some(later.cache);
    assert_eq!(kinds(&world), (0, 2, 0));
}

#[test]
fn seats_of_a_job_that_is_gone_are_released_once_it_is_gone_for_good() {
    let mut world = settled();
    let shard = millrace_client::pda::shard(&JOB, 0);
    world.slot += 1;
    for gone in [JOB, shard] {
        world.cache.update(world.slot, gone, &[]);
    }
    world.closable.clear();
    world.finalized = Some(AccountCache::default());
    assert_eq!(kinds(&world), (0, 0, 0));
    let wanted = accounts_needing_finality(&world.snapshot());
    assert_eq!(wanted, [JOB, shard].into());
    let mut gone = AccountCache::default();
    gone.update(1, JOB, &[]);
    world.finalized = Some(gone.clone());
    assert_eq!(kinds(&world), (0, 0, 0), "half of it was read");
    gone.update(1, shard, &[]);
    world.finalized = Some(gone);
    assert_eq!(kinds(&world), (0, 2, 0));
}
