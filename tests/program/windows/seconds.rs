//! Boundaries by the clock.

use super::scenes::{self, ALL, audited, challengeable};
use super::{Boundary, DONE, Scene, boundary};
use millrace_client::instructions;
use millrace_fixture::{Market, Outcome};
use millrace_program::PostJobArgs;
use millrace_program::state::{JobState, ShardState};
use solana_sdk::signer::Signer;

const TOO_LATE: [&str; 3] = [DONE, "TooLate", "TooLate"];
const TOO_EARLY: [&str; 3] = ["TooEarly", DONE, DONE];
const NOT_DUE: [&str; 3] = ["ShardNotDue", DONE, DONE];
/// For the last instant at which something fits.
const LAST: [&str; 3] = [DONE, DONE, "TooLate"];
const LAST_POSTING: [&str; 3] = [DONE, DONE, "DeadlineOutOfBounds"];
const FIRST_POSTING: [&str; 3] = ["DeadlineOutOfBounds", DONE, DONE];
const ALWAYS: [&str; 3] = [DONE; 3];

fn commit(s: &mut Scene) -> Outcome {
    s.market.commit(&s.job, 0, &ALL[..1])
}
fn expire_seat(s: &mut Scene) -> Outcome {
    s.market.expire_seat(&s.job, 0, 0)
}
fn decline(s: &mut Scene) -> Outcome {
    s.market.decline(&s.job, 0, 0)
}
fn reveal(s: &mut Scene) -> Outcome {
    s.market.reveal(&s.job, 0, &ALL[..1])
}
fn reveal_the_last(s: &mut Scene) -> Outcome {
    s.market.reveal(&s.job, 0, &ALL[2..])
}
fn show_the_last(s: &mut Scene) -> Outcome {
    s.market.show(&s.job, 0, &ALL[2..])
}
fn settle(s: &mut Scene) -> Outcome {
    s.market.settle(&s.job, 0)
}
fn assign_the_third(s: &mut Scene) -> Outcome {
    s.market.assign(&s.job, 0, &[2])
}
fn assign_the_fourth(s: &mut Scene) -> Outcome {
    s.market.assign(&s.job, 0, &[3])
}
fn challenge(s: &mut Scene) -> Outcome {
    let challenger = s.market.owner.insecure_clone();
    s.market.challenge(&s.job, 0, &challenger)
}
fn draw(s: &mut Scene) -> Outcome {
    s.market.draw(&s.job, 0)
}
fn expire_job(s: &mut Scene) -> Outcome {
    s.market.expire_job(&s.job)
}
fn cancel(s: &mut Scene) -> Outcome {
    s.market.cancel(&s.job)
}
fn acknowledge(s: &mut Scene) -> Outcome {
    s.market.acknowledge(&s.job, 0, 0)
}
fn withdraw(s: &mut Scene) -> Outcome {
    s.market.withdraw(0)
}
fn withdraw_bond(s: &mut Scene) -> Outcome {
    let (key, payer) = (s.market.orchestrator.pubkey(), s.market.authority.pubkey());
    let withdraw = instructions::withdraw_bond(&key, payer, s.market.mints);
    s.market.machine.send(&[withdraw], &[])
}
fn close_epoch(s: &mut Scene) -> Outcome {
    s.market.close_epoch(0)
}
fn post_with(s: &mut Scene, change: fn(&mut PostJobArgs)) -> Outcome {
    let mut terms = s.market.terms();
    change(&mut terms);
    terms.deadline = scenes::wanted(&s.market);
    s.market.post(terms)
}
fn post(s: &mut Scene) -> Outcome {
    post_with(s, |_| ())
}
fn post_audited(s: &mut Scene) -> Outcome {
    post_with(s, audited)
}
fn post_challengeable(s: &mut Scene) -> Outcome {
    post_with(s, challengeable)
}

