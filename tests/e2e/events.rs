//! Events served by the orchestrator: each event once, in order, across restarts, without reverted and
//! forged ones.

use anyhow::{Context, Result};
use millrace_client::{Pubkey, instructions, pda};
use millrace_provider::FaultMode;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use serde_json::Value;
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::transaction::Transaction;

/// The events after a cursor, optionally of one job.
async fn events(net: &Net, job: Option<&Pubkey>, after: &str) -> Result<Vec<Value>> {
    let job = job.map(|job| format!("&job={job}")).unwrap_or_default();
    let url = format!(
        "{}/v1/events?after={after}{job}",
        net.local.orchestrator_url
    );
    let text = reqwest::get(url).await?.error_for_status()?.text().await?;
    Ok(text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?)
}

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|one| one["event"]["name"].as_str());
    names.map(Option::unwrap_or_default).collect()
}

async fn wait_for_event(net: &Net, job: &Pubkey, name: &str, times: usize) -> Result<Vec<Value>> {
    let served = async || -> Result<bool> {
        let served = events(net, Some(job), "0").await?;
        Ok(names(&served)
            .iter()
            .filter(|served| **served == name)
            .count()
            >= times)
    };
    net.wait_until(&format!("{times} {name}"), served).await?;
    events(net, Some(job), "0").await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_job_are_served_once_and_in_order_across_a_restart() -> Result<()> {
    let mut net = Net::start(|_| {}).await?;
    let terms = Terms {
        lines: vec!["one".into(), "two".into()],
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_finished(&job).await?;
    let served = wait_for_event(&net, &job, "ShardSettled", 2).await?;
    let names = names(&served);
    assert_eq!(names[0], "JobPosted");
    assert_eq!(names.iter().filter(|n| **n == "JobPosted").count(), 1);
    assert_eq!(names.iter().filter(|n| **n == "ShardSettled").count(), 2);
    let slots: Vec<u64> = served
        .iter()
        .filter_map(|one| one["slot"].as_u64())
        .collect();
    assert!(slots.is_sorted() && slots.len() == served.len());
    let paid = served
        .iter()
        .filter_map(|one| one["event"]["fields"]["paid"].as_u64());
    assert_eq!(
        paid.sum::<u64>(),
        6,
        "three seats of two shards, one base unit each"
    );

    // A restarted orchestrator serves the same events and continues from any cursor.
    let all = events(&net, None, "0").await?;
    net.local.stop_orchestrator().await?;
    net.local.start_orchestrator().await?;
    net.local.wait_for_agents().await?;
    let second = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    net.wait_finished(&second).await?;
    wait_for_event(&net, &second, "ShardSettled", 1).await?;
    let again = events(&net, None, "0").await?;
    assert_eq!(again[..all.len()], all[..]);
    let cursor = all[3]["cursor"].as_str().context("no cursor")?;
    assert_eq!(events(&net, None, cursor).await?, again[4..]);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reverted_and_forged_events_are_not_served() -> Result<()> {
    let net = Net::start(|options| {
        options.providers.truncate(1);
        options.providers[0].fault = Some(FaultMode::NoCommit);
        options.providers[0].started = false;
    });
    let net = net.await?;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let owner = net.local.keys.client.pubkey();
    let cancel = instructions::cancel_job(owner, job, net.local.mints);
    // The second cancellation fails, which reverts the first one.
    let reverted = send_blindly(&net, &[cancel.clone(), cancel.clone()]).await?;
    // The bytes of an event, sent by a caller that cannot sign for it.
    let fake = Instruction {
        program_id: pda::PROGRAM,
        accounts: vec![AccountMeta::new_readonly(pda::event_authority(), false)],
        data: anchor_lang::event::EVENT_IX_TAG_LE.to_vec(),
    };
    let refused = send_blindly(&net, &[fake]).await?;
    assert!(reverted.is_some() && refused.is_some());
    net.local
        .sender()
        .send("cancel", &[cancel], &[net.wallet()])
        .await?;
    let served = wait_for_event(&net, &job, "JobCancelled", 1).await?;
    assert_eq!(names(&served), ["JobPosted", "JobCancelled"]);
    net.stop().await;
    Ok(())
}

/// Sends a transaction without preflight and returns the error with which it failed on chain.
async fn send_blindly(net: &Net, instructions: &[Instruction]) -> Result<Option<String>> {
    let (rpc, wallet) = (net.rpc(), net.wallet());
    let payer = net.local.keys.client.pubkey();
    let blockhash = rpc.client().get_latest_blockhash().await?;
    let transaction =
        Transaction::new_signed_with_payer(instructions, Some(&payer), &[wallet], blockhash);
    let config = RpcSendTransactionConfig {
        skip_preflight: true,
        ..RpcSendTransactionConfig::default()
    };
    let sent = rpc
        .client()
        .send_transaction_with_config(&transaction, config);
    let signature = sent.await?;
    let mut status = None;
    for _ in 0..600 {
        let found = rpc.client().get_signature_statuses(&[signature]).await?;
        status = found.value.into_iter().next().flatten();
        if status.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let status = status.context("the transaction is not in the chain")?;
    Ok(status.err.map(|error| error.to_string()))
}
