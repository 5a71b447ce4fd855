//! Boundaries by slots, and by what was there first.

use super::scenes::audited;
use super::{DONE, Scene, boundary};
use millrace_fixture::{Market, Outcome, PARAMETERS, RIGHT, Setup, refused};

/// Slots of which a chain remembers the blocks.
const REMEMBERED: i64 = 512;
/// Seed of the blocks.
const BLOCKS: u64 = 3;

/// Sortition that admits anyone who registered before, and a draw over a single slot.
fn market() -> Market {
    let mut parameters = PARAMETERS;
    (parameters.sortition_start, parameters.draw_slots) = (u64::MAX - 1, 1);
    let mut market = Setup {
        parameters,
        ..Setup::default()
    }
    .build();
    market.machine.pass_slots(600, BLOCKS);
    market.warp(1);
    market
}

fn slot(market: &mut Market, at: i64) {
    let missing = at as u64 - market.machine.slot();
    market.machine.pass_slots(missing, BLOCKS);
}

/// A job, and the slot `after` that of its posting.
fn posted(after: i64) -> Scene {
    let mut market = market();
    let job = market.posted(|_| ());
    let at = market.machine.slot() as i64 + after;
    Scene { market, job, at }
}

fn seed(s: &mut Scene) -> Outcome {
    s.market.seed(&s.job)
}

fn draw(s: &mut Scene) -> Outcome {
    s.market.draw(&s.job, 0)
}

/// A commitment, and the slot after the second of the blocks that decide about its audit.
fn committed() -> Scene {
    let mut scene = posted(2);
    scene.job = scene.market.posted(audited);
    slot(&mut scene.market, scene.at);
    seed(&mut scene).unwrap();
    let Scene { market, job, .. } = &mut scene;
    market.assign(job, 0, &[0]).unwrap();
    market.commit(job, 0, &[(0, RIGHT)]).unwrap();
    // The first block is that of the next slot, the second that of the slot after it.
    scene.at = scene.market.machine.slot() as i64 + 3;
    scene
}

#[test]
fn a_seed_is_taken_from_the_slot_on_that_follows_its_block() {
    let early = ["SeedNotAvailable", DONE, DONE];
    boundary("take a seed", || posted(2), seed, early).hold(slot);
}

#[test]
fn a_draw_is_made_from_the_slot_on_that_follows_its_blocks() {
    let early = ["TooEarly", DONE, DONE];
    boundary("draw", committed, draw, early).hold(slot);
}

#[test]
fn a_seed_is_forgotten_with_the_block_of_the_posting() {
    for (offset, taken) in [(-1, true), (0, false), (1, false)] {
        let mut scene = posted(REMEMBERED + 1);
        slot(&mut scene.market, scene.at + offset);
        seed(&mut scene).unwrap();
        let books = scene.market.job(&scene.job);
        assert_eq!(books.seed != 0, taken, "{offset}");
        if !taken {
            assert_eq!(books.seed_slot, scene.market.machine.slot());
        }
    }
}

#[test]
fn who_registered_before_the_second_of_the_posting_sits_and_nobody_later() {
    for (offset, expected) in [
        (-1, DONE),
        (0, "RegisteredAfterPosting"),
        (1, "RegisteredAfterPosting"),
    ] {
        let mut market = market();
        let posting = market.machine.now() + 1;
        let mut job = None;
        let mut newcomer = None;
        for now in posting - 1..=posting + 1 {
            market.machine.warp_to(now);
            if now == posting + offset {
                newcomer = Some(market.staffed(100_000, |_| ()));
            }
            if now == posting {
                job = Some(market.posted(|_| ()));
            }
        }
        let (job, newcomer) = (job.unwrap(), newcomer.unwrap());
        market.machine.pass_slots(64, BLOCKS);
        market.seed(&job).unwrap();
        let outcome = market.assign(&job, 0, &[newcomer]);
        match expected {
            DONE => {
                outcome.unwrap();
            }
            error => refused(outcome, error),
        }
    }
}
