//! One seat, and a draw after its commitment that decides whether others look at it.

use millrace_fixture::{Answer, Market, RIGHT, Setup, WRONG, refused};
use millrace_program::PostJobArgs;
use millrace_program::math::draw::{Draw, draw};
use millrace_program::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use millrace_program::state::{Mode, Review, SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;

/// One seat; where an audit falls, two of three must agree.
fn audited(bps: u16) -> impl Fn(&mut PostJobArgs) {
    move |terms| {
        (terms.mode, terms.audit_bps) = (Mode::Audit, bps);
        (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
    }
}

/// A job whose only seat has committed, and the chain some slots later.
fn committed(bps: u16, answer: Answer, seed: u64) -> (Market, Pubkey) {
    let mut market = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    market.machine.pass_slots(600, seed);
    let job = market.posted(audited(bps));
    market.assign(&job, 0, &[0]).unwrap();
    market.commit(&job, 0, &[(0, answer)]).unwrap();
    market.machine.pass_slots(20, seed);
    (market, job)
}

#[test]
fn a_result_that_is_spared_is_paid_for_one_seat() {
    // One in 10,000: of a few seeds the first that is spared is taken, as the draw itself says.
    let (mut market, job) = committed(1, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).review(), Review::NotSelected);
    assert!(!market.machine.ledger.audits[&(job, 0)]);
    market.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.earnings, [4_000, 0, 0, 0]);
    assert_eq!(after.client, 1_000_000 - 4_100);
}

