//! Transactions that a network holds back, and delivers when nobody expects them any more.

use super::{Way, count, pass_on};
use axum::body::Bytes;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// How long they are held, in turns: a transaction of the embedded validator can land for 15 seconds.
const TIMES: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(18)];

/// What was decided about each transaction, by its text.
#[derive(Default)]
pub struct Held(Mutex<HashMap<String, Fate>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    Waits,
}

/// Whether a call is a transaction that is held back now. The first copy is the one that is delivered.
pub fn hold(way: &Way, body: &Bytes) -> bool {
    let call: Value = serde_json::from_slice(body).unwrap_or_default();
    let (Some("sendTransaction"), Some(text)) =
        (call["method"].as_str(), call["params"][0].as_str())
    else {
        return false;
    };
    let mut known = way.held.0.lock().unwrap_or_else(|held| held.into_inner());
    if let Some(fate) = known.get(text) {
        return *fate == Fate::Waits;
    }
    if !way.happens(way.faults.held) {
        known.insert(text.to_owned(), Fate::Passes);
        return false;
    }
    let waiting = known.values().filter(|fate| **fate == Fate::Waits).count();
    known.insert(text.to_owned(), Fate::Waits);
    count(&way.counts.held);
    let (way, body, time) = (way.clone(), body.clone(), TIMES[waiting % TIMES.len()]);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        // Whatever the validator says of it, nobody listens.
        let _ = pass_on(&way, body).await;
        count(&way.counts.delivered);
    });
    true
}
