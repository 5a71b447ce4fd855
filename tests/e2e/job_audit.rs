//! `millrace job audit`: the history, the expected provider selection, and the recomputed results.

use anyhow::{Context, Result};
use millrace_client::Pubkey;
use millrace_provider::FaultMode;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use serde_json::Value;
use std::time::Duration;

/// Runs the audit and returns its exit code, its data and its stderr.
async fn audit(net: &Net, job: &Pubkey, more: &[&str]) -> Result<(Option<i32>, Value, String)> {
    let job = job.to_string();
    let arguments = ["job", "audit", &job].into_iter();
    net.run_json(arguments.chain(more.iter().copied())).await
}

fn names(data: &Value) -> Vec<&str> {
    let steps = data["custody"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["event"].as_str()).collect()
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn job_audit_replays_history_and_recomputes_results() -> Result<()> {
    let net = Net::start(|options| {
        options.close_after = Duration::from_secs(1);
        // The cheapest provider is offline, the next one returns wrong results.
        options.providers.push(options.providers[0].clone());
        options.providers[0].started = false;
        options.providers[1].fault = Some(FaultMode::WrongResult);
        for (at, provider) in options.providers.iter_mut().enumerate() {
            provider.price = 1 + at as u64;
        }
    })
    .await?;
    let terms = Terms {
        lines: vec!["turn the wheel".into(), "and again".into()],
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_closed(&job).await?;
    // Only the job's transactions are left on chain.
    net.wait_until("the closing to be final", || async {
        let (_, data, _) = audit(&net, &job, &["--no-run"]).await?;
        Ok(names(&data).contains(&"JobClosed"))
    })
    .await?;
    let (code, data, stderr) = audit(&net, &job, &[]).await?;
    assert_eq!(code, Some(0), "{stderr}\n{data:#}");
    assert_eq!(data["discrepancies"], Value::Array(Vec::new()));
    assert_eq!(data["unchecked"], Value::Array(Vec::new()), "{data:#}");

    let names = names(&data);
    assert_eq!(names.first(), Some(&"JobPosted"), "{names:?}");
    assert_eq!(names.last(), Some(&"JobClosed"), "{names:?}");
    for (name, times) in [
        ("SeatsAssigned", 2),
        ("StakeSlashed", 2),
        ("ShardSettled", 2),
    ] {
        let found = names.iter().filter(|found| **found == name).count();
        assert_eq!(found, times, "{name}: {names:?}");
    }

    let provider = |index| net.local.provider(index).map(|key| key.to_string());
    assert_eq!(count(&data["seats"]), 2);
    for seats in data["seats"].as_array().into_iter().flatten() {
        assert_eq!(count(&seats["expected"]), 3);
        let stderr: Vec<(Option<String>, Option<&str>)> = seats["candidates"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let key = one["provider"].as_str().map(str::to_owned);
                (key, one["ineligible"].as_str())
            })
            .collect();
        let expected = [
            (provider(0), Some("agent_offline")),
            (provider(1), None),
            (provider(2), None),
            (provider(3), None),
        ];
        // Each provider works on one shard at a time, so the second selection is made after the first
        // shard.
        assert_eq!(stderr, expected, "{seats:#}");
        assert_eq!(seats["self_reported"], 1);
    }
    assert_eq!(count(&data["results"]), 2);
    for result in data["results"].as_array().into_iter().flatten() {
        assert_eq!(result["recomputed_root"], result["root"], "{result:#}");
        assert_eq!(result["recorded_root"], result["root"], "{result:#}");
    }

    an_altered_record_is_found(&net, &job).await?;
    let (code, _, stderr) = audit(&net, &Pubkey::new_unique(), &[]).await?;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("job"), "{stderr}");
    net.stop().await;
    Ok(())
}

/// Changes a selection record so that it hides an eligible provider, which the audit must detect.
async fn an_altered_record_is_found(net: &Net, job: &Pubkey) -> Result<()> {
    let id = net.local.file.network_id.get(..16).context("a long id")?;
    let folder = net.local.folder().join("networks").join(id);
    let store = rusqlite::Connection::open(folder.join("orchestrator/store.db"))?;
    store.busy_timeout(Duration::from_secs(60))?;
    let changed = store.execute(
        "UPDATE selections SET record = replace(record, '\"agent_offline\"', '\"insufficient_free_stake\"') WHERE shard = 1",
        [],
    )?;
    assert_eq!(changed, 1);
    let (code, data, stderr) = audit(net, job, &["--no-run"]).await?;
    assert_eq!(code, Some(4), "{stderr}");
    assert!(stderr.contains("discrepancies"), "{stderr}");
    let wrong = data["discrepancies"].to_string();
    let cheapest = net.local.provider(0).context("a provider")?;
    assert!(
        wrong.contains(&format!(
            "{cheapest} was eligible, but the selection record says"
        )),
        "{wrong}"
    );
    assert!(wrong.contains("should have been selected"), "{wrong}");
    assert!(wrong.contains("shard 1, attempt 0"), "{wrong}");
    Ok(())
}
