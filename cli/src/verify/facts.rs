//! Facts about a job that an audit takes from its events.

use millrace_client::events::ProgramEvent;
use millrace_client::history::RecordedEvent;
use std::collections::BTreeMap;

/// Seats that were assigned together, as recorded on chain. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatAssignment {
    pub shard: u32,
    pub attempt: u8,
    pub slot: u64,
    /// The block's time, unix seconds, if the cluster recorded it.
    pub time: Option<i64>,
    /// Addresses of the providers, base58.
    pub providers: Vec<String>,
    /// Stake that each of the seats locks.
    pub locked: u64,
}

/// All assignments of seats, in their order.
pub fn assignments(events: &[RecordedEvent]) -> Vec<SeatAssignment> {
    let assigned = events.iter().filter_map(|recorded| match &recorded.event {
        ProgramEvent::SeatsAssigned(event) => Some(SeatAssignment {
            shard: event.shard,
            attempt: event.attempt,
            slot: recorded.slot,
            time: recorded.time,
            providers: event.providers.iter().map(ToString::to_string).collect(),
            locked: event.locked,
        }),
        _ => None,
    });
    assigned.collect()
}

/// The result roots of settled shards, hex.
pub fn settled(events: &[RecordedEvent]) -> BTreeMap<u32, String> {
    let settled = events.iter().filter_map(|recorded| match &recorded.event {
        ProgramEvent::ShardSettled(event) => Some((event.shard, hex::encode(event.root))),
        _ => None,
    });
    settled.collect()
}

/// The hash of the manifest that the client posted, hex.
pub fn manifest(events: &[RecordedEvent]) -> Option<String> {
    events.iter().find_map(|recorded| match &recorded.event {
        ProgramEvent::JobPosted(event) => Some(hex::encode(event.manifest)),
        _ => None,
    })
}

/// The job's seed at a slot; 0, as in the job's account, if it had none yet. `None` if the events do not reach back
/// to the seeding or the posting of the job.
pub fn seed_at(events: &[RecordedEvent], slot: u64) -> Option<u64> {
    let before = events.iter().rev().filter(|one| one.slot <= slot);
    let mut seeds = before.filter_map(|recorded| match &recorded.event {
        ProgramEvent::JobSeeded(event) => Some(event.seed),
        ProgramEvent::JobPosted(_) => Some(0),
        _ => None,
    });
    seeds.next()
}

/// Number of events that this build cannot decode, because a newer program or orchestrator recorded them.
pub fn unknown(events: &[RecordedEvent]) -> usize {
    events.iter().filter(|one| one.event.is_unknown()).count()
}
