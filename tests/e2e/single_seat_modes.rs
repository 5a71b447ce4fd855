//! Jobs of one seat whose results are verified by an audit or a challenge.

use anyhow::Result;
use millrace_cli::api::ShardPhase;
use millrace_client::instructions::{ShardRef, challenge_shard};
use millrace_provider::FaultMode;
use millrace_testkit::jobs::{JobFiles, Mode, Terms};
use millrace_testkit::localnet::Net;

/// A network whose cheapest provider, which is asked first, behaves as given.
async fn net_with_first(fault: Option<FaultMode>) -> Result<Net> {
    Net::start(|options| {
        options.providers[0].fault = fault;
        for provider in &mut options.providers[1..] {
            provider.price = 2;
        }
    })
    .await
}

fn terms(mode: Mode) -> Terms {
    Terms {
        mode,
        ..Terms::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audited_job_is_paid_for_the_seats_that_ran_it() -> Result<()> {
    let net = net_with_first(None).await?;
    for (bps, paid) in [(10_000, 1 + 2), (1, 1)] {
        let files = JobFiles::from_wat("tiny", &terms(Mode::Audit(bps)))?;
        let job = net.post(&files).await?;
        let view = net.wait_finished(&job).await?;
        // The second job is audited in one of 10,000 runs.
        assert_eq!((view.settled, view.paid), (1, paid), "{view:#?}");
        assert_eq!(net.result(&job).await?, b"turn the wheel\n");
    }
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn audited_wrong_result_is_slashed_and_replaced() -> Result<()> {
    let net = net_with_first(Some(FaultMode::WrongResult)).await?;
    let files = JobFiles::from_wat("tiny", &terms(Mode::Audit(10_000)))?;
    let job = net.post(&files).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 4), "{view:#?}");
    assert_eq!(net.result(&job).await?, b"turn the wheel\n");
    let dissenter = net.provider(0).await?;
    assert_eq!(
        (dissenter.disagreed, dissenter.earned, dissenter.locked),
        (1, 0, 0)
    );
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unchallenged_result_is_paid_after_its_window() -> Result<()> {
    let net = net_with_first(None).await?;
    let files = JobFiles::from_wat("tiny", &terms(Mode::Challenge(5)))?;
    let job = net.post(&files).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 1), "{view:#?}");
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn challenged_wrong_result_is_slashed_and_the_bond_returned() -> Result<()> {
    let net = net_with_first(Some(FaultMode::WrongResult)).await?;
    let files = JobFiles::from_wat("tiny", &terms(Mode::Challenge(60)))?;
    let tokens = net.client_tokens().await?;
    let job = net.post(&files).await?;
    net.wait_for(&job, "the first result", |view| {
        view.shards[0].state == ShardPhase::Revealing
    })
    .await?;
    let owner = net.local.keys.client.pubkey();
    let place = ShardRef {
        job,
        index: 0,
        embedded: true,
    };
    let challenge = challenge_shard(owner, &owner, place, net.local.mints);
    let deposit = tokens - net.client_tokens().await?;
    net.local
        .sender()
        .send("challenge", &[challenge], &[net.wallet()])
        .await?;
    assert!(
        net.client_tokens().await? < tokens - deposit,
        "a bond is locked"
    );
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 4), "{view:#?}");
    assert_eq!(net.result(&job).await?, b"turn the wheel\n");
    // The bond was returned.
    assert!(net.client_tokens().await? >= tokens - deposit);
    assert_eq!(net.provider(0).await?.disagreed, 1);
    net.stop().await;
    Ok(())
}
