//! Ordered, repeatable steps that bring a network on chain from one version to the next.
//!
//! Each step looks whether it is done before it does anything, so that all of them can be run again
//! without harm, and can say what it would do.

mod m0001_initialize_network;
mod m0002_open_buckets;
mod m0003_register_orchestrator;
mod m0004_open_rewards;
mod parameters;

use async_trait::async_trait;
use millrace_client::instructions::Mints;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use millrace_client::{ChainError, Pubkey};
pub use parameters::Parameters;
use serde::Serialize;
use solana_sdk::signature::Keypair;
use thiserror::Error;

/// What the steps work with.
pub struct Setup {
    /// The network's authority; pays fees and rent. Where the program can be upgraded, the key that
    /// may do that.
    pub authority: Keypair,
    /// The two mints; they may be the same.
    pub mints: Mints,
    /// Key of the orchestrator to be registered.
    pub orchestrator: Pubkey,
    /// The parameters of a new network.
    pub parameters: Parameters,
}

/// Why a migration can't be planned or applied.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The parameters can't be used.
    #[error("the network parameters can't be used: {place}: {reason}")]
    Parameters {
        /// File or field.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A network is there already, with other mints, which are fixed for ever.
    #[error(
        "a network is initialized there already, with stake mint {stake} and payment mint {payment}; pass these with --stake-mint and --payment-mint, or point --url at another cluster"
    )]
    OtherMints {
        /// Its mint of stake.
        stake: Pubkey,
        /// Its mint of payments.
        payment: Pubkey,
    },
}

/// A step.
#[async_trait]
pub trait Migration: Send + Sync {
    /// Its number; steps are run in the order of their numbers.
    fn number(&self) -> u16;
    /// What people call it.
    fn name(&self) -> &'static str;
    /// What it does, with the values that it would do it with.
    fn describe(&self, setup: &Setup) -> String;
    /// Whether nothing is left to do. Reads only.
    async fn is_done(&self, rpc: &Rpc, setup: &Setup) -> Result<bool, MigrationError>;
    /// Does it. Called only where [`Migration::is_done`] says no.
    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError>;
}

/// All steps in their order.
pub fn all() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(m0001_initialize_network::InitializeNetwork),
        Box::new(m0002_open_buckets::OpenBuckets),
        Box::new(m0003_register_orchestrator::RegisterOrchestrator),
        Box::new(m0004_open_rewards::OpenRewards),
    ]
}

/// A step as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its number.
    pub number: u16,
    /// What people call it.
    pub name: &'static str,
    /// What it does.
    pub what: String,
    /// Nothing is left to do.
    pub done: bool,
}

/// What each step would do. Sends nothing.
pub async fn plan(rpc: &Rpc, setup: &Setup) -> Result<Vec<Step>, MigrationError> {
    let mut steps = Vec::new();
    for migration in all() {
        let done = migration.is_done(rpc, setup).await?;
        steps.push(step(migration.as_ref(), setup, done));
    }
    Ok(steps)
}

/// Runs the steps that are not done, in their order, and returns them. `on_step` hears of each before
/// it is applied.
pub async fn run(
    sender: &Sender,
    setup: &Setup,
    mut on_step: impl FnMut(&Step),
) -> Result<Vec<Step>, MigrationError> {
    let mut applied = Vec::new();
    for migration in all() {
        if migration.is_done(sender.rpc(), setup).await? {
            continue;
        }
        let step = step(migration.as_ref(), setup, false);
        on_step(&step);
        migration.apply(sender, setup).await?;
        applied.push(step);
    }
    Ok(applied)
}

fn step(migration: &dyn Migration, setup: &Setup, done: bool) -> Step {
    Step {
        number: migration.number(),
        name: migration.name(),
        what: migration.describe(setup),
        done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_stand_in_the_order_of_their_numbers() {
        let numbers: Vec<u16> = all().iter().map(|step| step.number()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u16).collect::<Vec<_>>());
    }
}
