//! Providers that can take seats, and lists of those that meet a requirement.

use crate::planner::availability::{Availabilities, Availability};
use crate::planner::eligibility::{Applicant, Rules};
use crate::planner::snapshot::Snapshot;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_client::selection::finished_seats;
use millrace_protocol::selection::{RingPosition, provider_position};
use std::cmp::Reverse;

/// A provider that is considered for seats.
pub(super) struct Candidate<'a> {
    pub key: Pubkey,
    pub account: &'a Provider,
    pub position: RingPosition,
    /// Counts the seats that this plan has given to the provider.
    pub availability: Availability,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(key: Pubkey, account: &'a Provider, availability: Availability) -> Self {
        Self {
            key,
            account,
            position: provider_position(key.as_array(), finished_seats(account)),
            availability,
        }
    }

    /// Seats that the provider can still take in this plan.
    pub(super) fn room(&self) -> u32 {
        self.availability.room(self.account)
    }

    pub(super) fn applicant(&self) -> Applicant<'_> {
        Applicant {
            key: &self.key,
            account: self.account,
            availability: self.availability,
        }
    }
}

/// Whether a provider can take any seat at all: it has room and enough stake.
pub(super) fn can_take_seats(
    rules: &Rules,
    account: &Provider,
    availability: &Availability,
) -> bool {
    account.active >= rules.min_stake && availability.room(account) > 0
}

/// The providers that can take seats, in the order in which they are asked, except for the ring.
pub(super) fn candidates<'a>(
    snapshot: &Snapshot<'a>,
    rules: &Rules,
    availabilities: &Availabilities,
) -> Vec<Candidate<'a>> {
    let providers = snapshot.cache.providers();
    let candidate = |key: &Pubkey| {
        let account = providers.get(key)?;
        let availability = availabilities.of(key);
        can_take_seats(rules, account, &availability)
            .then(|| Candidate::new(*key, account, availability))
    };
    let mut candidates: Vec<Candidate> = snapshot.agents.keys().filter_map(candidate).collect();
    candidates.sort_unstable_by_key(|candidate| {
        let account = candidate.account;
        (
            account.ask_price,
            Reverse(account.score),
            candidate.position,
            candidate.key,
        )
    });
    candidates
}

/// The candidates that meet a requirement, in their order.
pub(super) struct CandidateList {
    /// Indices of the candidates.
    pub members: Vec<u32>,
    /// For each member, the end of its tier: the members with the same price and score.
    pub tier_ends: Vec<u32>,
    /// For each member and for the end of the list, a later member with nothing but removed ones in
    /// between, or itself: a union-find structure.
    next: Vec<u32>,
    refused: Option<RefusedTerms>,
}

/// The terms of the last job that found too few providers. A job that pays no more, locks no less and needs
/// no fewer providers finds too few as well.
#[derive(Clone, Copy)]
struct RefusedTerms {
    price_cap: u64,
    seat_lock: u64,
    needed: usize,
}

impl CandidateList {
    pub(super) fn new(candidates: &[Candidate], job: &Job) -> Self {
        let eligible = candidates.iter().enumerate();
        let eligible = eligible.filter(|(_, candidate)| job.admits(candidate.account));
        let members: Vec<u32> = eligible.map(|(at, _)| at as u32).collect();
        let tier = |at: &u32| {
            let account = candidates[*at as usize].account;
            (account.ask_price, account.score)
        };
        let mut tier_ends = Vec::with_capacity(members.len());
        for same in members.chunk_by(|a, b| tier(a) == tier(b)) {
            let end = (tier_ends.len() + same.len()) as u32;
            tier_ends.resize(tier_ends.len() + same.len(), end);
        }
        let next = (0..=members.len() as u32).collect();
        Self {
            members,
            tier_ends,
            next,
            refused: None,
        }
    }

    /// The first member from `at` on that is not removed; the length of the list if there is none.
    pub(super) fn first_from(&mut self, mut at: usize) -> usize {
        while self.next[at] as usize != at {
            // Halves the path for the next search.
            self.next[at] = self.next[self.next[at] as usize];
            at = self.next[at] as usize;
        }
        at
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.next[at] = at as u32 + 1;
    }

    /// Whether the last refusal implies that a job finds too few providers.
    pub(super) fn is_refused(&self, job: &Job, needed: usize) -> bool {
        self.refused.is_some_and(|refused| {
            job.price_cap <= refused.price_cap
                && job.seat_lock >= refused.seat_lock
                && needed >= refused.needed
        })
    }

    pub(super) fn refuse(&mut self, job: &Job, needed: usize) {
        self.refused = Some(RefusedTerms {
            price_cap: job.price_cap,
            seat_lock: job.seat_lock,
            needed,
        });
    }
}
