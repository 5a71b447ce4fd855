//! What the seats of a shard say together.

use crate::constants::MAX_SEATS;
use crate::state::{Seat, SeatStatus};

/// What is to be done with a shard now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Seats may still commit or reveal, or free seats wait to be filled.
    Wait,
    /// Pay the seats that agree with the result of seat `winner`; where `slash`, punish those that
    /// revealed another one.
    Settle {
        /// Index of a seat that holds the result of the quorum.
        winner: usize,
        /// Whether every seat that could speak has spoken.
        slash: bool,
    },
    /// Open seats up to the most replicas: nobody is judged before everyone could speak.
    Reopen,
    /// No quorum and nobody left to ask: the client is refunded, nobody is slashed.
    Fail,
}

/// What the decision depends on besides the seats.
#[derive(Clone, Copy, Debug)]
pub struct VerdictInput {
    /// Seats that must agree.
    pub quorum: u8,
    /// Seats that this round fills.
    pub target: u8,
    /// Seats the shard may have at the most, as it stands.
    pub max_replicas: u8,
    /// Results have been shown in this round, so that no seat can be filled in it any more.
    pub revealing: bool,
    /// Whoever has committed may show its result.
    pub reveals_open: bool,
    /// The commit window of this round is over.
    pub commit_window_over: bool,
    /// The reveal window of this round is over.
    pub round_over: bool,
    /// Another whole round fits before the job's deadline.
    pub another_round_fits: bool,
    /// Nobody may challenge the result any more.
    pub challenge_window_over: bool,
    /// The job's deadline is over.
    pub deadline_passed: bool,
}

/// Decides. Pure: equal inputs, equal verdict, whoever asks.
pub fn verdict(seats: &[Seat; MAX_SEATS], input: &VerdictInput) -> Verdict {
    let count = |status| seats.iter().filter(|s| s.status() == status).count();
    let (assigned, committed) = (count(SeatStatus::Assigned), count(SeatStatus::Committed));
    let revealed = count(SeatStatus::Revealed);
    let may_commit = assigned > 0 && !input.commit_window_over;
    let all_spoke = input.revealing && committed == 0 && !may_commit;
    if !all_spoke && !input.round_over {
        return Verdict::Wait;
    }
    let (winner, votes) = largest_group(seats);
    let unanimous = votes == revealed;
    let complete = revealed >= usize::from(input.max_replicas);
    let quorum = votes >= usize::from(input.quorum);
    if quorum && (unanimous || complete || !input.another_round_fits) {
        if !input.challenge_window_over {
            return Verdict::Wait;
        }
        if !is_delivered(seats, winner) {
            // The client has nothing to pay for; nobody can say whose fault that is.
            return match input.deadline_passed {
                true => Verdict::Fail,
                false => Verdict::Wait,
            };
        }
        // Where not everyone could be heard before the deadline, two cheats might be all who
        // were: the quorum is paid, and nobody is slashed.
        return Verdict::Settle {
            winner,
            slash: complete,
        };
    }
    if complete || !input.another_round_fits {
        return Verdict::Fail;
    }
    // A round in which nobody was late and that can't grow would be the same round again.
    let late = assigned > 0 || (committed > 0 && input.reveals_open);
    if input.revealing || late || input.target < input.max_replicas {
        Verdict::Reopen
    } else {
        Verdict::Wait
    }
}

/// Whether an output with the result of seat `winner` is in the hands of somebody who gives it to the
/// client: equal roots are equal bytes, whoever delivered them.
fn is_delivered(seats: &[Seat; MAX_SEATS], winner: usize) -> bool {
    let winner = &seats[winner];
    let mut agreeing = seats.iter().filter(|seat| seat.agrees_with(winner));
    agreeing.any(|seat| seat.delivered != 0)
}

