//! Support of the end-to-end tests and the benchmark: whole networks on the embedded validator or on
//! the real one, and small jobs to run on them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends here")]

pub mod faulty_rpc;
pub mod growth;
pub mod jobs;
pub mod localnet;
pub mod postgres;
pub mod process;
pub mod scripted_agent;

use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// A number that the environment may give.
pub fn from_environment(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Err(_) => Ok(otherwise),
        Ok(said) => said
            .parse()
            .with_context(|| format!("{name} is {said:?}: give a number")),
    }
}

/// Waits until a condition on the chain holds.
pub async fn until<F>(what: &str, mut condition: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let start = Instant::now();
    while start.elapsed() < localnet::PATIENCE {
        if condition().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{what} did not happen within {:?}", localnet::PATIENCE)
}
