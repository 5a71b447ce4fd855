//! The verdict about a shard: whether its seats are settled, and how.

use crate::constants::MAX_SEATS;
use crate::state::{Seat, SeatStatus};

/// How a shard continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Seats may still commit or reveal, free seats may be assigned, or the result can be challenged.
    Wait,
    /// Pay the seats that agree with seat `winner`; if `slash`, penalize the seats that revealed a
    /// different result.
    Settle {
        /// Index of a seat with the quorum's result.
        winner: usize,
        /// Whether the maximum replicas have revealed.
        slash: bool,
    },
    /// Start another round, up to the maximum replicas: no seat is slashed before all of them revealed.
    Reopen,
    /// End without a result. The client is refunded, and no revealed result is penalized.
    Fail,
}

/// The input of [`verdict`] in addition to the seats.
#[derive(Clone, Copy, Debug)]
pub struct VerdictInput {
    /// Number of seats that must agree.
    pub quorum: u8,
    /// Number of seats of this round.
    pub target: u8,
    /// Maximum number of seats: the job's maximum replicas, or 1 while the shard has a single seat.
    pub max_replicas: u8,
    /// Results were revealed in this round, so that no seat can be assigned in it.
    pub revealing: bool,
    /// Seats that have committed may reveal.
    pub reveals_open: bool,
    pub commit_window_over: bool,
    /// The reveal window is over.
    pub round_over: bool,
    /// Another round would end by the job's deadline.
    pub another_round_fits: bool,
    /// The result can no longer be challenged.
    pub challenge_window_over: bool,
    pub deadline_passed: bool,
}

/// The verdict depends on nothing but its arguments. docs/protocol.md has it as a table.
pub fn verdict(seats: &[Seat; MAX_SEATS], input: &VerdictInput) -> Verdict {
    let count = |status| seats.iter().filter(|s| s.status() == status).count();
    let (assigned, committed) = (count(SeatStatus::Assigned), count(SeatStatus::Committed));
    let revealed = count(SeatStatus::Revealed);
    let may_commit = assigned > 0 && !input.commit_window_over;
    let all_revealed = input.revealing && committed == 0 && !may_commit;
    if !all_revealed && !input.round_over {
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
            // The client does not pay for an output that no one delivered, and the chain has no evidence of who
            // withheld it.
            return if input.deadline_passed {
                Verdict::Fail
            } else {
                Verdict::Wait
            };
        }
        // If not all replicas could reveal before the deadline, the quorum may consist of cheaters: it is
        // paid, but the other results are not penalized.
        return Verdict::Settle {
            winner,
            slash: complete,
        };
    }
    if complete || !input.another_round_fits {
        return Verdict::Fail;
    }
    // Without late seats and without room for more, the next round would repeat this one.
    let late = assigned > 0 || (committed > 0 && input.reveals_open);
    if input.revealing || late || input.target < input.max_replicas {
        Verdict::Reopen
    } else {
        Verdict::Wait
    }
}

/// Whether an output with the winning result was delivered. Equal roots mean equal bytes, so the output of
/// any agreeing seat counts.
fn is_delivered(seats: &[Seat; MAX_SEATS], winner: usize) -> bool {
    let winner = &seats[winner];
    let mut agreeing = seats.iter().filter(|seat| seat.agrees_with(winner));
    agreeing.any(|seat| seat.delivered != 0)
}

/// The index of a seat in the largest group that revealed the same result, and the size of the group.
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
    fn a_unanimous_quorum_settles_at_once() {
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
    fn a_seat_that_may_still_commit_or_reveal_is_waited_for() {
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
    fn a_disagreement_opens_more_seats_before_any_is_slashed() {
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
    fn without_time_for_another_round_the_quorum_is_paid_and_no_seat_is_slashed() {
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
        let unassigned = VerdictInput {
            round_over: true,
            another_round_fits: false,
            ..Q
        };
        assert_eq!(verdict(&seats(&[]), &unassigned), Verdict::Fail);
    }

    #[test]
    fn a_reopened_shard_waits_for_providers_while_there_is_time() {
        let s = seats(&[(Revealed, 1), (Revealed, 2)]);
        let q = VerdictInput {
            target: 5,
            revealing: false,
            round_over: true,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Wait);
        let revealing = VerdictInput {
            revealing: true,
            ..q
        };
        assert_eq!(verdict(&s, &revealing), Verdict::Reopen);
        let late = seats(&[(Revealed, 1), (Revealed, 2), (Assigned, 0)]);
        assert_eq!(verdict(&late, &q), Verdict::Reopen);
    }

    #[test]
    fn equal_roots_with_different_units_do_not_agree() {
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
    fn committed_seats_that_do_not_reveal_are_replaced_if_they_could() {
        let s = seats(&[(Committed, 0), (Committed, 0), (Committed, 0)]);
        let q = VerdictInput {
            max_replicas: 3,
            revealing: false,
            commit_window_over: true,
            round_over: true,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Reopen);
        let unopened = VerdictInput {
            reveals_open: false,
            ..q
        };
        assert_eq!(verdict(&s, &unopened), Verdict::Wait);
    }

    #[test]
    fn an_undelivered_output_is_waited_for_until_the_deadline_and_not_paid() {
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
    fn a_single_result_settles_once_its_challenge_window_is_over() {
        let s = seats(&[(Revealed, 1)]);
        let q = VerdictInput {
            quorum: 1,
            target: 1,
            max_replicas: 1,
            challenge_window_over: false,
            ..Q
        };
        assert_eq!(verdict(&s, &q), Verdict::Wait);
        let unchallenged = VerdictInput {
            challenge_window_over: true,
            ..q
        };
        assert!(matches!(verdict(&s, &unchallenged), Verdict::Settle { .. }));
    }

    #[test]
    fn a_round_without_results_is_reopened_only_if_it_can_grow() {
        let ended = |target| VerdictInput {
            target,
            revealing: false,
            round_over: true,
            ..Q
        };
        let empty = seats(&[]);
        assert_eq!(verdict(&empty, &ended(4)), Verdict::Reopen);
        assert_eq!(verdict(&empty, &ended(5)), Verdict::Wait);
    }
}
