//! What stands in the way of jobs, looked at once for all jobs that ask the same: ten thousand jobs that
//! wait ask few different things, and a thousand providers are many to look at for each.

use super::eligibility::{Counts, check};
use super::matcher::{Matcher, Requirement, Vacancy};
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_protocol::selection::Ineligible;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Everything about a job that decides who could sit at it, but for who failed it and whom sortition draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ask {
    requirement: Requirement,
    price_cap: u64,
    seat_lock: u64,
}

/// All providers before jobs that ask the same.
struct Survey<'a> {
    /// Those that something keeps away whichever of the jobs it is.
    kept_away: Counts,
    /// The others: sortition decides of each job anew.
    free: Vec<(&'a Pubkey, &'a Provider)>,
}

/// Looks at providers for jobs.
pub struct EligibilityIndex<'a> {
    providers: &'a HashMap<Pubkey, Provider>,
    /// Jobs that some providers are not tried at any more: each has a look of its own.
    shunned: HashSet<Pubkey>,
    made: RefCell<HashMap<Ask, Rc<Survey<'a>>>>,
}

impl<'a> EligibilityIndex<'a> {
    /// Has not looked at anybody yet.
    pub fn new(providers: &'a HashMap<Pubkey, Provider>, matcher: &Matcher) -> Self {
        Self {
            providers,
            shunned: matcher.shunned_jobs(),
            made: RefCell::default(),
        }
    }

    /// What keeps providers from a job; `None` where `needed` of them are free.
    pub fn ineligible_counts(
        &self,
        matcher: &Matcher,
        (address, job): (Pubkey, &Job),
        needed: usize,
    ) -> Option<Counts> {
        let mut counts = Counts::default();
        if self.shunned.contains(&address) {
            for candidate in self.providers {
                if let Some(found) = check(matcher, (address, job), candidate) {
                    counts.add(found, 1);
                }
            }
        } else {
            let survey = self.survey(matcher, (address, job));
            counts = survey.kept_away;
            let vacancy = Vacancy::new_shard(job, u32::MAX);
            let drawn =
                |free: &&(&Pubkey, &Provider)| matcher.is_admitted((address, job), vacancy, **free);
            let drawn = survey.free.iter().filter(drawn).take(needed).count();
            if drawn < needed {
                counts.add(Ineligible::NotAdmitted, survey.free.len() - drawn);
            }
        }
        let free = self.providers.len() - counts.sum();
        (free < needed).then_some(counts)
    }

    fn survey(&self, matcher: &Matcher, (address, job): (Pubkey, &Job)) -> Rc<Survey<'a>> {
        let ask = Ask {
            requirement: Requirement::of(job),
            price_cap: job.price_cap,
            seat_lock: job.seat_lock,
        };
        let mut made = self.made.borrow_mut();
        let look = || {
            let (mut kept_away, mut free) = (Counts::default(), Vec::new());
            for candidate in self.providers {
                match check(matcher, (address, job), candidate) {
                    None | Some(Ineligible::NotAdmitted) => free.push(candidate),
                    Some(found) => kept_away.add(found, 1),
                }
            }
            Rc::new(Survey { kept_away, free })
        };
        made.entry(ask).or_insert_with(look).clone()
    }
}
