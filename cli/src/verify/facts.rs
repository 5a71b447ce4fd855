//! What a job's events say, by the fields that an audit looks at.

use millrace_client::events::Event;
use millrace_client::history::RecordedEvent;
use serde_json::Value;
use std::collections::BTreeMap;

/// Seats that were given, as the chain has it. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The shard.
    pub shard: u32,
    /// Its attempt.
    pub attempt: u8,
    /// The slot.
    pub slot: u64,
    /// The block's time, unix seconds, where the cluster knows it.
    pub time: Option<i64>,
    /// Who sat down.
    pub providers: Vec<String>,
    /// Stake locked for each.
    pub locked: u64,
}

/// A whole number of an event; 0 where it has none of that name.
pub fn number(event: &Event, name: &str) -> u64 {
    event.fields.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// A text of an event; empty where it has none of that name.
pub fn text<'a>(event: &'a Event, name: &str) -> &'a str {
    let found = event.fields.get(name).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// The texts of a list.
pub fn texts(event: &Event, name: &str) -> Vec<String> {
    let list = event.fields.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The events of a name.
pub fn named<'a>(
    events: &'a [RecordedEvent],
    name: &'a str,
) -> impl Iterator<Item = &'a RecordedEvent> + 'a {
    events.iter().filter(move |one| one.event.name == name)
}

/// All seats that were given, in their order.
pub fn assignments(events: &[RecordedEvent]) -> Vec<Assigned> {
    let given = named(events, "SeatsAssigned").map(|recorded| {
        let event = &recorded.event;
        Assigned {
            shard: u32::try_from(number(event, "shard")).unwrap_or(u32::MAX),
            attempt: u8::try_from(number(event, "attempt")).unwrap_or(u8::MAX),
            slot: recorded.slot,
            time: recorded.time,
            providers: texts(event, "providers"),
            locked: number(event, "locked"),
        }
    });
    given.collect()
}

/// The result roots of paid shards, hex.
pub fn settled(events: &[RecordedEvent]) -> BTreeMap<u32, String> {
    let settled = named(events, "ShardSettled").map(|recorded| {
        let shard = u32::try_from(number(&recorded.event, "shard")).unwrap_or(u32::MAX);
        (shard, text(&recorded.event, "root").to_owned())
    });
    settled.collect()
}

/// The job's seed at a slot; 0 where it had none.
pub fn seed_at(events: &[RecordedEvent], slot: u64) -> u64 {
    let seeds = named(events, "JobSeeded").filter(|one| one.slot <= slot);
    seeds.last().map_or(0, |one| number(&one.event, "seed"))
}
