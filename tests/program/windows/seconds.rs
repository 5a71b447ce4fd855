//! Boundaries on the clock.

use super::cases::{self, ALL, audited, challengeable};
use super::{Boundary, DONE, WindowCase, boundary};
use millrace_client::instructions;
use millrace_fixture::{Outcome, TestNetwork};
use millrace_program::PostJobArgs;
use millrace_program::state::{JobState, ShardState};
use solana_sdk::signer::Signer;

const TOO_LATE: [&str; 3] = [DONE, "TooLate", "TooLate"];
const TOO_EARLY: [&str; 3] = ["TooEarly", DONE, DONE];
const NOT_DUE: [&str; 3] = ["ShardNotDue", DONE, DONE];
/// The outcomes around the last instant at which the action fits.
const LAST: [&str; 3] = [DONE, DONE, "TooLate"];
const LAST_POSTING: [&str; 3] = [DONE, DONE, "DeadlineOutOfBounds"];
const FIRST_POSTING: [&str; 3] = ["DeadlineOutOfBounds", DONE, DONE];
const ALWAYS: [&str; 3] = [DONE; 3];

fn commit(s: &mut WindowCase) -> Outcome {
    s.network.commit(&s.job, 0, &ALL[..1])
}
fn expire_seat(s: &mut WindowCase) -> Outcome {
    s.network.expire_seat(&s.job, 0, 0)
}
fn decline(s: &mut WindowCase) -> Outcome {
    s.network.decline(&s.job, 0, 0)
}
fn reveal(s: &mut WindowCase) -> Outcome {
    s.network.reveal(&s.job, 0, &ALL[..1])
}
fn reveal_the_last(s: &mut WindowCase) -> Outcome {
    s.network.reveal(&s.job, 0, &ALL[2..])
}
fn reveal_the_last_alone(s: &mut WindowCase) -> Outcome {
    s.network.reveal_by_anyone(&s.job, 0, &ALL[2..])
}
fn settle(s: &mut WindowCase) -> Outcome {
    s.network.settle(&s.job, 0)
}
fn assign_the_third(s: &mut WindowCase) -> Outcome {
    s.network.assign(&s.job, 0, &[2])
}
fn assign_the_fourth(s: &mut WindowCase) -> Outcome {
    s.network.assign(&s.job, 0, &[3])
}
fn challenge(s: &mut WindowCase) -> Outcome {
    let challenger = s.network.owner.insecure_clone();
    s.network.challenge(&s.job, 0, &challenger)
}
fn draw(s: &mut WindowCase) -> Outcome {
    s.network.draw_audit(&s.job, 0)
}
fn expire_job(s: &mut WindowCase) -> Outcome {
    s.network.expire_job(&s.job)
}
fn cancel(s: &mut WindowCase) -> Outcome {
    s.network.cancel(&s.job)
}
fn acknowledge(s: &mut WindowCase) -> Outcome {
    s.network.acknowledge(&s.job, 0, 0)
}
fn withdraw(s: &mut WindowCase) -> Outcome {
    s.network.withdraw_stake(0)
}
fn withdraw_bond(s: &mut WindowCase) -> Outcome {
    let (key, payer) = (
        s.network.orchestrator.pubkey(),
        s.network.authority.pubkey(),
    );
    let withdraw = instructions::withdraw_bond(&key, payer, s.network.mints);
    s.network.machine.send(&[withdraw], &[])
}
fn close_epoch(s: &mut WindowCase) -> Outcome {
    s.network.close_epoch(0)
}
fn post_with(s: &mut WindowCase, change: fn(&mut PostJobArgs)) -> Outcome {
    let mut terms = s.network.terms();
    change(&mut terms);
    terms.deadline = cases::posting_deadline(&s.network);
    s.network.post(terms)
}
fn post(s: &mut WindowCase) -> Outcome {
    post_with(s, |_| ())
}
fn post_audited(s: &mut WindowCase) -> Outcome {
    post_with(s, audited)
}
fn post_challengeable(s: &mut WindowCase) -> Outcome {
    post_with(s, challengeable)
}

