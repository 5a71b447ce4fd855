//! Nothing irreversible happens because of a block that may still be dropped.

use super::super::*;
use super::world::*;
use crate::submissions::model::SettledResult;
use millrace_client::cache::accounts::AccountCache;
use millrace_client::program::state::{SeatStatus, ShardState};

/// A job whose only shard has settled, according to confirmed blocks, in favour of the first provider.
fn settled() -> World {
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
    world
}

/// The same job according to finalized blocks of another fork: the shard has not settled.
fn unsettled() -> AccountCache {
    let mut world = World::new(3);
    world.job(|job| job.created = 1);
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Revealed as u8;
        }
    });
    world.cache
}

/// Planned results to persist, releases and closings.
fn irreversible(world: &World) -> (usize, usize, usize) {
    let plan = world.plan();
    let writes = |is: fn(&StoreWrite) -> bool| plan.writes.iter().filter(|one| is(one)).count();
    let closings = plan.chain.iter();
    let closings = closings.filter(|one| matches!(one, ChainAction::CloseJob { .. }));
    (
        writes(|one| matches!(one, StoreWrite::Result { .. })),
        writes(|one| matches!(one, StoreWrite::Release { .. })),
        closings.count(),
    )
}

#[test]
fn confirmed_end_waits_for_finalized_accounts() {
    let mut world = settled();
    world.finalized = Some(AccountCache::default());
    assert_eq!(irreversible(&world), (0, 0, 0));
    assert!(accounts_needing_finality(&world.snapshot()).contains(&JOB));
    world.finalized = None;
    assert_eq!(
        irreversible(&world),
        (1, 0, 0),
        "the result is persisted first"
    );
}

#[test]
fn nothing_irreversible_happens_if_another_fork_wins() {
    let mut world = settled();
    world.finalized = Some(unsettled());
    assert_eq!(irreversible(&world), (0, 0, 0));
    // A result that an earlier run has persisted changes nothing.
    let result = SettledResult {
        root: [1; 32],
        output: [1; 32],
        exit: 0,
        fuel: 0,
        reason: String::new(),
    };
    world.submissions.settled.insert((JOB, 0), result);
    assert_eq!(irreversible(&world), (0, 0, 0));
    world.finalized = None;
    assert_eq!(irreversible(&world), (0, 2, 1));
}

#[test]
fn job_is_not_closed_before_every_shards_end_is_visible() {
    let ended = settled();
    // The job's account has been read since, the shard's has not.
    let mut world = settled();
    world.shard(|shard| {
        for seat in &mut shard.seats[..3] {
            seat.status = SeatStatus::Revealed as u8;
        }
    });
    world.submissions.by_seat.clear();
    world.finalized = Some(ended.cache);
    assert_eq!(
        irreversible(&world).2,
        0,
        "its shard appears to be revealing"
    );
    world.shard(|shard| shard.state = ShardState::Settled as u8);
    assert_eq!(irreversible(&world).2, 1);
    world.job(|job| {
        job.created = 1;
        job.settled = 1;
        job.live = 2;
    });
    assert_eq!(irreversible(&world).2, 0, "its second shard was not read");
}

#[test]
fn finalized_block_older_than_a_seat_does_not_end_it() {
    let mut world = settled();
    let mut earlier = World::new(3);
    earlier.job(|_| {});
    earlier.shard(|shard| shard.seats = Default::default());
    world.finalized = Some(earlier.cache);
    assert_eq!(irreversible(&world), (0, 0, 0));
    // A later attempt without the seat does.
    let mut later = World::new(3);
    later.job(|_| {});
    later.shard(|shard| {
        shard.seats = Default::default();
        shard.attempt = 1;
    });
    world.finalized = Some(later.cache);
    assert_eq!(irreversible(&world), (0, 2, 0));
}

#[test]
fn seats_of_a_closed_job_are_released_once_closing_is_finalized() {
    let mut world = settled();
    let shard = millrace_client::pda::shard(&JOB, 0);
    world.slot += 1;
    for closed in [JOB, shard] {
        world.cache.update(world.slot, closed, &[]);
    }
    world.closable.clear();
    world.finalized = Some(AccountCache::default());
    assert_eq!(irreversible(&world), (0, 0, 0));
    let needed = accounts_needing_finality(&world.snapshot());
    assert_eq!(needed, [JOB, shard].into());
    let mut closed = AccountCache::default();
    closed.update(1, JOB, &[]);
    world.finalized = Some(closed.clone());
    assert_eq!(irreversible(&world), (0, 0, 0), "only the job was read");
    closed.update(1, shard, &[]);
    world.finalized = Some(closed);
    assert_eq!(irreversible(&world), (0, 2, 0));
}
