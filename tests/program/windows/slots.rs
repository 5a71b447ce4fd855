//! Boundaries on slots.

use super::cases::audited;
use super::{DONE, WindowCase, boundary};
use millrace_fixture::{Outcome, PARAMETERS, RIGHT, Setup, TestNetwork, refused};

/// Slots whose block hashes a chain keeps.
const REMEMBERED: i64 = 512;
/// Seed of the block hashes.
const BLOCKS: u64 = 3;

/// A network whose sortition admits every provider that registered before the posting, and whose draws
/// span one slot.
fn network() -> TestNetwork {
    let mut parameters = PARAMETERS;
    (parameters.sortition_start, parameters.draw_slots) = (u64::MAX - 1, 1);
    let mut network = Setup {
        parameters,
        ..Setup::default()
    }
    .build();
    network.machine.advance_slots(600, BLOCKS);
    network.warp(1);
    network
}

fn slot(network: &mut TestNetwork, at: i64) {
    let missing = at as u64 - network.machine.slot();
    network.machine.advance_slots(missing, BLOCKS);
}

/// A job, and the slot `after` slots behind its posting.
fn posted(after: i64) -> WindowCase {
    let mut network = network();
    let job = network.post_with(|_| ());
    let at = network.machine.slot() as i64 + after;
    WindowCase { network, job, at }
}

fn seed(s: &mut WindowCase) -> Outcome {
    s.network.seed_job(&s.job)
}

fn draw(s: &mut WindowCase) -> Outcome {
    s.network.draw_audit(&s.job, 0)
}

/// A commitment, and the slot after the second of the blocks that decide its audit.
fn committed() -> WindowCase {
    let mut case = posted(2);
    case.job = case.network.post_with(audited);
    slot(&mut case.network, case.at);
    seed(&mut case).unwrap();
    let WindowCase { network, job, .. } = &mut case;
    network.assign(job, 0, &[0]).unwrap();
    network.commit(job, 0, &[(0, RIGHT)]).unwrap();
    // The first block is that of the next slot, the second that of the slot after it.
    case.at = case.network.machine.slot() as i64 + 3;
    case
}

#[test]
fn seed_is_available_from_the_slot_after_its_block() {
    let early = ["SeedNotAvailable", DONE, DONE];
    boundary("take a seed", || posted(2), seed, early).check(slot);
}

#[test]
fn audit_draw_is_available_from_the_slot_after_its_blocks() {
    let early = ["TooEarly", DONE, DONE];
    boundary("draw", committed, draw, early).check(slot);
}

#[test]
fn seed_is_forgotten_with_the_block_of_the_posting() {
    for (offset, taken) in [(-1, true), (0, false), (1, false)] {
        let mut case = posted(REMEMBERED + 1);
        slot(&mut case.network, case.at + offset);
        seed(&mut case).unwrap();
        let account = case.network.job(&case.job);
        assert_eq!(account.seed != 0, taken, "{offset}");
        if !taken {
            assert_eq!(account.seed_slot, case.network.machine.slot());
        }
    }
}

#[test]
fn provider_must_register_before_the_second_of_the_posting() {
    for (offset, expected) in [
        (-1, DONE),
        (0, "RegisteredAfterPosting"),
        (1, "RegisteredAfterPosting"),
    ] {
        let mut network = network();
        let posting = network.machine.now() + 1;
        let mut job = None;
        let mut newcomer = None;
        for now in posting - 1..=posting + 1 {
            network.machine.set_time(now);
            if now == posting + offset {
                newcomer = Some(network.add_staked_provider(100_000, |_| ()));
            }
            if now == posting {
                job = Some(network.post_with(|_| ()));
            }
        }
        let (job, newcomer) = (job.unwrap(), newcomer.unwrap());
        network.machine.advance_slots(64, BLOCKS);
        network.seed_job(&job).unwrap();
        let outcome = network.assign(&job, 0, &[newcomer]);
        match expected {
            DONE => {
                outcome.unwrap();
            }
            error => refused(outcome, error),
        }
    }
}
