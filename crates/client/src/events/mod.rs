//! The program's events as the program crate's own types.
//!
//! Events are decoded with borsh, by discriminator. An event that this build does not recognize is kept
//! as it was received, so that an older reader loses no history and never mistakes it for something else.

mod json;

use anchor_lang::Discriminator;
use json::{JsonFields, NamedFields};
use millrace_program::events::{
    AuditDrawn, AuthorityAccepted, AuthorityProposed, BondDeposited, BondWithdrawn, BucketOpened,
    ChallengeDecided, ClientOpened, CommitmentsRecorded, DeliveryAcknowledged, EarningsClaimed,
    EpochClosed, JobCancelled, JobClosed, JobExpired, JobPosted, JobSeeded, NetworkInitialized,
    NetworkPaused, NetworkResumed, OperatorRotated, OrchestratorRegistered, OrchestratorRetired,
    ParametersSet, PauserChanged, ProviderDeregistered, ProviderRegistered, ProviderUpdated,
    ResultsRevealed, RewardsBanked, RewardsClaimed, RewardsFunded, RewardsOpened, SeatDeclined,
    SeatExpired, SeatsAssigned, ShardChallenged, ShardFailed, ShardReopened, ShardSettled,
    StakeDeposited, StakeSlashed, StakeWithdrawn, TreasuryWithdrawn, UnstakeRequested,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use solana_sdk::pubkey::Pubkey;

/// Name of [`ProgramEvent::Unknown`] in JSON.
const UNKNOWN: &str = "Unknown";
/// Field of [`ProgramEvent::Unknown`] in JSON: discriminator and body, lowercase hex.
const UNKNOWN_DATA: &str = "data";

/// The `job` field of an event that has one.
macro_rules! job_of {
    ($event:ident:) => { None };
    ($event:ident: job $($rest:ident)*) => { Some($event.job) };
    ($event:ident: $other:ident $($rest:ident)*) => { job_of!($event: $($rest)*) };
}

macro_rules! program_events {
    ($($event:ident { $($field:ident),+ $(,)? })+) => {
        $(json::json_fields!($event { $($field),+ });)+

        /// An event of the program.
        ///
        /// As JSON it is `{"name": ..., "fields": {...}}` with the program's own names. Addresses are
        /// base58, other bytes lowercase hex, amounts base units as numbers. [`Self::Unknown`] has the
        /// name `Unknown` and one field `data`.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "NamedFields", into = "NamedFields")]
        pub enum ProgramEvent {
            $(
                #[doc = concat!("See [`", stringify!($event), "`].")]
                $event($event),
            )+
            /// Recorded by the program, with a discriminator or a layout that this build does not have.
            Unknown {
                /// The first 8 bytes.
                discriminator: [u8; 8],
                /// The bytes after the discriminator.
                bytes: Vec<u8>,
            },
            /// Read from JSON, with a name or with fields that this build does not have.
            UnknownJson {
                /// The event's name.
                name: String,
                /// Its fields, as they were read.
                fields: Map<String, Value>,
            },
        }

        impl ProgramEvent {
            /// Names of all events that this build can decode.
            pub const NAMES: &[&str] = &[$(stringify!($event)),+];

            /// Decodes an event from its discriminator and borsh-encoded fields. `None` if `data` is too
            /// short to have a discriminator. Left-over bytes make it [`Self::Unknown`]: a newer program
            /// may have added fields.
            pub fn decode(data: &[u8]) -> Option<Self> {
                let (discriminator, bytes) = data.split_first_chunk::<8>()?;
                $(
                    if $event::DISCRIMINATOR == discriminator
                        && let Ok(event) = borsh::from_slice(bytes)
                    {
                        return Some(Self::$event(event));
                    }
                )+
                Some(Self::Unknown {
                    discriminator: *discriminator,
                    bytes: bytes.to_vec(),
                })
            }

            /// The event's name in the program; `Unknown` if it was not recognized.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$event(_) => stringify!($event),)+
                    Self::Unknown { .. } => UNKNOWN,
                    Self::UnknownJson { name, .. } => name,
                }
            }

            /// The job that the event belongs to. `None` for events of no job, and for those that were
            /// not recognized.
            pub fn job(&self) -> Option<Pubkey> {
                match self {
                    $(Self::$event(event) => {
                        let _ = event;
                        job_of!(event: $($field)+)
                    })+
                    Self::Unknown { .. } | Self::UnknownJson { .. } => None,
                }
            }

            /// The fields as JSON, each by its name in the program.
            pub fn fields(&self) -> Map<String, Value> {
                match self {
                    $(Self::$event(event) => event.to_fields(),)+
                    Self::Unknown { discriminator, bytes } => {
                        let data = hex::encode([discriminator.as_slice(), bytes].concat());
                        Map::from_iter([(UNKNOWN_DATA.to_owned(), data.into())])
                    }
                    Self::UnknownJson { fields, .. } => fields.clone(),
                }
            }

            /// Reads an event from [`Self::name`] and [`Self::fields`]. A field that is missing, one that
            /// has another type, and one too many make it [`Self::UnknownJson`].
            pub fn from_fields(name: String, fields: Map<String, Value>) -> Self {
                let read = match name.as_str() {
                    $(stringify!($event) => <$event as JsonFields>::from_fields(&fields).map(Self::$event),)+
                    UNKNOWN => unknown_from(&fields),
                    _ => None,
                };
                read.unwrap_or(Self::UnknownJson { name, fields })
            }
        }
    };
}

