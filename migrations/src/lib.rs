//! Ordered migrations of a network on chain. Each checks whether it is already applied, so that all of
//! them can be run repeatedly, and can describe what it would do.

mod error;
mod migration;
mod parameters;
mod steps;

pub use error::MigrationError;
pub use migration::{Migration, Setup};
pub use parameters::Parameters;

use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use serde::Serialize;

/// All migrations in their order.
pub fn all() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(steps::m0001_initialize_network::NetworkMigration),
        Box::new(steps::m0002_open_buckets::BucketsMigration),
        Box::new(steps::m0003_register_orchestrator::OrchestratorMigration),
        Box::new(steps::m0004_open_rewards::RewardsMigration),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationStatus {
    pub number: u16,
    pub name: &'static str,
    pub description: String,
    pub done: bool,
}

/// Describes each migration. Sends nothing.
pub async fn plan(rpc: &Rpc, setup: &Setup) -> Result<Vec<MigrationStatus>, MigrationError> {
    let mut statuses = Vec::new();
    for migration in all() {
        let done = migration.is_done(rpc, setup).await?;
        statuses.push(status(migration.as_ref(), setup, done));
    }
    Ok(statuses)
}

/// Applies the migrations that are not done, in their order, and returns them. Calls `on_start` before
/// each.
pub async fn run(
    sender: &Sender,
    setup: &Setup,
    mut on_start: impl FnMut(&MigrationStatus),
) -> Result<Vec<MigrationStatus>, MigrationError> {
    let mut applied = Vec::new();
    for migration in all() {
        if migration.is_done(sender.rpc(), setup).await? {
            continue;
        }
        let status = status(migration.as_ref(), setup, false);
        on_start(&status);
        migration.apply(sender, setup).await?;
        applied.push(status);
    }
    Ok(applied)
}

fn status(migration: &dyn Migration, setup: &Setup, done: bool) -> MigrationStatus {
    MigrationStatus {
        number: migration.number(),
        name: migration.name(),
        description: migration.describe(setup),
        done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_the_order_of_their_numbers() {
        let numbers: Vec<u16> = all().iter().map(|migration| migration.number()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u16).collect::<Vec<_>>());
    }
}
