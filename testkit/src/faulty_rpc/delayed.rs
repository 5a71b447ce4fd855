//! Transactions that are held back and delivered long after their sender gave up.

use super::{Proxy, count, forward};
use axum::body::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// Delays, used in turn. A transaction on the embedded validator can land for 15 seconds, so one delay is
/// shorter and one is longer.
const DELAYS: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(18)];

/// The decision for each transaction, by its encoded text.
#[derive(Default)]
pub(super) struct Delayed(Mutex<HashMap<String, Decision>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Passes,
    HeldBack,
}

/// Returns whether the call is a transaction that is held back. Only its first copy is delivered later.
pub(super) fn hold_back(proxy: &Proxy, percent: u32, body: &Bytes) -> bool {
    let call: Value = serde_json::from_slice(body).unwrap_or_default();
    let (Some("sendTransaction"), Some(text)) =
        (call["method"].as_str(), call["params"][0].as_str())
    else {
        return false;
    };
    let mut decisions = proxy.delayed.0.lock();
    if let Some(decision) = decisions.get(text) {
        return *decision == Decision::HeldBack;
    }
    if !proxy.happens(percent) {
        decisions.insert(text.to_owned(), Decision::Passes);
        return false;
    }
    let held_back = decisions
        .values()
        .filter(|decision| **decision == Decision::HeldBack)
        .count();
    decisions.insert(text.to_owned(), Decision::HeldBack);
    count(&proxy.counts.held_back);
    let (proxy, body, delay) = (
        proxy.clone(),
        body.clone(),
        DELAYS[held_back % DELAYS.len()],
    );
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        // The sender gave up long ago, so the answer has no recipient.
        let _ = forward(&proxy, proxy.faults(), body).await;
        count(&proxy.counts.delivered_late);
    });
    true
}
