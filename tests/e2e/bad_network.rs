//! An orchestrator behind a network that loses, repeats, delays, refuses and falsifies. Notifications
//! are only hints: every job ends as it would without faults and is paid once.

use anyhow::Result;
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A network whose orchestrator reaches the chain through a faulty proxy.
async fn net_behind(faults: Faults, seed: u64) -> Result<(Net, FaultyRpc)> {
    let mut net = Net::start(|_| {}).await?;
    let proxy = FaultyRpc::start(&net.local.rpc_url, &net.local.ws_url, faults, seed).await?;
    net.local.stop_orchestrator().await?;
    net.local
        .route_orchestrator_through(&proxy.rpc_url, &proxy.ws_url);
    net.local.start_orchestrator().await?;
    net.local.wait_for_agents().await?;
    Ok((net, proxy))
}

/// Posts jobs of two shards and checks that each is paid exactly.
async fn all_are_paid_once(net: &Net, jobs: u64) -> Result<()> {
    let mut posted = Vec::new();
    for number in 0..jobs {
        let lines = vec![format!("one of {number}"), format!("two of {number}")];
        let terms = Terms {
            lines,
            ..Terms::default()
        };
        posted.push(net.post(&JobFiles::from_wat("tiny", &terms)?).await?);
    }
    for (number, job) in posted.iter().enumerate() {
        let view = net.wait_finished(job).await?;
        // Two shards with three seats, each paid one base unit for one unit.
        assert_eq!(
            (view.settled, view.failed, view.paid),
            (2, 0, 6),
            "{view:#?}"
        );
        let expected = format!("one of {number}\ntwo of {number}\n");
        assert_eq!(net.result(job).await?, expected.as_bytes());
    }
    for provider in 0..3 {
        let account = net.provider(provider).await?;
        assert_eq!(
            (account.earned, account.agreed),
            (2 * jobs, 2 * jobs as u32)
        );
        assert_eq!(
            (account.disagreed, account.late, account.slashed),
            (0, 0, 0)
        );
    }
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_complete_without_notifications() -> Result<()> {
    let faults = Faults {
        muted: true,
        ..Faults::default()
    };
    let (net, proxy) = net_behind(faults, 1).await?;
    all_are_paid_once(&net, 3).await?;
    // There were notifications, and none arrived.
    assert!(proxy.counts().notifications.load(Relaxed) > 0);
    net.stop().await;
    Ok(())
}

/// This holds even if notifications contain old slots, as those of the embedded validator do.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_complete_without_full_reads() -> Result<()> {
    let never = Duration::from_secs(3_600);
    let net = Net::start(|options| options.full_read_interval = never).await?;
    // The first job outlasts the reads at the start and at the subscription.
    all_are_paid_once(&net, 1).await?;
    let files = JobFiles::from_wat("tiny", &Terms::default())?;
    let view = net.wait_finished(&net.post(&files).await?).await?;
    assert_eq!((view.settled, view.failed), (1, 0), "{view:#?}");
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn next_endpoint_is_used_if_one_disappears() -> Result<()> {
    let mut net = Net::start(|_| {}).await?;
    let (rpc, ws) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
    let first = FaultyRpc::start(&rpc, &ws, Faults::default(), 4).await?;
    let second = FaultyRpc::start(&rpc, &ws, Faults::default(), 5).await?;
    net.local.stop_orchestrator().await?;
    net.local.route_orchestrator_through(
        &format!("{},{}", first.rpc_url, second.rpc_url),
        &format!("{},{}", first.ws_url, second.ws_url),
    );
    net.local.start_orchestrator().await?;
    net.local.wait_for_agents().await?;
    all_are_paid_once(&net, 1).await?;
    // The first endpoint was preferred; the second one only received occasional probes.
    let asked = |proxy: &FaultyRpc| proxy.counts().forwarded.load(Relaxed);
    let before = asked(&second);
    // Probes are periodic, so a busy machine, on which the job takes longer, sees more of them.
    assert!(before * 4 < asked(&first), "{before}");
    drop(first);
    let files = JobFiles::from_wat("tiny", &Terms::default())?;
    let view = net.wait_finished(&net.post(&files).await?).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    assert!(asked(&second) > before + 10);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_repeated_late_and_cut_notifications_change_no_payment() -> Result<()> {
    let faults = Faults {
        lost: 30,
        repeated: 20,
        late: 20,
        cut: 3,
        ..Faults::default()
    };
    let (net, proxy) = net_behind(faults, 2).await?;
    all_are_paid_once(&net, 4).await?;
    assert!(proxy.counts().notifications.load(Relaxed) > 0);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_unanswered_and_stale_calls_change_no_payment() -> Result<()> {
    let faults = Faults {
        rate_limited: 5,
        failing: 5,
        unanswered: 10,
        stale: 20,
        ..Faults::default()
    };
    let (net, proxy) = net_behind(faults, 3).await?;
    all_are_paid_once(&net, 4).await?;
    let counts = proxy.counts();
    assert!(
        counts.failed_calls.load(Relaxed) > 0 && counts.stale_answers.load(Relaxed) > 0,
        "{counts:?}"
    );
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_that_lands_after_its_timeout_pays_once() -> Result<()> {
    let faults = Faults {
        held_back: 60,
        ..Faults::default()
    };
    let (net, proxy) = net_behind(faults, 6).await?;
    let terms = Terms {
        lines: vec!["one".into(), "two".into()],
        // The windows are longer than several consecutive delays.
        commit: 120,
        reveal: 120,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!(
        (view.settled, view.failed, view.paid),
        (2, 0, 6),
        "{view:#?}"
    );
    let counts = proxy.counts();
    let all_delivered = || async {
        let (held, delivered) = (
            counts.held_back.load(Relaxed),
            counts.delivered_late.load(Relaxed),
        );
        Ok(held > 0 && held == delivered)
    };
    net.wait_until("the delivery of all delayed transactions", all_delivered)
        .await?;
    for provider in 0..3 {
        let account = net.provider(provider).await?;
        assert_eq!((account.earned, account.agreed, account.late), (2, 2, 0));
    }
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    net.stop().await;
    Ok(())
}
