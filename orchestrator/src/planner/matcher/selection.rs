//! Records how providers were selected: which candidates came first, and why others were passed over, so
//! that anyone can recompute the selection (`millrace job audit`).

use super::candidates::Candidate;
use super::ring::RingOrder;
use crate::planner::eligibility::{Rules, SeatRequest, Sortition, check};
use millrace_client::selection::finished_seats;
use millrace_protocol::selection::{CandidateRecord, Rank, RingPosition, SelectionRecord, rank};

/// Candidates in a record besides the selected ones.
const MAX_LISTED: usize = 64;

/// What a selection was made from.
pub(super) struct Selection<'a> {
    pub rules: &'a Rules<'a>,
    pub request: SeatRequest<'a>,
    /// Number of free seats.
    pub free_seats: usize,
    pub order: RingOrder<'a>,
    /// The selected members of the list, in their order.
    pub selected: &'a [usize],
    /// Providers that can take no seat at all; `None` if there are too many to list any.
    pub unavailable: Option<&'a [Candidate<'a>]>,
}

impl Selection<'_> {
    pub(super) fn record(&self) -> SelectionRecord {
        let last = self.selected.last();
        let considered = last.map_or(0, |last| self.order.rank(*last) + 1);
        let mut listed: Vec<(Rank, CandidateRecord)> = Vec::new();
        for at in self.order.iter().take(considered.min(MAX_LISTED)) {
            listed.push(self.member_record(at));
        }
        for at in self.selected {
            if self.order.rank(*at) >= MAX_LISTED {
                listed.push(self.member_record(*at));
            }
        }
        let mut unlisted = considered - listed.len();
        if let Some(last) = listed.last().map(|(rank, _)| *rank) {
            unlisted += self.add_unavailable(&mut listed, last);
            unlisted += drop_excess(&mut listed);
        }
        let (job, vacancy) = (self.request.job, self.request.vacancy);
        SelectionRecord {
            shard: vacancy.shard,
            attempt: vacancy.attempt,
            slot: self.rules.slot,
            free_since: vacancy.free_since,
            seed: job.seed,
            sortition_start: self.rules.sortition_start,
            min_stake: self.rules.min_stake,
            price_cap: job.price_cap,
            seat_lock: job.seat_lock,
            free_seats: self.free_seats,
            candidates: listed.into_iter().map(|(_, record)| record).collect(),
            unlisted,
            complete: self.unavailable.is_some(),
        }
    }

    fn member_record(&self, at: usize) -> (Rank, CandidateRecord) {
        let candidate = &self.order.candidates[self.order.list.members[at] as usize];
        let record = if self.selected.contains(&at) {
            selected_record(candidate)
        } else {
            self.passed_over_record(candidate)
        };
        (rank_of(candidate, self.order.position), record)
    }

    fn passed_over_record(&self, candidate: &Candidate) -> CandidateRecord {
        let applicant = candidate.applicant();
        let checked = check(self.rules, &self.request, &applicant, Sortition::Apply);
        CandidateRecord {
            ineligible: checked.err(),
            ..selected_record(candidate)
        }
    }

    /// Adds providers that can take no seat and rank before `last`. Returns how many were left out.
    fn add_unavailable(&self, listed: &mut Vec<(Rank, CandidateRecord)>, last: Rank) -> usize {
        let position = self.order.position;
        let unavailable = self.unavailable.unwrap_or_default().iter();
        let mut before: Vec<(Rank, &Candidate)> = unavailable
            .map(|candidate| (rank_of(candidate, position), candidate))
            .filter(|(rank, candidate)| *rank < last && self.request.job.admits(candidate.account))
            .collect();
        let left_out = before.len().saturating_sub(MAX_LISTED);
        if left_out > 0 {
            before.select_nth_unstable_by_key(MAX_LISTED, |(rank, _)| *rank);
            before.truncate(MAX_LISTED);
        }
        let records = before.into_iter();
        listed.extend(records.map(|(rank, one)| (rank, self.passed_over_record(one))));
        left_out
    }
}

/// Sorts by rank and drops candidates that were passed over beyond the maximum. Returns how many.
fn drop_excess(listed: &mut Vec<(Rank, CandidateRecord)>) -> usize {
    listed.sort_unstable_by_key(|(rank, _)| *rank);
    let (all, mut passed_over) = (listed.len(), 0);
    listed.retain(|(_, record)| {
        passed_over += usize::from(record.ineligible.is_some());
        record.ineligible.is_none() || passed_over <= MAX_LISTED
    });
    all - listed.len()
}

/// As [`CandidateRecord::rank`], without hashing the provider's position again.
fn rank_of(candidate: &Candidate, position: RingPosition) -> Rank {
    let account = candidate.account;
    rank(
        account.ask_price,
        account.score,
        candidate.position,
        position,
        candidate.key.as_array(),
    )
}

fn selected_record(candidate: &Candidate) -> CandidateRecord {
    let account = candidate.account;
    CandidateRecord {
        provider: candidate.key.to_bytes().into(),
        ask_price: account.ask_price,
        score: account.score,
        finished_seats: finished_seats(account),
        active_stake: account.active,
        free_stake: account.free_stake(),
        promised_stake: candidate.availability.promised_stake,
        ineligible: None,
    }
}
