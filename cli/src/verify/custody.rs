//! A job's chain of custody: its events described in words, each with its transaction.

use millrace_client::events::ProgramEvent;
use millrace_client::history::RecordedEvent;
use millrace_protocol::amount::format_amount;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustodyEvent {
    pub slot: u64,
    /// The block's time, unix seconds, if the cluster recorded it.
    pub time: Option<i64>,
    /// The transaction's first signature.
    pub signature: String,
    /// Name of the event.
    pub event: String,
    pub description: String,
}

/// Describes the events of a job.
pub fn describe_all(
    events: &[RecordedEvent],
    payment_decimals: u8,
    stake_decimals: u8,
) -> Vec<CustodyEvent> {
    let describer = Describer {
        payment: payment_decimals,
        stake: stake_decimals,
    };
    let describe = |one: &RecordedEvent| CustodyEvent {
        slot: one.slot,
        time: one.time,
        signature: one.signature.clone(),
        event: one.event.name().to_owned(),
        description: describer.describe(&one.event),
    };
    events.iter().map(describe).collect()
}

/// Describes events; the fields are decimals.
struct Describer {
    payment: u8,
    stake: u8,
}

impl Describer {
    fn describe(&self, event: &ProgramEvent) -> String {
        use ProgramEvent as E;
        let paid = |amount| format!("{} tokens", format_amount(amount, self.payment));
        let staked = |amount| format!("{} tokens", format_amount(amount, self.stake));
        match event {
            E::JobPosted(e) => format!(
                "posted by {}: manifest {}, {} shards, {} in escrow",
                e.client,
                hex::encode(e.manifest),
                e.shards,
                paid(e.deposited)
            ),
            E::JobSeeded(e) if e.seed == 0 => {
                "the block of the seed was no longer available; the seed will come from a later block".to_owned()
            }
            E::JobSeeded(e) => format!("seeded with {}", e.seed),
            E::SeatsAssigned(e) => {
                let providers: Vec<String> = e.providers.iter().map(ToString::to_string).collect();
                format!(
                    "shard {}, attempt {}: seats assigned to {}, {} of stake locked for each",
                    e.shard,
                    e.attempt,
                    providers.join(", "),
                    staked(e.locked)
                )
            }
            E::CommitmentsRecorded(e) => {
                format!("shard {}: {} committed", e.shard, seats(&e.seats))
            }
            E::ResultsRevealed(e) => {
                format!(
                    "shard {}: {} revealed",
                    e.shard,
                    seats(&e.seats)
                )
            }
            E::DeliveryAcknowledged(e) => format!("shard {}: {} acknowledged the output", e.shard, e.by),
            E::AuditDrawn(e) if e.audited => format!("shard {}: selected for an audit", e.shard),
            E::AuditDrawn(e) => format!("shard {}: not selected for an audit", e.shard),
            E::ShardChallenged(e) => format!(
                "shard {}: challenged by {} with {}",
                e.shard,
                e.challenger,
                paid(e.bond)
            ),
            E::ChallengeDecided(e) if e.upheld => {
                format!("shard {}: the challenge was upheld", e.shard)
            }
            E::ChallengeDecided(e) => format!("shard {}: the challenge was rejected", e.shard),
            E::ShardSettled(e) => format!(
                "shard {} settled: root {}, {} paid to providers, {} fee",
                e.shard,
                hex::encode(e.root),
                paid(e.paid),
                paid(e.fee)
            ),
            E::StakeSlashed(e) => format!(
                "shard {}: {} of {} slashed for {}",
                e.shard,
                staked(e.amount),
                e.provider,
                if e.disagreed {
                    "a wrong result"
                } else {
                    "being late"
                }
            ),
            E::SeatExpired(e) => {
                format!(
                    "shard {}: {} was late and lost its seat",
                    e.shard, e.provider
                )
            }
            E::SeatDeclined(e) => format!("shard {}: {} declined its seat", e.shard, e.provider),
            E::ShardReopened(e) => format!("shard {} reopened with {} seats", e.shard, e.target),
            E::ShardFailed(e) => format!("shard {} failed", e.shard),
            E::JobCancelled(e) => format!(
                "{} shards cancelled, {} refunded",
                e.shards,
                paid(e.refunded)
            ),
            E::JobExpired(e) => format!("expired with {} shards without seats", e.shards),
            E::JobClosed(e) => format!(
                "closed: {} paid to providers, {} fee, {} refunded",
                paid(e.paid),
                paid(e.fee),
                paid(e.refunded)
            ),
            other => other.name().to_owned(),
        }
    }
}

fn seats(numbers: &[u8]) -> String {
    let listed: Vec<String> = numbers.iter().map(u8::to_string).collect();
    match listed.as_slice() {
        [only] => format!("seat {only}"),
        _ => format!("seats {}", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::Pubkey;
    use millrace_client::program::events::{CommitmentsRecorded, JobPosted, StakeSlashed};

    const KEY: Pubkey = Pubkey::new_from_array([7; 32]);

    fn describe(event: ProgramEvent) -> String {
        let recorded = RecordedEvent {
            slot: 5,
            time: None,
            signature: "s".to_owned(),
            instruction: 0,
            position: 0,
            event,
        };
        describe_all(&[recorded], 6, 9)[0].description.clone()
    }

    #[test]
    fn amounts_have_the_decimals_of_their_token() {
        let posted = ProgramEvent::JobPosted(JobPosted {
            job: KEY,
            client: KEY,
            nonce: 0,
            manifest: [0xab; 32],
            shards: 6,
            deposited: 1_500_000,
            client_held_after: 0,
        });
        assert_eq!(
            describe(posted),
            format!(
                "posted by {KEY}: manifest {}, 6 shards, 1.5 tokens in escrow",
                "ab".repeat(32)
            )
        );
        let slashed = ProgramEvent::StakeSlashed(StakeSlashed {
            provider: KEY,
            job: KEY,
            shard: 2,
            seat: 0,
            disagreed: true,
            amount: 1_500_000_000,
            active_after: 0,
            unbonding_after: 0,
        });
        assert_eq!(
            describe(slashed),
            format!("shard 2: 1.5 tokens of {KEY} slashed for a wrong result")
        );
    }

    #[test]
    fn seats_are_listed_by_number_and_an_unknown_event_by_its_name() {
        let committed = ProgramEvent::CommitmentsRecorded(CommitmentsRecorded {
            job: KEY,
            shard: 0,
            seats: vec![0, 2],
        });
        assert_eq!(describe(committed), "shard 0: seats 0, 2 committed");
        let unknown = ProgramEvent::Unknown {
            discriminator: [9; 8],
            bytes: Vec::new(),
        };
        assert_eq!(describe(unknown), "Unknown");
    }
}
