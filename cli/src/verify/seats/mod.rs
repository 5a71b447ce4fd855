//! Who should have been chosen for seats, and who was. Pure: what the chain and the orchestrator say goes
//! in, what follows from it comes out.

use super::facts::{SeatAssignment, seed_at};
use bytemuck::Zeroable;
use millrace_client::Pubkey;
use millrace_client::history::RecordedEvent;
use millrace_client::program::PostJobArgs;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{Job, Network, Provider};
use millrace_client::selection::{expected_selection, finished_seats, is_self_reported, recheck};
use millrace_protocol::selection::{CandidateRecord, SelectionRecord};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What is known besides the record of a selection.
pub struct AuditContext<'a> {
    /// The terms that the client signed.
    pub terms: Option<&'a PostJobArgs>,
    /// The providers that are registered now.
    pub providers: &'a [(Pubkey, Provider)],
    /// The network as it is now.
    pub network: &'a Network,
    /// What happened to the job.
    pub events: &'a [RecordedEvent],
}

/// SeatCheck that were given together.
#[derive(Debug, Serialize)]
pub struct SeatCheck {
    /// The shard.
    pub shard: u32,
    /// Its attempt.
    pub attempt: u8,
    /// The slot in which they were given.
    pub slot: u64,
    /// Who sat down.
    pub chosen: Vec<String>,
    /// Who should have; none where no record says among whom.
    pub should: Option<Vec<String>>,
    /// Those that were looked at, the best first.
    pub candidates: Vec<CandidateRecord>,
    /// Those of them whose record rests on the orchestrator's word.
    pub by_word: usize,
    /// What is not as it should be.
    pub wrong: Vec<String>,
    /// What could not be checked.
    pub unchecked: Vec<String>,
}

/// Recomputes the selection for seats that were given.
pub fn audit(
    job: &Pubkey,
    known: &AuditContext,
    assigned: &SeatAssignment,
    selections: &[SelectionRecord],
) -> SeatCheck {
    let mut seats = SeatCheck {
        shard: assigned.shard,
        attempt: assigned.attempt,
        slot: assigned.slot,
        chosen: assigned.providers.clone(),
        should: None,
        candidates: Vec::new(),
        by_word: 0,
        wrong: Vec::new(),
        unchecked: Vec::new(),
    };
    let Some(selection) = record_of(assigned, selections) else {
        let text = "this orchestrator has no record of the selection: another one, or an older version, made it";
        seats.unchecked.push(text.to_owned());
        return seats;
    };
    let should = expected_selection(job, selection);
    let should: Vec<String> = should.iter().map(ToString::to_string).collect();
    if set(&should) != set(&assigned.providers) {
        seats
            .wrong
            .push(format!("{} should have been chosen", should.join(", ")));
    }
    seats.should = Some(should);
    compare_with_chain(known, assigned, selection, &mut seats);
    for candidate in &selection.candidates {
        let found = recheck(job, selection, candidate);
        if found.is_some_and(is_self_reported) {
            seats.by_word += 1;
        } else if found != candidate.ineligible {
            let (said, is) = (candidate.ineligible, found);
            let words = |ineligible: Option<millrace_protocol::selection::Ineligible>| {
                reason.map_or("free", |found| found.description())
            };
            seats.wrong.push(format!(
                "{} was {}, and the record says {}",
                candidate.provider,
                words(is),
                words(said)
            ));
        }
    }
    if selection.unlisted > 0 {
        seats.unchecked.push(format!(
            "{} providers that came before were not listed in the record",
            selection.unlisted
        ));
    }
    if !selection.complete {
        let text = "providers that were away or full are not in the record: there are too many";
        seats.unchecked.push(text.to_owned());
    } else if selection.unlisted == 0 {
        seats.unchecked.extend(left_out(known, assigned, selection));
    }
    seats.candidates.clone_from(&selection.candidates);
    seats
}

/// The record of this very selection.
fn record_of<'a>(
    assigned: &SeatAssignment,
    selections: &'a [SelectionRecord],
) -> Option<&'a SelectionRecord> {
    let same = |selection: &&SelectionRecord| {
        let chosen: Vec<String> = selection
            .chosen()
            .map(|one| one.provider.to_string())
            .collect();
        (selection.shard, selection.attempt) == (assigned.shard, assigned.attempt)
            && set(&chosen) == set(&assigned.providers)
    };
    selections.iter().find(same)
}

fn set(keys: &[String]) -> BTreeSet<&str> {
    keys.iter().map(String::as_str).collect()
}

/// What the record says, against what the chain says.
fn compare_with_chain(
    known: &AuditContext,
    assigned: &SeatAssignment,
    selection: &SelectionRecord,
    seats: &mut SeatCheck,
) {
    let mut differs = |what: &str, record: u64, chain: u64| {
        if record != chain {
            let text = format!("the record has {what} {record}, and the chain {chain}");
            seats.wrong.push(text);
        }
    };
    differs("a seat's stake of", selection.seat_lock, assigned.locked);
    if let Some(terms) = known.terms {
        differs("a price cap of", selection.price_cap, terms.price_cap);
    }
    if selection.sortition_start != ADMIT_ALL {
        let seed = seed_at(known.events, assigned.slot);
        differs("the seed", selection.seed, seed);
    }
    if selection.slot > assigned.slot {
        seats.wrong.push(format!(
            "the record is of slot {}, after the seats were given",
            selection.slot
        ));
    }
    // Parameters may have been changed since, and nothing tells when.
    let parameters = [
        ("least stake", selection.min_stake, known.network.min_stake),
        (
            "threshold of sortition",
            selection.sortition_start,
            known.network.sortition_start,
        ),
    ];
    for (what, then, now) in parameters {
        if then != now {
            seats.unchecked.push(format!(
                "the network's {what} was {then} by the record, and is {now} now"
            ));
        }
    }
    for candidate in &selection.candidates {
        let now = provider(known, candidate);
        if now.is_some_and(|now| finished_seats(now) < candidate.finished_seats) {
            seats.wrong.push(format!(
                "{} had {} seats behind it by the record, more than it has now",
                candidate.provider, candidate.finished_seats
            ));
        }
    }
}

fn provider<'a>(known: &AuditContext<'a>, candidate: &CandidateRecord) -> Option<&'a Provider> {
    let mut all = known.providers.iter();
    all.find(|(key, _)| key.to_bytes() == candidate.provider.0)
        .map(|(_, provider)| provider)
}

/// Providers that would come first by what they are now, and that the record does not list.
fn left_out(
    known: &AuditContext,
    assigned: &SeatAssignment,
    selection: &SelectionRecord,
) -> Option<String> {
    let terms = known.terms?;
    let last = selection.chosen().last()?;
    let asked = Job {
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
    let others = known.providers.iter().filter(|(key, now)| {
        let before = assigned.time.is_none_or(|time| now.registered_at < time);
        let better = (now.ask_price, Reverse(now.score)) < (last.ask_price, Reverse(last.score));
        before && better && asked.admits(now) && !listed.contains(&key.to_bytes())
    });
    let others: Vec<String> = others.map(|(key, _)| key.to_string()).collect();
    (!others.is_empty()).then(|| {
        format!(
            "not in the record, and better by what they offer now: {} (they changed their offer since, or were left out)",
            others.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
