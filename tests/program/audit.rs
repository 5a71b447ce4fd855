//! Audit mode: one seat, and a draw after its commitment that decides whether other seats check it.

use millrace_fixture::{Answer, RIGHT, Setup, TestNetwork, WRONG, refused};
use millrace_program::PostJobArgs;
use millrace_program::math::draw::{Draw, draw};
use millrace_program::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use millrace_program::state::{Mode, Review, SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;

/// One seat; if it is audited, two of three must agree.
fn audited(bps: u16) -> impl Fn(&mut PostJobArgs) {
    move |terms| {
        (terms.mode, terms.audit_bps) = (Mode::Audit, bps);
        (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
    }
}

/// A job whose only seat has committed, some slots later.
fn committed(bps: u16, answer: Answer, seed: u64) -> (TestNetwork, Pubkey) {
    let mut network = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    network.machine.advance_slots(600, seed);
    let job = network.post_with(audited(bps));
    network.assign(&job, 0, &[0]).unwrap();
    network.commit(&job, 0, &[(0, answer)]).unwrap();
    network.machine.advance_slots(20, seed);
    (network, job)
}

#[test]
fn unaudited_result_is_paid_for_one_seat() {
    // The audit rate is one in 10,000; the first seed whose draw selects no audit is used.
    let (mut network, job) = committed(1, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).review(), Review::NotSelected);
    assert!(!network.machine.ledger.audits[&(job, 0)]);
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 0, 0, 0]);
    assert_eq!(after.client, 1_000_000 - 4_100);
}