const BOUNDARIES: [Boundary; 32] = [
    boundary("commit", scenes::commits_end, commit, TOO_LATE),
    boundary("expire a seat", scenes::commits_end, expire_seat, TOO_EARLY),
    boundary(
        "show while others may commit",
        scenes::commits_end_with_a_quorum,
        reveal,
        ["RevealsNotOpen", DONE, DONE],
    ),
    boundary(
        "fill a seat beside a late one",
        scenes::commits_end_beside_a_free_seat,
        assign_the_third,
        [DONE, "LateSeatsNotExpired", "LateSeatsNotExpired"],
    ),
    boundary("decline", scenes::accepting_ends, decline, TOO_LATE),
    boundary(
        "decline in a short commit window",
        scenes::accepting_ends_with_the_commits,
        decline,
        TOO_LATE,
    ),
    boundary("reveal", scenes::reveals_end, reveal_the_last, TOO_LATE),
    boundary("show", scenes::reveals_end, show_the_last, TOO_LATE),
    boundary(
        "settle with a silent seat",
        scenes::reveals_end,
        settle,
        NOT_DUE,
    ),
    boundary("settle an idle round", scenes::round_ends, settle, NOT_DUE),
    boundary(
        "reveal what was spared",
        scenes::spared_reveals_end,
        reveal,
        TOO_LATE,
    ),
    boundary(
        "settle a silent spared seat",
        scenes::spared_reveals_end,
        settle,
        NOT_DUE,
    ),
    boundary("challenge", scenes::result_stands, challenge, TOO_LATE),
    boundary("settle what stands", scenes::result_stands, settle, NOT_DUE),
    boundary("sit down", scenes::last_round, assign_the_third, LAST),
    boundary(
        "sit down for an audit",
        scenes::last_audit,
        assign_the_third,
        LAST,
    ),
    boundary(
        "sit down for a challenge",
        scenes::last_challenge,
        assign_the_third,
        LAST,
    ),
    boundary("draw", scenes::last_draw, draw, LAST),
    boundary("fail without a draw", scenes::no_draw_fits, settle, NOT_DUE),
    boundary(
        "fail without a hearing",
        scenes::no_hearing_fits,
        settle,
        NOT_DUE,
    ),
    boundary(
        "fail without further seats",
        scenes::no_further_seats_fit,
        settle,
        NOT_DUE,
    ),
    boundary(
        "take a further seat",
        scenes::no_further_seats_fit,
        assign_the_fourth,
        [DONE, "TooLate", "TooLate"],
    ),
    boundary("expire a job", scenes::deadline, expire_job, TOO_EARLY),
    boundary("cancel", scenes::deadline, cancel, ALWAYS),
    boundary(
        "fail without an output",
        scenes::deadline_of_an_output,
        settle,
        NOT_DUE,
    ),
    boundary(
        "acknowledge",
        scenes::deadline_of_an_output,
        acknowledge,
        ALWAYS,
    ),
    boundary("post", scenes::last_posting, post, LAST_POSTING),
    boundary(
        "post what is audited",
        scenes::last_posting_of_an_audit,
        post_audited,
        LAST_POSTING,
    ),
    boundary(
        "post what can be challenged",
        scenes::last_posting_of_a_challenge,
        post_challengeable,
        LAST_POSTING,
    ),
    boundary(
        "post for far away",
        scenes::first_posting,
        post,
        FIRST_POSTING,
    ),
    boundary(
        "withdraw stake",
        scenes::unbonding_ends,
        withdraw,
        TOO_EARLY,
    ),
    boundary(
        "withdraw a bond",
        scenes::retirement_ends,
        withdraw_bond,
        TOO_EARLY,
    ),
];

fn clock(market: &mut Market, at: i64) {
    market.machine.warp_to(at);
}

#[test]
fn every_window_holds_to_the_second() {
    for boundary in BOUNDARIES {
        boundary.hold(clock);
    }
}

#[test]
fn an_epoch_is_closed_from_the_second_on_in_which_it_ends() {
    boundary("close an epoch", scenes::epoch_ends, close_epoch, TOO_EARLY).hold(clock);
}

#[test]
fn a_settlement_counts_for_the_epoch_that_its_second_lies_in() {
    for (offset, epoch) in [(-1, 0), (0, 1), (1, 1)] {
        let mut scene = scenes::settlement_at_an_epochs_end();
        scene.market.machine.warp_to(scene.at + offset);
        settle(&mut scene).unwrap();
        let points = scene.market.provider(0).points[0];
        assert_eq!((points.amount, points.epoch), (100, epoch));
    }
}

#[test]
fn at_the_second_of_the_deadline_an_output_is_paid_or_let_go_by_who_is_first() {
    for paid in [true, false] {
        let mut scene = scenes::deadline_of_an_output();
        scene.market.machine.warp_to(scene.at);
        if paid {
            acknowledge(&mut scene).unwrap();
        }
        settle(&mut scene).unwrap();
        let state = scene.market.shard(&scene.job, 0).state();
        let expected = match paid {
            true => ShardState::Settled,
            false => ShardState::Failed,
        };
        assert_eq!(state, Some(expected));
    }
}

#[test]
fn at_the_second_of_the_deadline_a_job_is_cancelled_or_expired_by_who_is_first() {
    for (first, second, state) in [
        (
            cancel as fn(&mut Scene) -> Outcome,
            expire_job as fn(&mut Scene) -> Outcome,
            JobState::Cancelled,
        ),
        (expire_job, cancel, JobState::Expired),
    ] {
        let mut scene = scenes::deadline();
        scene.market.machine.warp_to(scene.at);
        first(&mut scene).unwrap();
        millrace_fixture::refused(second(&mut scene), "WrongJobState");
        assert_eq!(scene.market.job(&scene.job).state(), Some(state));
        scene.market.close(&scene.job, &[]).unwrap();
        assert_eq!(scene.market.balances(&scene.job).client, 1_000_000);
    }
}
