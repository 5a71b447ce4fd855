//! Checks which providers were selected for seats. Pure: compares selection records with chain data.

use super::facts::{SeatAssignment, seed_at};
use bytemuck::Zeroable;
use millrace_client::Pubkey;
use millrace_client::history::RecordedEvent;
use millrace_client::program::PostJobArgs;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{Job, Network, Provider};
use millrace_client::selection::{expected_selection, finished_seats, is_self_reported, recheck};
use millrace_protocol::selection::{CandidateRecord, Ineligible, SelectionRecord};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What selection records are compared with.
pub struct AuditContext<'a> {
    /// The terms that the client signed.
    pub terms: Option<&'a PostJobArgs>,
    /// The providers that are registered now.
    pub providers: &'a [(Pubkey, Provider)],
    /// The network as it is now.
    pub network: &'a Network,
    /// The job's events.
    pub events: &'a [RecordedEvent],
}

/// Seats that were assigned together.
#[derive(Debug, Serialize)]
pub struct SeatCheck {
    pub shard: u32,
    pub attempt: u8,
    /// Slot of the assignment.
    pub slot: u64,
    /// Providers that got the seats.
    pub selected: Vec<String>,
    /// Providers that should have got them; `None` without a selection record.
    pub expected: Option<Vec<String>>,
    /// Candidates of the selection record, best first.
    pub candidates: Vec<CandidateRecord>,
    /// Number of candidates whose ineligibility only the orchestrator can know.
    pub self_reported: usize,
    pub discrepancies: Vec<String>,
    /// What could not be checked.
    pub unchecked: Vec<String>,
}

/// Recomputes the selection behind an assignment of seats.
pub fn check(
    job: &Pubkey,
    context: &AuditContext,
    assignment: &SeatAssignment,
    selections: &[SelectionRecord],
) -> SeatCheck {
    let mut check = SeatCheck {
        shard: assignment.shard,
        attempt: assignment.attempt,
        slot: assignment.slot,
        selected: assignment.providers.clone(),
        expected: None,
        candidates: Vec::new(),
        self_reported: 0,
        discrepancies: Vec::new(),
        unchecked: Vec::new(),
    };
    let Some(selection) = find_selection(assignment, selections) else {
        let text = "this orchestrator has no selection record: another orchestrator or an older version assigned the seats";
        check.unchecked.push(text.to_owned());
        return check;
    };
    let expected = expected_selection(job, selection);
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    if set(&expected) != set(&assignment.providers) {
        check
            .discrepancies
            .push(format!("{} should have been selected", expected.join(", ")));
    }
    check.expected = Some(expected);
    compare_with_chain(context, assignment, selection, &mut check);
    for candidate in &selection.candidates {
        let found = recheck(job, selection, candidate);
        if found.is_some_and(is_self_reported) {
            check.self_reported += 1;
        } else if found != candidate.ineligible {
            check.discrepancies.push(format!(
                "{} was {}, but the selection record says {}",
                candidate.provider,
                describe(found),
                describe(candidate.ineligible)
            ));
        }
    }
    if selection.unlisted > 0 {
        check.unchecked.push(format!(
            "{} better candidates are not listed in the selection record",
            selection.unlisted
        ));
    }
    if !selection.complete {
        let text = "offline and full providers are too many to be listed in the selection record";
        check.unchecked.push(text.to_owned());
    } else if selection.unlisted == 0 {
        let omitted = omitted_candidates(context, assignment, selection);
        check.unchecked.extend(omitted);
    }
    check.candidates.clone_from(&selection.candidates);
    check
}

fn describe(ineligible: Option<Ineligible>) -> &'static str {
    ineligible.map_or("eligible", |reason| reason.description())
}

