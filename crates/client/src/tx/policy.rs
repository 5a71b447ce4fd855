//! How a [`Sender`](crate::tx::sender::Sender) prices, simulates, sends and journals transactions.

use crate::tx::fees::FeePolicy;
use std::time::Duration;
use tokio::sync::Semaphore;

/// When a transaction is simulated before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulationMode {
    /// Always, so that a refusal is reported before a fee is paid. For commands.
    Always,
    /// Once per shape, and again after a transaction of that shape failed. For services, which plan their
    /// transactions from what is on chain and cannot wait.
    OncePerShape,
}

/// When a transaction that landed is removed from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainUntil {
    /// As soon as it is confirmed.
    Confirmed,
    /// Once it is finalized. [`Sender::track_finality`](crate::tx::sender::Sender::track_finality) sends
    /// it again if a fork drops it.
    Finalized,
}

/// Compute units and price of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetPolicy {
    /// Units from simulations, the price from recent prices. Both rise with each signing.
    Estimated {
        /// What may be paid for a place in a block.
        fees: FeePolicy,
        /// When a transaction is simulated.
        simulate: SimulationMode,
    },
    /// The same for every transaction, without simulation.
    Fixed {
        /// Compute units.
        units: u32,
        /// Micro-lamports per compute unit.
        unit_price: u64,
    },
}

/// How a sender works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendPolicy {
    /// Compute units and price.
    pub budget: BudgetPolicy,
    /// When a transaction is removed from the journal.
    pub retain: RetainUntil,
    /// Age up to which a blockhash is used for further transactions. Two transactions with the same
    /// instructions, signers and blockhash are one and the same, so anything but zero is only for
    /// transactions that all differ.
    pub blockhash_ttl: Duration,
    /// Most calls of `sendTransaction` in flight at the same time.
    pub max_concurrent_sends: usize,
}

impl SendPolicy {
    /// For a command that a person waits for.
    pub fn command(fees: FeePolicy) -> Self {
        let simulate = SimulationMode::Always;
        Self::estimated(
            BudgetPolicy::Estimated { fees, simulate },
            RetainUntil::Confirmed,
        )
    }

    /// For a service that runs [`Sender::track_finality`](crate::tx::sender::Sender::track_finality).
    pub fn service(fees: FeePolicy) -> Self {
        let simulate = SimulationMode::OncePerShape;
        Self::estimated(
            BudgetPolicy::Estimated { fees, simulate },
            RetainUntil::Finalized,
        )
    }

    /// For hundreds of idempotent transactions that differ in their data: one budget for all of them, a
    /// shared blockhash, few sends at once.
    pub fn bulk(units: u32, unit_price: u64) -> Self {
        Self {
            budget: BudgetPolicy::Fixed { units, unit_price },
            retain: RetainUntil::Confirmed,
            blockhash_ttl: Duration::from_secs(10),
            max_concurrent_sends: 8,
        }
    }

    fn estimated(budget: BudgetPolicy, retain: RetainUntil) -> Self {
        Self {
            budget,
            retain,
            blockhash_ttl: Duration::ZERO,
            max_concurrent_sends: Semaphore::MAX_PERMITS,
        }
    }
}

/// How often a sender acts while the outcome of a transaction is unknown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollPolicy {
    /// Time before the first status request; the interval grows from there.
    pub(crate) min_poll_interval: Duration,
    pub(crate) max_poll_interval: Duration,
    /// Time between two sends of the same bytes.
    pub(crate) resend_interval: Duration,
    /// Time between two requests for the finalized block height.
    pub(crate) height_interval: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            min_poll_interval: Duration::from_millis(40),
            max_poll_interval: Duration::from_millis(400),
            resend_interval: Duration::from_secs(2),
            height_interval: Duration::from_secs(2),
        }
    }
}