const BOUNDARIES: [Boundary; 31] = [
    boundary("commit", cases::commits_end, commit, TOO_LATE),
    boundary("expire a seat", cases::commits_end, expire_seat, TOO_EARLY),
    boundary(
        "reveal while others may commit",
        cases::commits_end_with_a_quorum,
        reveal,
        ["RevealsNotOpen", DONE, DONE],
    ),
    boundary(
        "fill a seat beside a late one",
        cases::commits_end_beside_a_free_seat,
        assign_the_third,
        [DONE, "LateSeatsNotExpired", "LateSeatsNotExpired"],
    ),
    boundary("decline", cases::accept_window_ends, decline, TOO_LATE),
    boundary("reveal", cases::reveals_end, reveal_the_last, TOO_LATE),
    boundary(
        "reveal by anyone",
        cases::reveals_end,
        reveal_the_last_alone,
        TOO_LATE,
    ),
    boundary(
        "settle with a silent seat",
        cases::reveals_end,
        settle,
        NOT_DUE,
    ),
    boundary("settle an idle round", cases::round_ends, settle, NOT_DUE),
    boundary(
        "reveal an unaudited result",
        cases::unaudited_reveals_end,
        reveal,
        TOO_LATE,
    ),
    boundary(
        "settle a silent unaudited seat",
        cases::unaudited_reveals_end,
        settle,
        NOT_DUE,
    ),
    boundary("challenge", cases::challenge_ends, challenge, TOO_LATE),
    boundary(
        "settle an unchallenged result",
        cases::challenge_ends,
        settle,
        NOT_DUE,
    ),
    boundary("assign a seat", cases::last_round, assign_the_third, LAST),
    boundary(
        "assign a seat of an audited job",
        cases::last_audit,
        assign_the_third,
        LAST,
    ),
    boundary(
        "assign a seat of a challengeable job",
        cases::last_challenge,
        assign_the_third,
        LAST,
    ),
    boundary("draw", cases::last_draw, draw, LAST),
    boundary("fail without a draw", cases::no_draw_fits, settle, NOT_DUE),
    boundary(
        "fail without a challenge round",
        cases::no_challenge_round_fits,
        settle,
        NOT_DUE,
    ),
    boundary(
        "fail without further seats",
        cases::no_further_seats_fit,
        settle,
        NOT_DUE,
    ),
    boundary(
        "take a further seat",
        cases::no_further_seats_fit,
        assign_the_fourth,
        [DONE, "TooLate", "TooLate"],
    ),
    boundary("expire a job", cases::deadline, expire_job, TOO_EARLY),
    boundary("cancel", cases::deadline, cancel, ALWAYS),
    boundary(
        "fail without an output",
        cases::deadline_of_an_undelivered_output,
        settle,
        NOT_DUE,
    ),
    boundary(
        "acknowledge",
        cases::deadline_of_an_undelivered_output,
        acknowledge,
        ALWAYS,
    ),
    boundary("post", cases::last_posting, post, LAST_POSTING),
    boundary(
        "post an audited job",
        cases::last_posting_of_an_audit,
        post_audited,
        LAST_POSTING,
    ),
    boundary(
        "post a challengeable job",
        cases::last_posting_of_a_challenge,
        post_challengeable,
        LAST_POSTING,
    ),
    boundary(
        "post with a distant deadline",
        cases::first_posting,
        post,
        FIRST_POSTING,
    ),
    boundary("withdraw stake", cases::unbonding_ends, withdraw, TOO_EARLY),
    boundary(
        "withdraw a bond",
        cases::retirement_ends,
        withdraw_bond,
        TOO_EARLY,
    ),
];

fn clock(network: &mut TestNetwork, at: i64) {
    network.machine.set_time(at);
}

#[test]
fn every_window_holds_to_the_second() {
    for boundary in BOUNDARIES {
        boundary.check(clock);
    }
}

#[test]
fn epoch_closes_from_the_second_it_ends() {
    boundary("close an epoch", cases::epoch_ends, close_epoch, TOO_EARLY).check(clock);
}

#[test]
fn settlement_counts_for_the_epoch_of_its_second() {
    for (offset, epoch) in [(-1, 0), (0, 1), (1, 1)] {
        let mut case = cases::settlement_at_an_epochs_end();
        case.network.machine.set_time(case.at + offset);
        settle(&mut case).unwrap();
        let points = case.network.provider(0).points[0];
        assert_eq!((points.amount, points.epoch), (100, epoch));
    }
}

#[test]
fn first_of_acknowledge_and_settle_wins_at_the_deadline() {
    for paid in [true, false] {
        let mut case = cases::deadline_of_an_undelivered_output();
        case.network.machine.set_time(case.at);
        if paid {
            acknowledge(&mut case).unwrap();
        }
        settle(&mut case).unwrap();
        let state = case.network.shard(&case.job, 0).state();
        let expected = if paid {
            ShardState::Settled
        } else {
            ShardState::Failed
        };
        assert_eq!(state, Some(expected));
    }
}

#[test]
fn first_of_cancel_and_expire_wins_at_the_deadline() {
    for (first, second, state) in [
        (
            cancel as fn(&mut WindowCase) -> Outcome,
            expire_job as fn(&mut WindowCase) -> Outcome,
            JobState::Cancelled,
        ),
        (expire_job, cancel, JobState::Expired),
    ] {
        let mut case = cases::deadline();
        case.network.machine.set_time(case.at);
        first(&mut case).unwrap();
        millrace_fixture::refused(second(&mut case), "WrongJobState");
        assert_eq!(case.network.job(&case.job).state(), Some(state));
        case.network.close(&case.job, &[]).unwrap();
        assert_eq!(case.network.balances(&case.job).client, 1_000_000);
    }
}
