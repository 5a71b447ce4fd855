//! Counts the reasons why providers cannot take seats of jobs. Jobs with the same terms share a result: many
//! waiting jobs have few different terms, and checking every provider for each job would take too long.

use super::availability::Availabilities;
use super::eligibility::{Applicant, Rules, SeatRequest, Sortition, check, check_sortition};
use super::requirement::Requirement;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_protocol::selection::Ineligible;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Number of providers by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IneligibleCounts([usize; Ineligible::ALL.len()]);

impl IneligibleCounts {
    pub(crate) fn add(&mut self, reason: Ineligible, providers: usize) {
        self.0[reason as usize] += providers;
    }

    /// Number of ineligible providers.
    pub(crate) fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// The reasons that apply to any provider.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ineligible, usize)> {
        let all = Ineligible::ALL.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }
}

/// Everything about a job that eligibility depends on, except for failures and sortition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct IndexedTerms {
    requirement: Requirement,
    price_cap: u64,
    seat_lock: u64,
}

/// All providers, checked for jobs with the same terms.
struct Checked<'a> {
    /// Providers that are ineligible whatever sortition decides.
    ineligible: IneligibleCounts,
    /// The others: sortition decides separately for each job.
    eligible: Vec<Applicant<'a>>,
}

/// Checks all providers, once for all jobs with the same terms.
pub(super) struct EligibilityIndex<'a> {
    providers: &'a HashMap<Pubkey, Provider>,
    availabilities: Availabilities<'a>,
    by_terms: RefCell<HashMap<IndexedTerms, Rc<Checked<'a>>>>,
}

impl<'a> EligibilityIndex<'a> {
    pub(super) fn new(
        providers: &'a HashMap<Pubkey, Provider>,
        availabilities: Availabilities<'a>,
    ) -> Self {
        Self {
            providers,
            availabilities,
            by_terms: RefCell::default(),
        }
    }

    /// Why providers cannot take a seat of any new shard of a job; `None` if `needed` of them can.
    ///
    /// Sortition counts last, unlike in [`check`]: it admits every provider in time, so another reason of
    /// the same provider says more.
    pub(super) fn blockers(
        &self,
        rules: &Rules,
        address: Pubkey,
        job: &Job,
        needed: usize,
    ) -> Option<IneligibleCounts> {
        let request = SeatRequest::any_shard(address, job);
        let checked = self.checked(rules, &request);
        let mut counts = checked.ineligible;
        let mut by_sortition = IneligibleCounts::default();
        let mut admitted = 0;
        for applicant in &checked.eligible {
            match check_sortition(rules, &request, applicant) {
                Ok(()) => admitted += 1,
                Err(reason) => by_sortition.add(reason, 1),
            }
            if admitted == needed {
                return None;
            }
        }
        for (reason, count) in by_sortition.iter() {
            counts.add(reason, count);
        }
        (admitted < needed).then_some(counts)
    }

    fn checked(&self, rules: &Rules, request: &SeatRequest) -> Rc<Checked<'a>> {
        // Jobs with excluded providers cannot share a result.
        if rules.failures.affects_job(&request.address) {
            return Rc::new(self.check_all(rules, request));
        }
        let terms = IndexedTerms {
            requirement: Requirement::of(request.job),
            price_cap: request.job.price_cap,
            seat_lock: request.job.seat_lock,
        };
        let mut by_terms = self.by_terms.borrow_mut();
        let checked = by_terms
            .entry(terms)
            .or_insert_with(|| Rc::new(self.check_all(rules, request)));
        checked.clone()
    }

    fn check_all(&self, rules: &Rules, request: &SeatRequest) -> Checked<'a> {
        let mut checked = Checked {
            ineligible: IneligibleCounts::default(),
            eligible: Vec::new(),
        };
        for (key, account) in self.providers {
            let applicant = Applicant {
                key,
                account,
                availability: self.availabilities.of(key),
            };
            match check(rules, request, &applicant, Sortition::Ignore) {
                Ok(()) => checked.eligible.push(applicant),
                Err(reason) => checked.ineligible.add(reason, 1),
            }
        }
        checked
    }
}