/// A seat of the largest group that revealed the same result, and the group's size.
fn largest_group(seats: &[Seat; MAX_SEATS]) -> (usize, usize) {
    let mut best = (0, 0);
    for (i, seat) in seats.iter().enumerate() {
        if seat.status() == SeatStatus::Revealed {
            let votes = seats.iter().filter(|other| other.agrees_with(seat)).count();
            if votes > best.1 {
                best = (i, votes);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use SeatStatus::{Assigned, Committed, Empty, Revealed};

    const Q: VerdictInput = VerdictInput {
        quorum: 2,
        target: 3,
        max_replicas: 5,
        revealing: true,
        reveals_open: true,
        commit_window_over: false,
        round_over: false,
        another_round_fits: true,
        challenge_window_over: true,
        deadline_passed: false,
    };

    fn seats(of: &[(SeatStatus, u8)]) -> [Seat; MAX_SEATS] {
        let mut seats = [Seat::default(); MAX_SEATS];
        for (seat, (status, root)) in seats.iter_mut().zip(of) {
            seat.status = *status as u8;
            seat.digest = [*root; 32];
            seat.units = 1;
            seat.delivered = u8::from(*status == Revealed);
        }
        seats
    }

    #[test]
    fn agreement_settles_at_once() {
        let s = seats(&[(Revealed, 1), (Revealed, 1), (Revealed, 1)]);
        assert_eq!(
            verdict(&s, &Q),
            Verdict::Settle {
                winner: 0,
                slash: false
            }
        );
    }

    #[test]
    fn a_seat_that_may_still_speak_is_waited_for() {
        for status in [Assigned, Committed] {
            let s = seats(&[(Revealed, 1), (Revealed, 1), (status, 1)]);
            assert_eq!(verdict(&s, &Q), Verdict::Wait);
        }
        let filling = VerdictInput {
            revealing: false,
            ..Q
        };
        let s = seats(&[(Revealed, 1), (Revealed, 2), (Empty, 0)]);
        assert_eq!(verdict(&s, &filling), Verdict::Wait);
    }

    #[test]
    fn a_seat_that_missed_its_commit_window_is_not_waited_for() {
        let s = seats(&[(Revealed, 1), (Assigned, 0), (Revealed, 1)]);
        let q = VerdictInput {
            commit_window_over: true,
            ..Q
        };
        assert_eq!(
            verdict(&s, &q),
            Verdict::Settle {
                winner: 0,
                slash: false
            }
        );
    }

    #[test]
    fn a_quorum_settles_without_a_silent_seat_once_the_round_is_over() {
        let s = seats(&[(Revealed, 1), (Committed, 9), (Revealed, 1)]);
        let q = VerdictInput {
            round_over: true,
            ..Q
        };
        assert_eq!(
            verdict(&s, &q),
            Verdict::Settle {
                winner: 0,
                slash: false
            }
        );
    }

    #[test]
    fn a_disagreement_opens_more_seats_before_anyone_is_slashed() {
        let s = seats(&[(Revealed, 2), (Revealed, 1), (Revealed, 2)]);
        assert_eq!(verdict(&s, &Q), Verdict::Reopen);
        let full = VerdictInput {
            max_replicas: 3,
            ..Q
        };
        assert_eq!(
            verdict(&s, &full),
            Verdict::Settle {
                winner: 0,
                slash: true
            }
        );
    }

    #[test]
    fn without_time_for_another_round_the_quorum_is_paid_and_nobody_slashed() {
        let s = seats(&[(Revealed, 2), (Revealed, 1), (Revealed, 2)]);
        let q = VerdictInput {
            another_round_fits: false,
            ..Q
        };
        assert_eq!(
            verdict(&s, &q),
            Verdict::Settle {
                winner: 0,
                slash: false
            }
        );
    }

    #[test]
    fn no_quorum_among_all_seats_fails() {
        let s = seats(&[(Revealed, 1), (Revealed, 2), (Revealed, 3)]);
        let full = VerdictInput {
            max_replicas: 3,
            ..Q
        };
        assert_eq!(verdict(&s, &full), Verdict::Fail);
        let nobody = VerdictInput {
            round_over: true,
            another_round_fits: false,
            ..Q
        };
        assert_eq!(verdict(&seats(&[]), &nobody), Verdict::Fail);
    }

    #[test]
    fn a_reopened_shard_waits_for_takers_while_there_is_time() {
        let s = seats(&[(Revealed, 1), (Revealed, 2)]);
        let q = VerdictInput {
            target: 5,
            revealing: false,
            round_over: true,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Wait);
        let shown = VerdictInput {
            revealing: true,
            ..q
        };
        assert_eq!(verdict(&s, &shown), Verdict::Reopen);
        let late = seats(&[(Revealed, 1), (Revealed, 2), (Assigned, 0)]);
        assert_eq!(verdict(&late, &q), Verdict::Reopen);
    }

    #[test]
    fn equal_roots_with_other_units_do_not_agree() {
        let mut s = seats(&[(Revealed, 1), (Revealed, 1), (Revealed, 1)]);
        s[2].units = 2;
        let full = VerdictInput {
            max_replicas: 3,
            ..Q
        };
        assert_eq!(
            verdict(&s, &full),
            Verdict::Settle {
                winner: 0,
                slash: true
            }
        );
    }

    #[test]
    fn seats_that_could_show_a_result_and_did_not_make_room_for_others() {
        let s = seats(&[(Committed, 0), (Committed, 0), (Committed, 0)]);
        let q = VerdictInput {
            max_replicas: 3,
            revealing: false,
            commit_window_over: true,
            round_over: true,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Reopen);
        let unheard = VerdictInput {
            reveals_open: false,
            ..q
        };
        assert_eq!(verdict(&s, &unheard), Verdict::Wait);
    }

    #[test]
    fn an_output_that_nobody_has_is_waited_for_until_the_deadline_and_not_paid() {
        let mut s = seats(&[(Revealed, 1), (Revealed, 1), (Revealed, 2)]);
        s[0].delivered = 0;
        s[1].delivered = 0;
        let q = VerdictInput {
            max_replicas: 3,
            another_round_fits: false,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Wait);
        let over = VerdictInput {
            deadline_passed: true,
            ..q
        };
        assert_eq!(verdict(&s, &over), Verdict::Fail);
        s[1].delivered = 1;
        let paid = Verdict::Settle {
            winner: 0,
            slash: true,
        };
        assert_eq!(verdict(&s, &q), paid);
    }

    #[test]
    fn a_single_result_stands_once_its_time_to_be_challenged_is_over() {
        let s = seats(&[(Revealed, 1)]);
        let q = VerdictInput {
            quorum: 1,
            target: 1,
            max_replicas: 1,
            challenge_window_over: false,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Wait);
        let stands = VerdictInput {
            challenge_window_over: true,
            ..q
        };
        assert!(matches!(verdict(&s, &stands), Verdict::Settle { .. }));
    }

    #[test]
    fn a_round_that_nobody_finished_grows_as_far_as_it_can() {
        let ended = |target| VerdictInput {
            target,
            revealing: false,
            round_over: true,
            ..Q
        };
        let nobody = seats(&[]);
        assert_eq!(verdict(&nobody, &ended(4)), Verdict::Reopen);
        assert_eq!(verdict(&nobody, &ended(5)), Verdict::Wait);
    }
}