/// The record of this assignment. The program skips a selected provider that cannot be seated any more, so the
/// seated ones may be fewer than the selected ones.
fn find_selection<'a>(
    assignment: &SeatAssignment,
    selections: &'a [SelectionRecord],
) -> Option<&'a SelectionRecord> {
    let matches = |selection: &&SelectionRecord| {
        let selected: Vec<String> = selection
            .chosen()
            .map(|one| one.provider.to_string())
            .collect();
        (selection.shard, selection.attempt) == (assignment.shard, assignment.attempt)
            && set(&assignment.providers).is_subset(&set(&selected))
    };
    selections
        .iter()
        .filter(matches)
        .min_by_key(|selection| selection.chosen().count())
}

fn set(keys: &[String]) -> BTreeSet<&str> {
    keys.iter().map(String::as_str).collect()
}

fn compare_with_chain(
    context: &AuditContext,
    assignment: &SeatAssignment,
    selection: &SelectionRecord,
    check: &mut SeatCheck,
) {
    let mut compare = |what: &str, recorded: u64, on_chain: u64| {
        if recorded != on_chain {
            let text = format!("the selection record has {what} {recorded}, the chain {on_chain}");
            check.discrepancies.push(text);
        }
    };
    compare(
        "a stake per seat of",
        selection.seat_lock,
        assignment.locked,
    );
    if let Some(terms) = context.terms {
        compare("a price cap of", selection.price_cap, terms.price_cap);
    }
    if selection.sortition_start != ADMIT_ALL {
        match seed_at(context.events, assignment.slot) {
            Some(seed) => compare("the seed", selection.seed, seed),
            None => check.unchecked.push(format!(
                "the seed {} of the selection record was not compared: the history does not reach back to the seeding of the job",
                selection.seed
            )),
        }
    }
    if selection.slot > assignment.slot {
        check.discrepancies.push(format!(
            "the selection record is of slot {}, after the seats were assigned",
            selection.slot
        ));
    }
    // The parameters may have changed since then; the chain does not record when.
    let parameters = [
        (
            "minimum stake",
            selection.min_stake,
            context.network.min_stake,
        ),
        (
            "sortition threshold",
            selection.sortition_start,
            context.network.sortition_start,
        ),
    ];
    for (what, then, now) in parameters {
        if then != now {
            check.unchecked.push(format!(
                "the network's {what} was {then} according to the selection record, and is {now} now"
            ));
        }
    }
    for candidate in &selection.candidates {
        let now = provider(context, candidate);
        if now.is_some_and(|now| finished_seats(now) < candidate.finished_seats) {
            check.discrepancies.push(format!(
                "{} had {} finished seats according to the selection record, more than it has now",
                candidate.provider, candidate.finished_seats
            ));
        }
    }
}

fn provider<'a>(context: &AuditContext<'a>, candidate: &CandidateRecord) -> Option<&'a Provider> {
    let mut all = context.providers.iter();
    all.find(|(key, _)| key.to_bytes() == candidate.provider.0)
        .map(|(_, provider)| provider)
}

/// Providers that the selection record does not list, although their current offer is better than that
/// of the last selected one.
fn omitted_candidates(
    context: &AuditContext,
    assignment: &SeatAssignment,
    selection: &SelectionRecord,
) -> Option<String> {
    let terms = context.terms?;
    let last = selection.chosen().last()?;
    let requirement = Job {
        supplier: terms.supplier,
        region: terms.region,
        min_score: terms.min_score,
        min_memory_mb: terms.min_memory_mb,
        min_cores: terms.min_cores,
        ..Job::zeroed()
    };
    let listed: BTreeSet<[u8; 32]> = selection
        .candidates
        .iter()
        .map(|one| one.provider.0)
        .collect();
    let omitted = context.providers.iter().filter(|(key, now)| {
        let registered = assignment.time.is_none_or(|time| now.registered_at < time);
        let better = (now.ask_price, Reverse(now.score)) < (last.ask_price, Reverse(last.score));
        let fits = requirement.admits(now) && selection.seat_lock <= now.max_seat_lock;
        registered && better && fits && !listed.contains(&key.to_bytes())
    });
    let omitted: Vec<String> = omitted.map(|(key, _)| key.to_string()).collect();
    (!omitted.is_empty()).then(|| {
        format!(
            "not in the selection record, although their current offer is better: {} (the offer changed since, or they were omitted)",
            omitted.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
