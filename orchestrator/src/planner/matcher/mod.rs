//! Matches providers to seats. Candidates are connected providers that the program would admit, ordered by
//! price, then score; ties are broken by position on a hash ring that anyone can recompute.
//!
//! The candidates are indexed once per plan. Each shard then looks at the few that come first for it, so
//! that the cost of a plan grows with what changes and not with the number of providers.

mod candidates;
mod ring;
mod selection;

use super::availability::Availabilities;
use super::eligibility::{Rules, SeatRequest, Sortition, check, check_sortition};
use super::requirement::Requirement;
use super::snapshot::Snapshot;
use candidates::{Candidate, CandidateList, can_take_seats, candidates};
use millrace_client::Pubkey;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{Job, Network};
use millrace_protocol::selection::{SelectionRecord, shard_position};
use ring::{RingOrder, start_of_tier};
use selection::Selection;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Providers that sortition is applied to for one shard in one plan. If it admits none of them, the shard
/// waits for its threshold to grow.
const MAX_DRAWS: usize = 4_096;
/// If more providers than this are registered, records list only those that could take a seat.
const MAX_PROVIDERS_LISTED: usize = 1_000;

/// How many seats of a shard to assign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeatDemand {
    pub max: usize,
    /// If fewer providers are available, none is selected.
    pub min: usize,
}

/// The providers selected for seats of a shard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seating {
    pub providers: Vec<Pubkey>,
    /// How they were selected.
    pub selection: SelectionRecord,
}

/// The candidates of one plan, with the seats that the plan has given to them.
pub(super) struct Matcher<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: Rules<'a>,
    availabilities: Availabilities<'a>,
    candidates: Vec<Candidate<'a>>,
    lists: HashMap<Requirement, CandidateList>,
    /// Providers that can take no seat, once needed; `None` if there are too many to list.
    unavailable: OnceCell<Option<Vec<Candidate<'a>>>>,
    /// Seats that all candidates together can still take.
    room: u64,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(snapshot: &'a Snapshot<'a>, network: &Network) -> Self {
        let rules = Rules::new(snapshot, network);
        let availabilities = Availabilities::new(snapshot);
        let candidates = candidates(snapshot, &rules, &availabilities);
        Self {
            room: candidates.iter().map(|one| u64::from(one.room())).sum(),
            snapshot,
            rules,
            availabilities,
            candidates,
            lists: HashMap::new(),
            unavailable: OnceCell::new(),
        }
    }

    /// Seats that all candidates together can still take.
    pub(super) fn room(&self) -> u64 {
        self.room
    }

    /// Whether a job cannot be assigned before its seed is taken from the chain.
    pub(super) fn needs_seed(&self, job: &Job) -> bool {
        self.rules.needs_seed(job)
    }

    /// Selects providers for seats of a shard. Those selected have less room for the rest of the plan.
    pub(super) fn seat(&mut self, request: SeatRequest, demand: SeatDemand) -> Option<Seating> {
        let (job, vacancy) = (request.job, request.vacancy);
        let min = demand.min.max(1);
        let candidates = &self.candidates;
        let list = self
            .lists
            .entry(Requirement::of(job))
            .or_insert_with(|| CandidateList::new(candidates, job));
        if list.is_refused(job, min) {
            return None;
        }
        let search = Search {
            rules: &self.rules,
            candidates,
            request,
        };
        let selected = search.run(list, demand.max);
        if selected.len() < min {
            // Price and stake are the same for the next shard with these terms. Sortition, other seats
            // and failures are about this shard only.
            let is_about_terms = self.rules.sortition_start == ADMIT_ALL
                && request.seated.is_empty()
                && !self.rules.failures.affects(&request.address, vacancy.shard);
            if is_about_terms {
                list.refuse(job, min);
            }
            return None;
        }
        let unavailable = self
            .unavailable
            .get_or_init(|| unavailable(self.snapshot, &self.rules, &self.availabilities));
        let selection = Selection {
            rules: &self.rules,
            request,
            free_seats: demand.max,
            order: RingOrder {
                candidates,
                list,
                position: search.position(),
            },
            selected: &selected,
            unavailable: unavailable.as_deref(),
        };
        let selection = selection.record();
        let selected: Vec<usize> = selected
            .iter()
            .map(|at| list.members[*at] as usize)
            .collect();
        Some(Seating {
            providers: self.promise(&selected, job.seat_lock),
            selection,
        })
    }

    fn promise(&mut self, selected: &[usize], seat_lock: u64) -> Vec<Pubkey> {
        self.room -= selected.len() as u64;
        let promise = |at: &usize| {
            let candidate = &mut self.candidates[*at];
            candidate.availability.promise(seat_lock);
            candidate.key
        };
        selected.iter().map(promise).collect()
    }
}

/// The providers that can take no seat; `None` if too many providers are registered.
fn unavailable<'a>(
    snapshot: &Snapshot<'a>,
    rules: &Rules,
    availabilities: &Availabilities,
) -> Option<Vec<Candidate<'a>>> {
    let providers = snapshot.cache.providers();
    if providers.len() > MAX_PROVIDERS_LISTED {
        return None;
    }
    let unavailable = providers.iter().filter_map(|(key, account)| {
        let availability = availabilities.of(key);
        let is_available = can_take_seats(rules, account, &availability);
        (!is_available).then(|| Candidate::new(*key, account, availability))
    });
    Some(unavailable.collect())
}

/// The search for providers of one shard.
struct Search<'a> {
    rules: &'a Rules<'a>,
    candidates: &'a [Candidate<'a>],
    request: SeatRequest<'a>,
}

impl Search<'_> {
    /// The shard's position on the ring.
    fn position(&self) -> u64 {
        let vacancy = self.request.vacancy;
        let address = self.request.address.as_array();
        shard_position(address, vacancy.shard, vacancy.attempt)
    }

    /// Up to `max` members of a list that may take a seat, in their order. Removes members without room
    /// from the list.
    fn run(&self, list: &mut CandidateList, max: usize) -> Vec<usize> {
        let position = self.position();
        let (mut selected, mut draws) = (Vec::with_capacity(max), 0);
        let mut from = list.first_from(0);
        while from < list.members.len() {
            let end = list.tier_ends[from] as usize;
            if self.member(list, from).account.ask_price > self.request.job.price_cap {
                break;
            }
            let start = start_of_tier(self.candidates, &list.members, (from, end), position);
            for (begin, stop) in [(start, end), (from, start)] {
                let mut at = list.first_from(begin);
                while at < stop {
                    let candidate = self.member(list, at);
                    if candidate.room() == 0 {
                        list.remove(at);
                    } else if self.is_eligible_but_for_sortition(candidate) {
                        draws += 1;
                        if self.passes_sortition(candidate) {
                            selected.push(at);
                            if selected.len() == max {
                                return selected;
                            }
                        } else if draws >= MAX_DRAWS {
                            return selected;
                        }
                    }
                    at = list.first_from(at + 1);
                }
            }
            from = list.first_from(end);
        }
        selected
    }

    fn member(&self, list: &CandidateList, at: usize) -> &Candidate<'_> {
        &self.candidates[list.members[at] as usize]
    }

    fn is_eligible_but_for_sortition(&self, candidate: &Candidate) -> bool {
        let applicant = candidate.applicant();
        check(self.rules, &self.request, &applicant, Sortition::Ignore).is_ok()
    }

    fn passes_sortition(&self, candidate: &Candidate) -> bool {
        check_sortition(self.rules, &self.request, &candidate.applicant()).is_ok()
    }
}
