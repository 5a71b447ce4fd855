//! Health reports each problem by name, and none after it is resolved.

use anyhow::{Context, Result};
use millrace_cli::api::{Api, ProblemView};
use millrace_client::pda;
use millrace_orchestrator::HealthLimits;
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, ValidatorKind};
use std::cell::RefCell;
use std::time::{Duration, SystemTime};

/// The HTTP status of the health check, and the reported problems.
async fn health(api: &Api, url: &str) -> Result<(u16, Vec<ProblemView>)> {
    let status = reqwest::get(format!("{url}/health")).await?.status();
    Ok((status.as_u16(), api.health().await?.problems))
}

/// Waits until the named problem is reported with a message that `matches` accepts. Other problems may
/// be reported at the same time, in any order.
async fn wait_for_problem(
    net: &Net,
    name: &str,
    matches: impl Fn(&str) -> bool,
) -> Result<ProblemView> {
    let (api, url) = (net.api()?, net.local.orchestrator_url.clone());
    let (found, last) = (RefCell::new(None), RefCell::new(Vec::new()));
    let reported = net
        .wait_until(&format!("the problem {name}"), || async {
            let (status, problems) = health(&api, &url).await?;
            let mut named = problems.iter().filter(|problem| problem.name == name);
            let problem = named.find(|problem| matches(&problem.message)).cloned();
            let is_reported = problem.is_some() && status == 503;
            found.replace(problem);
            last.replace(problems);
            Ok(is_reported)
        })
        .await;
    reported.with_context(|| format!("reported: {:?}", last.borrow()))?;
    found.into_inner().context("the problem is gone")
}

/// Waits until no problem is reported.
async fn wait_until_healthy(net: &Net) -> Result<()> {
    let (api, url) = (net.api()?, net.local.orchestrator_url.clone());
    net.wait_until("health without problems", || async {
        let (status, problems) = health(&api, &url).await?;
        Ok(problems.is_empty() && status == 200)
    })
    .await
}

async fn net_with_faulty_rpc(limits: HealthLimits) -> Result<(Net, FaultyRpc)> {
    let mut net = Net::start(|options| options.health_limits = limits).await?;
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
    let limits = HealthLimits {
        stale_after: Duration::from_secs(3),
        ..HealthLimits::default()
    };
    let (net, faulty_rpc) = net_with_faulty_rpc(limits).await?;
    wait_until_healthy(&net).await?;
    faulty_rpc.set(Faults {
        slots_ahead: 100_000,
        ..Faults::default()
    });
    let lag = wait_for_problem(&net, "slot_lag", |_| true).await?;
    assert!(lag.remedy.contains("operating.md#slot-lag"), "{lag:?}");
    faulty_rpc.set(Faults {
        down: true,
        ..Faults::default()
    });
    let names_the_endpoint = |message: &str| message.contains("127.0.0.1");
    wait_for_problem(&net, "endpoints_down", names_the_endpoint).await?;
    wait_for_problem(&net, "not_reading", |_| true).await?;
    // The liveness check succeeds, because a restart would not help.
    let live = format!("{}/health/live", net.local.orchestrator_url);
    assert_eq!(reqwest::get(live).await?.status().as_u16(), 200);
    faulty_rpc.set(Faults::default());
    wait_until_healthy(&net).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn low_payer_balance_is_reported_with_the_transactions_it_covers() -> Result<()> {
    let mut net = Net::start(|options| options.health_limits.payer_low = u64::MAX).await?;
    let names_the_runway = |message: &str| message.contains("transactions at");
    wait_for_problem(&net, "payer_low", names_the_runway).await?;
    net.local.stop_orchestrator().await?;
    net.local.set_health_limits(HealthLimits::default());
    net.local.start_orchestrator().await?;
    wait_until_healthy(&net).await?;
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
    // Missing agents are no problem while there are no jobs.
    wait_until_healthy(&net).await?;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let names_the_jobs = |message: &str| message.starts_with("1 jobs wait");
    wait_for_problem(&net, "no_agents", names_the_jobs).await?;
    let api = net.api()?;
    let offline = "millrace_waiting_jobs_by_reason{reason=\"agent_offline\"} 1.0";
    let counted = || async { Ok(api.metrics().await?.contains(offline)) };
    net.wait_until("counting the waiting job", counted).await?;
    for provider in 0..3 {
        net.local.start_agent(provider)?;
    }
    net.wait_finished(&job).await?;
    wait_until_healthy(&net).await?;

    let id = net.local.file.network_id.get(..16).context("a long id")?;
    let folder = net.local.folder().join("networks").join(id);
    let other = rusqlite::Connection::open(folder.join("orchestrator/store.db"))?;
    other.busy_timeout(Duration::from_secs(60))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    wait_for_problem(&net, "store_not_writable", |_| true).await?;
    other.execute_batch("ROLLBACK")?;
    wait_until_healthy(&net).await?;
    net.stop().await;
    Ok(())
}

/// Calls a cheat method of the embedded validator.
async fn call_validator(net: &Net, method: &str, parameters: serde_json::Value) -> Result<()> {
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
    // Only the embedded validator can remove tokens and change the time.
    let net = Net::start_on(ValidatorKind::Embedded, |_| {}).await?;
    wait_until_healthy(&net).await?;
    let vault = pda::stake_vault(&net.local.provider(0).context("a provider")?);
    let mut data = net.rpc().account(&vault).await?.context("a vault")?.data;
    let staked = u64::from_le_bytes(data[64..72].try_into()?);
    data[64..72].copy_from_slice(&(staked - 7).to_le_bytes());
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    let update = serde_json::json!([vault.to_string(), { "data": hex }]);
    call_validator(&net, "surfnet_setAccount", update).await?;
    let names_the_amount = |message: &str| message.starts_with("7 base units");
    wait_for_problem(&net, "tokens_missing", names_the_amount).await?;

    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let hour = since.as_millis() + 3_600_000;
    let travel = serde_json::json!([{ "absoluteTimestamp": hour as u64 }]);
    call_validator(&net, "surfnet_timeTravel", travel).await?;
    // On a busy machine the chain's clock may lag behind before, which is the same problem.
    let names_the_side = |message: &str| message.contains("ahead of this machine's");
    wait_for_problem(&net, "clock_skew", names_the_side).await?;
    net.stop().await;
    Ok(())
}
