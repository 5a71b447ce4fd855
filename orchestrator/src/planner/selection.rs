//! The record of a selection: whom the index put first, who was passed over and why, so that anyone can
//! recompute it (`millrace job audit`).

use super::matcher::{CandidateList, Matcher, SeatDemand, Vacancy};
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_client::selection::finished_seats;
use millrace_protocol::selection::{
    CandidateRecord, Ineligible, Rank, RingPosition, SelectionRecord, provider_position, rank,
    shard_position,
};

/// Candidates that a record lists besides those that were chosen.
const MOST_LISTED: usize = 64;
/// Where more providers than these are registered, only those that could take a seat are listed.
const MOST_WHOLE: usize = 1_000;

/// A provider that can take no seat now, whatever the job.
pub struct Unavailable<'a> {
    key: Pubkey,
    provider: &'a Provider,
    place: RingPosition,
    ineligible: Ineligible,
}

impl<'a> Matcher<'a> {
    /// Those that can take no seat now; `None` where they are too many to be listed.
    fn unavailable(&self) -> Option<&[Unavailable<'a>]> {
        let providers = self.snapshot.cache.providers();
        if providers.len() > MOST_WHOLE {
            return None;
        }
        Some(self.unavailable.get_or_init(|| {
            let unavailable = providers.iter().filter_map(|(key, provider)| {
                let ineligible = self.unavailable_by(key, provider)?;
                Some(Unavailable {
                    key: *key,
                    provider,
                    place: provider_position(key.as_array(), finished_seats(provider)),
                    ineligible,
                })
            });
            unavailable.collect()
        }))
    }

    /// What is kept of a selection. `chosen` are members of the list, in their order.
    pub(super) fn record(
        &self,
        list: &CandidateList,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        seated: &[Pubkey],
        chosen: &[usize],
        demand: SeatDemand,
    ) -> SelectionRecord {
        let point = shard_position(address.as_array(), vacancy.shard, vacancy.attempt);
        let walked = chosen
            .last()
            .map_or(0, |last| self.order(list, *last, point) + 1);
        let mut ranked = Vec::new();
        for at in self.in_order(list, point).take(walked.min(MOST_LISTED)) {
            let ineligible = match chosen.contains(&at) {
                true => None,
                false => {
                    let candidate = &self.candidates[list.members[at] as usize];
                    let found = self.obstacle_of(candidate, (address, job), vacancy, seated);
                    Some(found.unwrap_or(Ineligible::NotAdmitted))
                }
            };
            ranked.push(self.candidate(list, at, point, ineligible));
        }
        for at in chosen {
            if self.order(list, *at, point) >= MOST_LISTED {
                ranked.push(self.candidate(list, *at, point, None));
            }
        }
        let mut unlisted = walked - ranked.len();
        if let Some(last) = ranked.last().map(|(rank, _)| *rank) {
            let others = self.unavailable().unwrap_or_default().iter().map(|other| {
                let rank = rank_of(&other.key, other.provider, other.place, point);
                (rank, other)
            });
            let mut others: Vec<_> = others
                .filter(|(rank, other)| *rank < last && job.admits(other.provider))
                .collect();
            if others.len() > MOST_LISTED {
                others.select_nth_unstable_by_key(MOST_LISTED, |(rank, _)| *rank);
                unlisted += others.len() - MOST_LISTED;
                others.truncate(MOST_LISTED);
            }
            ranked.extend(others.into_iter().map(|(rank, other)| {
                let ineligible = Some(other.ineligible);
                (
                    rank,
                    candidate_record(&other.key, other.provider, 0, ineligible),
                )
            }));
            ranked.sort_unstable_by_key(|(rank, _)| *rank);
            let (all, mut passed_over) = (ranked.len(), 0);
            ranked.retain(|(_, candidate)| {
                passed_over += usize::from(candidate.ineligible.is_some());
                candidate.ineligible.is_none() || passed_over <= MOST_LISTED
            });
            unlisted += all - ranked.len();
        }
        SelectionRecord {
            shard: vacancy.shard,
            attempt: vacancy.attempt,
            slot: self.snapshot.slot,
            free_since: vacancy.since,
            seed: job.seed,
            sortition_start: self.sortition_start,
            min_stake: self.min_stake,
            price_cap: job.price_cap,
            seat_lock: job.seat_lock,
            free_seats: demand.max,
            candidates: ranked.into_iter().map(|(_, candidate)| candidate).collect(),
            unlisted,
            complete: self.unavailable().is_some(),
        }
    }

    /// The members of a list in the order in which a shard with this point looks at them.
    fn in_order(&self, list: &CandidateList, point: RingPosition) -> impl Iterator<Item = usize> {
        let mut from = 0;
        let ranks = std::iter::from_fn(move || {
            let end = *list.rank_ends.get(from)? as usize;
            let middle = from + self.before(list, (from, end), point);
            let rank = (middle..end).chain(from..middle);
            from = end;
            Some(rank)
        });
        ranks.flatten()
    }

    /// How many come before a member in that order.
    fn order(&self, list: &CandidateList, at: usize, point: RingPosition) -> usize {
        let end = list.rank_ends[at];
        let from = list.rank_ends.partition_point(|other| *other < end);
        let end = end as usize;
        let middle = from + self.before(list, (from, end), point);
        match at >= middle {
            true => from + at - middle,
            false => from + (end - middle) + (at - from),
        }
    }

    fn candidate(
        &self,
        list: &CandidateList,
        at: usize,
        point: RingPosition,
        ineligible: Option<Ineligible>,
    ) -> (Rank, CandidateRecord) {
        let candidate = &self.candidates[list.members[at] as usize];
        let rank = rank_of(&candidate.key, candidate.provider, candidate.place, point);
        let candidate = candidate_record(
            &candidate.key,
            candidate.provider,
            candidate.locked,
            ineligible,
        );
        (rank, candidate)
    }
}

/// The rank of a provider whose place is known: to hash it anew for each shard takes long.
fn rank_of(key: &Pubkey, provider: &Provider, place: RingPosition, point: RingPosition) -> Rank {
    let (ask_price, score) = (provider.ask_price, provider.score);
    rank(ask_price, score, place, point, key.as_array())
}

fn candidate_record(
    key: &Pubkey,
    provider: &Provider,
    promised_stake: u64,
    ineligible: Option<Ineligible>,
) -> CandidateRecord {
    CandidateRecord {
        provider: key.to_bytes().into(),
        ask_price: provider.ask_price,
        score: provider.score,
        finished_seats: finished_seats(provider),
        active_stake: provider.active,
        free_stake: provider.free_stake(),
        promised_stake,
        ineligible,
    }
}
