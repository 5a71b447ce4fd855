//! Health is honest: each thing that goes wrong is named, and nothing more once it is mended.

use anyhow::{Context, Result};
use millrace_cli::api::{Api, ProblemView};
use millrace_client::pda;
use millrace_orchestrator::Limits;
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, ValidatorKind};
use std::time::{Duration, SystemTime};

/// Names of what is wrong, and the HTTP status that says so.
async fn problems(api: &Api, url: &str) -> Result<(u16, Vec<ProblemView>)> {
    let status = reqwest::get(format!("{url}/health")).await?.status();
    Ok((status.as_u16(), api.health().await?.problems))
}

/// Waits until just this is wrong; nothing where no name is given.
async fn until_wrong(net: &Net, name: Option<&str>) -> Result<Vec<ProblemView>> {
    let (api, url) = (net.api()?, net.local.orchestrator_url.clone());
    let what = format!("the problem {name:?}");
    let expected = name.map_or(200, |_| 503);
    net.wait_until(&what, || async {
        let (status, problems) = problems(&api, &url).await?;
        let named = match name {
            Some(name) => problems.iter().any(|problem| problem.name == name),
            None => problems.is_empty(),
        };
        Ok(named && status == expected)
    })
    .await?;
    Ok(api.health().await?.problems)
}

async fn net_with_levers(limits: Limits) -> Result<(Net, FaultyRpc)> {
    let mut net = Net::start(|options| options.limits = limits).await?;
    let faulty_rpc = FaultyRpc::transparent(&net.local.rpc_url, &net.local.ws_url).await?;
    net.local.stop_orchestrator().await?;
    let ws_url = net.local.ws_url.clone();
    net.local
        .route_orchestrator_through(&faulty_rpc.rpc_url, &ws_url);
    net.local.start_orchestrator().await?;
    net.local.wait_for_agents().await?;
    Ok((net, faulty_rpc))
}

#[tokio::test(flavor = "multi_thread")]
async fn lagging_or_unreachable_endpoint_is_reported_until_it_recovers() -> Result<()> {
    let limits = Limits {
        stale_after: Duration::from_secs(3),
        ..Limits::default()
    };
    let (net, faulty_rpc) = net_with_levers(limits).await?;
    until_wrong(&net, None).await?;
    faulty_rpc.set(Faults {
        slots_ahead: 100_000,
        ..Faults::default()
    });
    let lag = until_wrong(&net, Some("slot_lag")).await?;
    assert!(lag[0].remedy.contains("operating.md#slot-lag"), "{lag:?}");
    faulty_rpc.set(Faults {
        down: true,
        ..Faults::default()
    });
    let down = until_wrong(&net, Some("endpoints_down")).await?;
    let message = &down[0].message;
    assert!(message.contains("127.0.0.1"), "{message}");
    until_wrong(&net, Some("not_reading")).await?;
    // It lives all the same: a restart would mend nothing.
    let live = format!("{}/health/live", net.local.orchestrator_url);
    assert_eq!(reqwest::get(live).await?.status().as_u16(), 200);
    faulty_rpc.set(Faults::default());
    until_wrong(&net, None).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn low_payer_balance_is_reported_with_the_transactions_it_covers() -> Result<()> {
    let mut net = Net::start(|options| options.limits.payer_low = u64::MAX).await?;
    let low = until_wrong(&net, Some("payer_low")).await?;
    let message = &low[0].message;
    assert!(message.contains("transactions at"), "{message}");
    net.local.stop_orchestrator().await?;
    net.local.set_health_limits(Limits::default());
    net.local.start_orchestrator().await?;
    until_wrong(&net, None).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_agents_and_an_unwritable_store_are_reported() -> Result<()> {
    let mut net = Net::start(|options| {
        for provider in &mut options.providers {
            provider.started = false;
        }
    })
    .await?;
    // Without jobs, nobody misses agents.
    until_wrong(&net, None).await?;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let alone = until_wrong(&net, Some("no_agents")).await?;
    assert!(alone[0].message.starts_with("1 jobs wait"), "{alone:?}");
    let metrics = net.api()?.metrics().await?;
    let away = "millrace_waiting_jobs_by_reason{reason=\"away\"} 1.0";
    assert!(metrics.contains(away), "{metrics}");
    for provider in 0..3 {
        net.local.start_agent(provider)?;
    }
    net.wait_finished(&job).await?;
    until_wrong(&net, None).await?;

    let id = net.local.file.network_id.get(..16).context("a long id")?;
    let folder = net.local.folder().join("networks").join(id);
    let other = rusqlite::Connection::open(folder.join("orchestrator/store.db"))?;
    other.busy_timeout(Duration::from_secs(60))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    until_wrong(&net, Some("store_not_writable")).await?;
    other.execute_batch("ROLLBACK")?;
    until_wrong(&net, None).await?;
    net.stop().await;
    Ok(())
}

/// Asks the embedded validator for something that no chain allows.
async fn conjure(net: &Net, method: &str, parameters: serde_json::Value) -> Result<()> {
    let call = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters
    });
    let client = reqwest::Client::new();
    let answer = client.post(&net.local.rpc_url).json(&call).send().await?;
    let answer: serde_json::Value = answer.json().await?;
    anyhow::ensure!(answer.get("error").is_none(), "{method}: {answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_tokens_and_clock_skew_are_reported() -> Result<()> {
    // Only the embedded validator lets a token vanish and time jump.
    let net = Net::start_on(ValidatorKind::Embedded, |_| {}).await?;
    until_wrong(&net, None).await?;
    let vault = pda::stake_vault(&net.local.provider(0).context("a provider")?);
    let mut data = net.rpc().account(&vault).await?.context("a vault")?.data;
    let staked = u64::from_le_bytes(data[64..72].try_into()?);
    data[64..72].copy_from_slice(&(staked - 7).to_le_bytes());
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    let update = serde_json::json!([vault.to_string(), { "data": hex }]);
    conjure(&net, "surfnet_setAccount", update).await?;
    let missing = until_wrong(&net, Some("tokens_missing")).await?;
    let message = &missing[0].message;
    assert!(message.starts_with("7 base units"), "{message}");

    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let hour = since.as_millis() + 3_600_000;
    let travel = serde_json::json!([{ "absoluteTimestamp": hour as u64 }]);
    conjure(&net, "surfnet_timeTravel", travel).await?;
    let skew = until_wrong(&net, Some("clock_skew")).await?;
    let said = |problem: &ProblemView| problem.message.contains("ahead of this machine's");
    assert!(skew.iter().any(said), "{skew:?}");
    net.stop().await;
    Ok(())
}
