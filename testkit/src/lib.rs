//! Support for the end-to-end tests and the benchmarks: whole networks on the embedded or the Agave
//! validator, processes that can be killed, faulty endpoints, scripted agents, and small jobs.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue ends here")]

pub mod faulty_rpc;
pub mod growth;
pub mod jobs;
pub mod localnet;
pub mod postgres;
pub mod process;
pub mod scripted_agent;

use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// The number in an environment variable, or `default` if the variable is not set.
pub fn env_number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Err(_) => Ok(default),
        Ok(text) => text
            .parse()
            .with_context(|| format!("{name} is {text:?}, which is not a number")),
    }
}

/// Polls `condition` until it is true. Fails after [`localnet::WAIT_TIMEOUT`], or with the error of
/// `condition`.
pub async fn wait_until<F>(what: &str, mut condition: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let start = Instant::now();
    while start.elapsed() < localnet::WAIT_TIMEOUT {
        if condition().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{what} did not happen within {:?}", localnet::WAIT_TIMEOUT)
}