#[test]
fn a_result_that_is_spared_is_not_challenged_either() {
    let (mut market, job) = committed(1, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    market.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    let owner = market.owner.insecure_clone();
    refused(market.challenge(&job, 0, &owner), "WrongShardState");
}

#[test]
fn no_result_is_shown_before_the_draw() {
    let (mut market, job) = committed(5_000, RIGHT, 3);
    assert_eq!(market.shard(&job, 0).review(), Review::Pending);
    refused(market.reveal(&job, 0, &[(0, RIGHT)]), "RevealsNotOpen");
    refused(market.show(&job, 0, &[(0, RIGHT)]), "RevealsNotOpen");
    market.draw(&job, 0).unwrap();
    refused(market.draw(&job, 0), "NoAuditPending");
}

#[test]
fn an_honest_result_that_is_audited_is_paid_with_the_one_who_confirms_it() {
    let (mut market, job) = committed(10_000, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    let shard = market.shard(&job, 0);
    assert_eq!(
        (shard.review(), shard.target, shard.quorum),
        (Review::Audited, 2, 2)
    );
    assert!(market.machine.ledger.audits[&(job, 0)]);
    refused(market.reveal(&job, 0, &[(0, RIGHT)]), "RevealsNotOpen");
    market.answered_after(&job, 0, &[(1, RIGHT)], &[(0, RIGHT), (1, RIGHT)]);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(market.balances(&job).earnings, [4_000, 4_000, 0, 0]);
}

#[test]
fn a_cheat_that_is_audited_is_found_by_a_third_and_slashed() {
    let (mut market, job) = committed(10_000, WRONG, 3);
    market.draw(&job, 0).unwrap();
    market.answered_after(&job, 0, &[(1, RIGHT)], &[(0, WRONG), (1, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let shard = market.shard(&job, 0);
    assert_eq!(
        (shard.state(), shard.target),
        (Some(ShardState::Assigned), 3)
    );
    assert_eq!(market.balances(&job).stakes, [100_000; 4]);
    market.answered(&job, 0, &[(2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    assert_eq!(after.earnings, [0, 4_000, 4_000, 0]);
}

#[test]
fn an_honest_seat_is_not_slashed_by_one_auditor_who_lies() {
    let (mut market, job) = committed(10_000, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    market.answered_after(&job, 0, &[(1, WRONG)], &[(0, RIGHT), (1, WRONG)]);
    market.settle(&job, 0).unwrap();
    market.answered(&job, 0, &[(2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    assert_eq!(
        market.balances(&job).stakes,
        [100_000, 95_000, 100_000, 100_000]
    );
}

#[test]
fn the_draw_on_chain_is_the_one_that_anyone_computes() {
    let mut audits = 0;
    for seed in 0..24 {
        let (mut market, job) = committed(5_000, RIGHT, seed);
        let hashes = market.machine.account(&SLOT_HASHES).unwrap().data;
        let (books, shard) = (market.job(&job), market.shard(&job, 0));
        let commitment = shard.seats[0].digest;
        let hashes = SlotHashes::new(&hashes);
        let expected = draw(&hashes, shard.slot, books.draw_slots, &commitment, 5_000);
        market.draw(&job, 0).unwrap();
        let review = market.shard(&job, 0).review();
        assert_eq!(review == Review::Audited, expected == Draw::Audited);
        audits += usize::from(expected == Draw::Audited);
    }
    // Half of 24, and four standard deviations.
    assert!((2..=22).contains(&audits), "{audits}");
}

#[test]
fn a_draw_waits_for_its_blocks_and_can_not_be_waited_out() {
    let mut market = Market::open();
    market.machine.pass_slots(600, 1);
    let job = market.posted(audited(1));
    market.assign(&job, 0, &[0]).unwrap();
    refused(market.draw(&job, 0), "NoAuditPending");
    market.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(market.draw(&job, 0), "TooEarly");
    // The blocks that decide are forgotten: an audit, though only one in 10,000 is drawn.
    market.machine.pass_slots(1_000, 1);
    market.draw(&job, 0).unwrap();
    assert_eq!(market.shard(&job, 0).review(), Review::Audited);
}

#[test]
fn a_late_draw_leaves_the_whole_window_to_reveal() {
    let (mut market, job) = committed(1, RIGHT, 3);
    market.warp(500);
    market.machine.pass_slots(1, 3);
    market.draw(&job, 0).unwrap();
    market.warp(29);
    market.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    market.settle(&job, 0).unwrap();
}

#[test]
fn a_seat_that_nobody_draws_for_is_let_go_at_the_deadline_without_penalty() {
    let (mut market, job) = committed(5_000, RIGHT, 3);
    let deadline = market.job(&job).deadline;
    market.machine.warp_to(deadline - 90);
    refused(market.settle(&job, 0), "ShardNotDue");
    market.machine.warp_to(deadline - 89);
    refused(market.draw(&job, 0), "TooLate");
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.stakes, [100_000; 4]);
}

#[test]
fn a_spared_seat_that_stays_silent_is_late_and_the_next_one_is_drawn_anew() {
    let (mut market, job) = committed(1, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    market.warp(30);
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).stakes[0], 95_000);
    let shard = market.shard(&job, 0);
    assert_eq!((shard.target, shard.review()), (1, Review::None));
    market.assign(&job, 0, &[1]).unwrap();
    market.commit(&job, 0, &[(1, RIGHT)]).unwrap();
    assert_eq!(market.shard(&job, 0).review(), Review::Pending);
    market.machine.pass_slots(20, 3);
    market.draw(&job, 0).unwrap();
    market.reveal(&job, 0, &[(1, RIGHT)]).unwrap();
    market.settle(&job, 0).unwrap();
    assert_eq!(market.balances(&job).earnings, [0, 4_000, 0, 0]);
}

#[test]
fn a_cheat_that_is_audited_gains_nothing_by_staying_silent() {
    let (mut market, job) = committed(10_000, RIGHT, 3);
    market.draw(&job, 0).unwrap();
    market.assign(&job, 0, &[1]).unwrap();
    market.commit(&job, 0, &[(1, RIGHT)]).unwrap();
    market.reveal(&job, 0, &[(1, RIGHT)]).unwrap();
    market.warp(90);
    market.settle(&job, 0).unwrap();
    let after = market.balances(&job);
    assert_eq!(after.stakes, [95_000, 100_000, 100_000, 100_000]);
    let statuses = market.shard(&job, 0).seats.map(|s| s.status());
    assert_eq!(statuses[..2], [SeatStatus::Empty, SeatStatus::Revealed]);
}

#[test]
fn a_seat_is_taken_only_while_an_audit_could_still_be_decided() {
    let mut market = Market::open();
    let job = market.posted(audited(500));
    // Two rounds of 90, and a minute for the draw.
    let last = market.job(&job).deadline - 240;
    market.machine.warp_to(last + 1);
    refused(market.assign(&job, 0, &[0]), "TooLate");
    market.machine.warp_to(last);
    market.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn an_audit_needs_a_rate_and_two_who_can_agree() {
    let mut market = Market::open();
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
        let mut terms = market.terms();
        audited(500)(&mut terms);
        change(&mut terms);
        refused(market.post(terms), error);
    }
}
