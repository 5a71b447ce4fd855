//! Killed and restarted parts resume their work.

use anyhow::{Context, Result};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use std::process::Child;

/// Fuel of a shard that runs long enough to be interrupted.
const LONG: u64 = 3_000_000_000;

fn agent_process(net: &Net, provider: usize, data: &std::path::Path) -> Result<Child> {
    let operator = &net.local.keys.providers[provider].operator.file;
    let account = net.local.provider(provider).context("no such provider")?;
    let mut command = net.command()?;
    command.args(["provider", "run", "--provider", &account.to_string()]);
    command.arg("--operator").arg(operator);
    Ok(command.arg("--data").arg(data).spawn()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_agent_resumes_its_shard_and_is_paid() -> Result<()> {
    let net = Net::start(|options| options.providers[2].started = false).await?;
    let data = tempfile::tempdir()?;
    let mut agent = agent_process(&net, 2, data.path())?;
    let terms = Terms {
        fuel: LONG,
        commit: 120,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("loop", &terms)?).await?;
    net.wait_for(&job, "seating", |view| view.shards[0].seats.len() == 3)
        .await?;
    agent.kill()?;
    agent.wait()?;
    let mut again = agent_process(&net, 2, data.path())?;
    let view = net.wait_finished(&job).await;
    again.kill()?;
    again.wait()?;
    let view = view?;
    assert_eq!(view.shards[0].exit, Some(-1), "{view:#?}");
    assert_eq!(net.provider(2).await?.agreed, 1);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_orchestrator_pays_once() -> Result<()> {
    let mut net = Net::start(|_| {}).await?;
    let lines = (0..6).map(|n| format!("line {n}")).collect();
    let terms = Terms {
        lines,
        fuel: 5_000_000,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_for(&job, "the first settlement", |view| view.settled >= 1)
        .await?;
    net.local.stop_orchestrator().await?;
    net.local.start_orchestrator().await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (6, 18), "{view:#?}");
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    net.stop().await;
    Ok(())
}
