//! An orchestrator starts only on the configured chain and program, and reports what it lacks.

use anyhow::{Context, Result};
use millrace_client::compatibility;
use millrace_testkit::localnet::agave::program_file;
use millrace_testkit::localnet::{Net, WAIT_TIMEOUT};
use std::time::{Duration, Instant};

/// Starts an orchestrator that must refuse, and returns its error.
async fn refusal(net: &mut Net) -> Result<String> {
    let refused = net.local.start_orchestrator().await;
    Ok(refused
        .err()
        .context("the orchestrator started")?
        .to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn orchestrator_refuses_a_wrong_chain_or_program_and_reports_an_empty_wallet() -> Result<()> {
    let mut net = Net::start(|_| {}).await?;
    net.local.stop_orchestrator().await?;

    let genesis = net.rpc().genesis().await?;
    net.local.chain_config.genesis = Some("another".into());
    let error = refusal(&mut net).await?;
    assert!(
        error.contains(&genesis) && error.contains("expected another"),
        "{error}"
    );
    net.local.chain_config.genesis = Some(genesis);

    let hash = compatibility::file_hash(&std::fs::read(program_file()?)?);
    net.local.chain_config.program_hash = Some("00".into());
    let error = refusal(&mut net).await?;
    assert!(
        error.contains(&hash) && error.contains("--program-hash"),
        "{error}"
    );
    net.local.chain_config.program_hash = Some(hash);

    net.local.chain_config.payer_floor = u64::MAX;
    net.local.start_orchestrator().await?;
    let url = format!("{}/v1/health", net.local.orchestrator_url);
    let start = Instant::now();
    // The problem is reported after the first probe of the endpoints.
    loop {
        let health = reqwest::get(&url).await?.text().await?;
        if health.contains("under the floor") {
            break;
        }
        assert!(start.elapsed() < WAIT_TIMEOUT, "{health}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    net.stop().await;
    Ok(())
}
