//! How jobs, shards and seats end: by a deadline, by settlement, and what is kept of them.

use super::{ActKey, Action, Situation, seats};
use crate::desk::Outcome;
use millrace_chain::Pubkey;
use millrace_chain::instruction::Place;
use millrace_chain::program::state::{Job, JobState, Shard};
use std::collections::HashMap;

/// Shard accounts that one closing transaction takes.
const SHARDS_PER_CLOSE: usize = 8;

/// Ends a job: by its deadline, or because every shard has an end.
pub fn plan_end(
    situation: &Situation,
    (address, job): (Pubkey, &Job),
    existing: &[&Shard],
    actions: &mut Vec<Action>,
) {
    if situation.busy.contains(&ActKey::Job(address)) {
        return;
    }
    if job.state() == Some(JobState::Open) && situation.now >= job.deadline && !job.is_finished() {
        actions.push(Action::ExpireJob { job: address });
    } else if job.is_finished() && situation.closable.contains(&address) {
        let ended = existing.iter().filter(|shard| !shard.is_live());
        let pair = |shard: &&Shard| {
            let account = Place::of(address, job, shard.index).account()?;
            Some((account, shard.payer))
        };
        let shards: Vec<_> = ended.filter_map(pair).take(SHARDS_PER_CLOSE).collect();
        // Shards that are not seen yet will be: closing without them would be refused.
        if !shards.is_empty() || job.live == 0 {
            actions.push(Action::CloseJob {
                job: address,
                client: job.client,
                shards,
            });
        }
    }
}

/// Releases what was handed in for seats that are over, once the winning result is filed.
pub fn release_orphans(
    situation: &Situation,
    filings: &HashMap<(Pubkey, u32), Outcome>,
    actions: &mut Vec<Action>,
) {
    let picture = situation.picture;
    for key in situation.papers.handed_in.keys() {
        if filings.contains_key(&(key.job, key.shard)) {
            continue;
        }
        let shard = picture.shard(&key.job, key.shard);
        let sits = |shard: &Shard| {
            let mut seats = shard.seats.iter();
            seats.any(|s| s.is_live() && s.provider == key.provider && s.attempt == key.attempt)
        };
        let outcome = match shard {
            Some(shard) if shard.is_live() && sits(shard) => continue,
            Some(shard) => seats::outcome_of(shard, key),
            // The picture may not be complete yet; the job's end is what counts then.
            None if picture.jobs().contains_key(&key.job) => continue,
            None => "closed".to_owned(),
        };
        actions.push(Action::Release {
            seat: *key,
            outcome,
        });
    }
}

/// Results of settled shards that are not filed yet.
pub fn filings(situation: &Situation) -> HashMap<(Pubkey, u32), Outcome> {
    let mut filings = HashMap::new();
    for (key, paper) in &situation.papers.handed_in {
        let place = (key.job, key.shard);
        let Some(shard) = situation.picture.shard(&key.job, key.shard) else {
            continue;
        };
        let Some(opening) = &paper.opening else {
            continue;
        };
        let won = shard
            .result()
            .is_some_and(|(root, _)| *root == opening.root);
        if won && !situation.papers.outcomes.contains_key(&place) {
            filings.insert(place, Outcome::from(opening));
        }
    }
    filings
}