#[test]
fn unaudited_result_cannot_be_challenged() {
    let (mut network, job) = committed(1, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    let owner = network.owner.insecure_clone();
    refused(network.challenge(&job, 0, &owner), "WrongShardState");
}

#[test]
fn reveal_before_the_audit_draw_is_refused() {
    let (mut network, job) = committed(5_000, RIGHT, 3);
    assert_eq!(network.shard(&job, 0).review(), Review::Pending);
    refused(network.reveal(&job, 0, &[(0, RIGHT)]), "RevealsNotOpen");
    refused(
        network.reveal_by_anyone(&job, 0, &[(0, RIGHT)]),
        "RevealsNotOpen",
    );
    network.draw_audit(&job, 0).unwrap();
    refused(network.draw_audit(&job, 0), "NoAuditPending");
}

#[test]
fn audited_honest_result_is_paid_with_its_confirmation() {
    let (mut network, job) = committed(10_000, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(
        (shard.review(), shard.target, shard.quorum),
        (Review::Audited, 2, 2)
    );
    assert!(network.machine.ledger.audits[&(job, 0)]);
    refused(network.reveal(&job, 0, &[(0, RIGHT)]), "RevealsNotOpen");
    network.run_more_seats(&job, 0, &[(1, RIGHT)], &[(0, RIGHT), (1, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000, 4_000, 0, 0]);
}

#[test]
fn audited_cheat_is_outvoted_by_a_third_seat_and_slashed() {
    let (mut network, job) = committed(10_000, WRONG, 3);
    network.draw_audit(&job, 0).unwrap();
    network.run_more_seats(&job, 0, &[(1, RIGHT)], &[(0, WRONG), (1, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(
        (shard.state(), shard.target),
        (Some(ShardState::Assigned), 3)
    );
    assert_eq!(network.balances(&job).stakes, [100_000; 4]);
    network.run_seats(&job, 0, &[(2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    assert_eq!(after.earnings, [0, 4_000, 4_000, 0]);
}

#[test]
fn honest_seat_is_not_slashed_by_one_lying_auditor() {
    let (mut network, job) = committed(10_000, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    network.run_more_seats(&job, 0, &[(1, WRONG)], &[(0, RIGHT), (1, WRONG)]);
    network.settle(&job, 0).unwrap();
    network.run_seats(&job, 0, &[(2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(
        network.balances(&job).stakes,
        [100_000, 95_000, 100_000, 100_000]
    );
}

#[test]
fn audit_draw_matches_an_independent_computation() {
    let mut audits = 0;
    for seed in 0..24 {
        let (mut network, job) = committed(5_000, RIGHT, seed);
        let hashes = network.machine.account(&SLOT_HASHES).unwrap().data;
        let (account, shard) = (network.job(&job), network.shard(&job, 0));
        let commitment = shard.seats[0].digest;
        let hashes = SlotHashes::new(&hashes);
        let expected = draw(&hashes, shard.slot, account.draw_slots, &commitment, 5_000);
        network.draw_audit(&job, 0).unwrap();
        let review = network.shard(&job, 0).review();
        assert_eq!(review == Review::Audited, expected == Draw::Audited);
        audits += usize::from(expected == Draw::Audited);
    }
    // Half of 24, within four standard deviations.
    assert!((2..=22).contains(&audits), "{audits}");
}

#[test]
fn audit_draw_waits_for_its_blocks_and_cannot_be_outwaited() {
    let mut network = TestNetwork::start();
    network.machine.advance_slots(600, 1);
    let job = network.post_with(audited(1));
    network.assign(&job, 0, &[0]).unwrap();
    refused(network.draw_audit(&job, 0), "NoAuditPending");
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(network.draw_audit(&job, 0), "TooEarly");
    // The deciding blocks are forgotten, so the shard is audited although the rate is one in 10,000.
    network.machine.advance_slots(1_000, 1);
    network.draw_audit(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).review(), Review::Audited);
}

#[test]
fn late_audit_draw_leaves_the_whole_reveal_window() {
    let (mut network, job) = committed(1, RIGHT, 3);
    network.warp(500);
    network.machine.advance_slots(1, 3);
    network.draw_audit(&job, 0).unwrap();
    network.warp(29);
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
}

#[test]
fn seat_without_an_audit_draw_is_released_at_the_deadline() {
    let (mut network, job) = committed(5_000, RIGHT, 3);
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.machine.set_time(deadline - 89);
    refused(network.draw_audit(&job, 0), "TooLate");
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.stakes, [100_000; 4]);
}

#[test]
fn silent_unaudited_seat_is_late_and_its_successor_is_drawn_again() {
    let (mut network, job) = committed(1, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    network.warp(30);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).stakes[0], 95_000);
    let shard = network.shard(&job, 0);
    assert_eq!((shard.target, shard.review()), (1, Review::None));
    network.assign(&job, 0, &[1]).unwrap();
    network.commit(&job, 0, &[(1, RIGHT)]).unwrap();
    assert_eq!(network.shard(&job, 0).review(), Review::Pending);
    network.machine.advance_slots(20, 3);
    network.draw_audit(&job, 0).unwrap();
    network.reveal(&job, 0, &[(1, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [0, 4_000, 0, 0]);
}

#[test]
fn audited_cheat_gains_nothing_by_silence() {
    let (mut network, job) = committed(10_000, RIGHT, 3);
    network.draw_audit(&job, 0).unwrap();
    network.assign(&job, 0, &[1]).unwrap();
    network.commit(&job, 0, &[(1, RIGHT)]).unwrap();
    network.reveal(&job, 0, &[(1, RIGHT)]).unwrap();
    network.warp(90);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    let statuses = network.shard(&job, 0).seats.map(|s| s.status());
    assert_eq!(statuses[..2], [SeatStatus::Empty, SeatStatus::Revealed]);
}

#[test]
fn seat_is_assigned_only_while_an_audit_can_be_decided() {
    let mut network = TestNetwork::start();
    let job = network.post_with(audited(500));
    // Two rounds of 90 seconds, and a minute for the draw.
    let last = network.job(&job).deadline - 240;
    network.machine.set_time(last + 1);
    refused(network.assign(&job, 0, &[0]), "TooLate");
    network.machine.set_time(last);
    network.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn audit_needs_a_rate_and_a_quorum_of_two() {
    let mut network = TestNetwork::start();
    type Change = fn(&mut PostJobArgs);
    let refusals: [(Change, &str); 6] = [
        (|t| t.audit_bps = 0, "AuditRateOutOfBounds"),
        (|t| t.audit_bps = 10_001, "AuditRateOutOfBounds"),
        (|t| t.quorum = 1, "QuorumOutOfBounds"),
        (|t| t.replicas = 2, "QuorumOutOfBounds"),
        (|t| t.challenge_secs = 60, "WindowOutOfBounds"),
        (|t| t.mode = Mode::Quorum, "QuorumOutOfBounds"),
    ];
    for (change, error) in refusals {
        let mut terms = network.terms();
        audited(500)(&mut terms);
        change(&mut terms);
        refused(network.post(terms), error);
    }
}