program_events! {
    NetworkInitialized { network_id, authority, stake_mint, payment_mint, parameters }
    AuthorityProposed { authority, proposed }
    AuthorityAccepted { previous, authority }
    PauserChanged { previous, pauser }
    NetworkPaused { pauser }
    NetworkResumed { pauser }
    ParametersSet { parameters }
    BucketOpened { bucket, treasury }
    TreasuryWithdrawn { treasury, destination, amount }
    OrchestratorRegistered { orchestrator, key }
    BondDeposited { orchestrator, amount, bonded_after }
    OrchestratorRetired { orchestrator, key }
    BondWithdrawn { orchestrator, key, amount }
    ProviderRegistered { provider, authority, operator, ask_price }
    ProviderUpdated { provider, offer }
    OperatorRotated { provider, previous, operator }
    ProviderDeregistered { provider, authority }
    UnstakeRequested { provider, amount, until, active_after, unbonding_after }
    StakeWithdrawn { provider, amount, withdrawn_after }
    StakeDeposited { provider, amount, active_before, active_after }
    StakeSlashed {
        provider, job, shard, seat, disagreed, amount, active_after, unbonding_after,
    }
    EarningsClaimed { provider, amount, claimed_after }
    RewardsOpened { vault }
    RewardsFunded { amount, funded_after }
    EpochClosed { number, points, emission, promised_after }
    RewardsBanked { provider, number, points, amount, due_after }
    RewardsClaimed { provider, amount, paid_after }
    ClientOpened { client, owner }
    JobPosted { job, client, nonce, manifest, shards, deposited, client_held_after }
    JobSeeded { job, seed, after_slot }
    JobCancelled { job, shards, refunded, held_after }
    JobExpired { job, shards }
    JobClosed { job, client, paid, fee, refunded }
    SeatsAssigned { job, shard, attempt, providers, locked, commit_by }
    CommitmentsRecorded { job, shard, seats }
    ResultsRevealed { job, shard, seats, delivered }
    DeliveryAcknowledged { job, shard, seat, by }
    AuditDrawn { job, shard, audited }
    ShardChallenged { job, shard, seat, provider, challenger, bond }
    ChallengeDecided { job, shard, upheld, bond_returned, bond_to_job, bond_to_provider }
    ShardSettled { job, shard, root, units, paid, fee, points, payments, released, held_after }
    ShardReopened { job, shard, attempt, target }
    ShardFailed { job, shard, released }
    SeatExpired { job, shard, seat, provider }
    SeatDeclined { job, shard, seat, provider }
}

impl ProgramEvent {
    /// Whether this build does not recognize the event.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::UnknownJson { .. })
    }
}

impl From<NamedFields> for ProgramEvent {
    fn from(event: NamedFields) -> Self {
        Self::from_fields(event.name, event.fields)
    }
}

impl From<ProgramEvent> for NamedFields {
    fn from(event: ProgramEvent) -> Self {
        Self {
            fields: event.fields(),
            name: event.name().to_owned(),
        }
    }
}

fn unknown_from(fields: &Map<String, Value>) -> Option<ProgramEvent> {
    let data = hex::decode(fields.get(UNKNOWN_DATA)?.as_str()?).ok()?;
    let (discriminator, bytes) = data.split_first_chunk::<8>()?;
    (fields.len() == 1).then(|| ProgramEvent::Unknown {
        discriminator: *discriminator,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests;
