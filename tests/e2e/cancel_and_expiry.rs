//! Jobs that end without a result.

use anyhow::Result;
use millrace_cli::api::ShardPhase;
use millrace_provider::FaultMode;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn unplaceable_job_reports_why_expires_and_is_refunded() -> Result<()> {
    let net = Net::start(|options| options.close_after = Duration::ZERO).await?;
    let tokens = net.client_tokens().await?;
    let terms = Terms {
        region: Some("mars".into()),
        // The deadline leaves time for posting on a busy machine.
        commit: 5,
        reveal: 5,
        within: 20,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    // At first the reason is that the manifest is not loaded yet.
    let why = "0 of 3 providers free, 3 needed, 3 not meeting the requirement";
    net.wait_for(&job, "the reason", |view| view.pending_reasons == [why])
        .await?;
    let view = net.wait_closed(&job).await?;
    assert_eq!(
        (view.failed, view.paid, view.refunded),
        (1, 0, view.deposited)
    );
    assert_eq!(net.client_tokens().await?, tokens);
    assert_eq!(net.escrow().await?, (0, 0));
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_job_refunds_its_unassigned_shards() -> Result<()> {
    // One provider that never commits has a seat at one shard; the other two shards wait.
    let net = Net::start(|options| {
        options.providers.truncate(1);
        options.providers[0].fault = Some(FaultMode::NoCommit);
        options.close_after = Duration::ZERO;
    });
    let net = net.await?;
    let tokens = net.client_tokens().await?;
    let terms = Terms {
        lines: vec!["a".into(), "b".into(), "c".into()],
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        // The seat must not expire before the cancellation, or the provider may get another shard.
        commit: 20,
        reveal: 5,
        within: 40,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_for(&job, "seating", |view| {
        view.shards
            .iter()
            .any(|shard| shard.state == ShardPhase::Assigned)
    })
    .await?;
    let owner = net.local.keys.client.pubkey();
    let cancel = millrace_client::instructions::cancel_job(owner, job, net.local.mints);
    net.local
        .sender()
        .send("cancel", &[cancel], &[net.wallet()])
        .await?;
    // 10 × 5 units, and a fee of 250 bps rounded down, for each shard.
    let cost = 50 + 1;
    assert_eq!(net.client_tokens().await?, tokens - cost);
    let view = net.wait_closed(&job).await?;
    assert_eq!(
        (view.cancelled, view.failed, view.paid),
        (2, 1, 0),
        "{view:#?}"
    );
    assert_eq!(
        net.client_tokens().await?,
        tokens,
        "the assigned shard failed and was refunded"
    );
    net.stop().await;
    Ok(())
}
