//! A job's chain of custody: what happened to it, in words, each with the transaction that did it.

use super::facts::{number, text, texts};
use millrace_client::events::Event;
use millrace_client::history::RecordedEvent;
use millrace_protocol::amount::format_amount;
use serde::Serialize;
use serde_json::Value;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The slot of its block.
    pub slot: u64,
    /// The block's time, unix seconds, where the cluster knows it.
    pub time: Option<i64>,
    /// The transaction's first signature.
    pub signature: String,
    /// The event's name.
    pub event: String,
    /// What happened, in words.
    pub what: String,
}

/// The steps of a job. Amounts are told in tokens with these decimals.
pub fn steps(events: &[RecordedEvent], payment_decimals: u8, stake_decimals: u8) -> Vec<Step> {
    let words = Words {
        payment: payment_decimals,
        stake: stake_decimals,
    };
    let step = |one: &RecordedEvent| Step {
        slot: one.slot,
        time: one.time,
        signature: one.signature.clone(),
        event: one.event.name.clone(),
        what: words.of(&one.event),
    };
    events.iter().map(step).collect()
}

struct Words {
    payment: u8,
    stake: u8,
}

impl Words {
    fn of(&self, event: &Event) -> String {
        let (number, text) = (
            |name| number(event, name),
            |name| text(event, name).to_owned(),
        );
        let paid = |name| format!("{} tokens", format_amount(number(name), self.payment));
        let staked = |name| format!("{} tokens", format_amount(number(name), self.stake));
        let is = |name| event.fields.get(name).and_then(Value::as_bool) == Some(true);
        let shard = format!("shard {}", number("shard"));
        match event.name.as_str() {
            "JobPosted" => format!(
                "posted by {}: manifest {}, {} shards, {} in escrow",
                text("client"),
                text("manifest"),
                number("shards"),
                paid("deposited")
            ),
            "JobSeeded" => match number("seed") {
                0 => "its first seed was forgotten; a later block will be it".to_owned(),
                seed => format!("seed {seed} taken"),
            },
            "SeatsAssigned" => format!(
                "{shard}, attempt {}: seats to {}, {} of stake locked for each",
                number("attempt"),
                texts(event, "providers").join(", "),
                staked("locked")
            ),
            "CommitmentsRecorded" => format!("{shard}: {} committed", seats(event)),
            "ResultsRevealed" => format!("{shard}: {} showed their results", seats(event)),
            "DeliveryAcknowledged" => format!("{shard}: {} has the output", text("by")),
            "AuditDrawn" => match is("audited") {
                true => format!("{shard}: drawn for an audit"),
                false => format!("{shard}: not drawn for an audit"),
            },
            "ShardChallenged" => format!(
                "{shard}: challenged by {} with {}",
                text("challenger"),
                paid("bond")
            ),
            "ChallengeDecided" => match is("upheld") {
                true => format!("{shard}: the challenge was right"),
                false => format!("{shard}: the challenge was wrong"),
            },
            "ShardSettled" => format!(
                "{shard} settled: root {}, {} paid to providers, {} fee",
                text("root"),
                paid("paid"),
                paid("fee")
            ),
            "StakeSlashed" => format!(
                "{shard}: {} of {} slashed for {}",
                staked("amount"),
                text("provider"),
                if is("disagreed") {
                    "a wrong result"
                } else {
                    "being late"
                }
            ),
            "SeatExpired" => format!("{shard}: {} was late, its seat is free", text("provider")),
            "SeatDeclined" => format!("{shard}: {} declined its seat", text("provider")),
            "ShardReopened" => format!("{shard} reopened with {} seats", number("target")),
            "ShardFailed" => format!("{shard} failed"),
            "JobCancelled" => format!(
                "{} shards cancelled, {} given back",
                number("shards"),
                paid("refunded")
            ),
            "JobExpired" => format!("expired; {} shards had no seat", number("shards")),
            "JobClosed" => format!(
                "closed: {} paid to providers, {} fee, {} given back",
                paid("paid"),
                paid("fee"),
                paid("refunded")
            ),
            other => other.to_owned(),
        }
    }
}

/// Seats of an event: their numbers come as bytes in hex.
fn seats(event: &Event) -> String {
    let bytes = hex::decode(text(event, "seats")).unwrap_or_default();
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    match numbers.len() {
        1 => format!("seat {}", numbers[0]),
        _ => format!("seats {}", numbers.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn words(name: &str, fields: Value) -> String {
        let recorded = RecordedEvent {
            slot: 5,
            time: None,
            signature: "s".to_owned(),
            instruction: 0,
            position: 0,
            event: Event {
                name: name.to_owned(),
                fields: fields.as_object().unwrap().clone(),
            },
        };
        steps(&[recorded], 6, 9)[0].what.clone()
    }

    #[test]
    fn amounts_are_told_in_the_tokens_that_they_are_of() {
        let fields =
            json!({ "client": "C", "manifest": "abab", "shards": 6, "deposited": 1_500_000 });
        assert_eq!(
            words("JobPosted", fields),
            "posted by C: manifest abab, 6 shards, 1.5 tokens in escrow"
        );
        let fields =
            json!({ "provider": "P", "shard": 2, "disagreed": true, "amount": 1_500_000_000 });
        assert_eq!(
            words("StakeSlashed", fields),
            "shard 2: 1.5 tokens of P slashed for a wrong result"
        );
    }

    #[test]
    fn seats_are_told_by_their_numbers_and_an_unknown_event_by_its_name() {
        let fields = json!({ "shard": 0, "seats": "0002" });
        assert_eq!(
            words("CommitmentsRecorded", fields),
            "shard 0: seats 0, 2 committed"
        );
        assert_eq!(words("Unknown", json!({})), "Unknown");
    }
}
