//! A constant load for a long time, during which no resource may grow. `make soak MINUTES=30`.

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use millrace_cli::localnet::options::ProviderOptions;
use millrace_testkit::env_number;
use millrace_testkit::growth::{GrowthTable, Series};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::process::{MillraceProcess, OrchestratorProcess};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const SAMPLE_INTERVAL: Duration = Duration::from_secs(5);
const MIB: f64 = (1 << 20) as f64;
/// Duration without `MILLRACE_MINUTES`, which shows that the test works.
const MIN_DURATION: Duration = Duration::from_secs(15);
/// Minimum duration for judging growth, minutes. Everything grows after a start.
const MIN_JUDGED_MINUTES: u64 = 10;
const AT_ONCE: usize = 3;

/// The quantities of a sample, each with its allowed growth over the second half.
fn watched() -> GrowthTable {
    GrowthTable::new([
        // The allocator keeps freed memory in pieces, so a change of some megabytes is not a leak.
        ("orchestrator MiB", 6.0),
        ("files", 6.0),
        ("threads", 3.0),
        ("tasks", 12.0),
        ("actions", 8.0),
        ("submitted", 8.0),
        ("failed", 8.0),
        ("outcomes", 12.0),
        ("ready", 8.0),
        ("journal", 8.0),
        ("agent MiB", 12.0),
        ("agent files", 6.0),
        ("agent threads", 3.0),
    ])
}

async fn sample(orchestrator: &OrchestratorProcess, agent: &MillraceProcess) -> Result<Vec<f64>> {
    let stats: Value = reqwest::get(orchestrator.route("/v1/debug/stats"))
        .await?
        .json()
        .await?;
    let stat = |name: &str| stats[name].as_f64().with_context(|| format!("no {name}"));
    let (own, theirs) = (orchestrator.process.usage()?, agent.usage()?);
    Ok(vec![
        own.resident as f64 / MIB,
        own.files as f64,
        own.threads as f64,
        stat("tasks")?,
        stat("actions")?,
        stat("submitted")?,
        stat("failed")?,
        stat("outcomes")?,
        stat("ready")?,
        stat("journal")?,
        theirs.resident as f64 / MIB,
        theirs.files as f64,
        theirs.threads as f64,
    ])
}

/// Runs one job. Every tenth cannot be placed and is refunded.
async fn one_job(net: &Net, number: u64, posting: &Mutex<()>) -> Result<()> {
    let possible = number % 10 != 9;
    let mut terms = Terms {
        lines: vec![format!("one of {number}"), format!("two of {number}")],
        ..Terms::default()
    };
    if !possible {
        terms.region = Some("mars".into());
        (terms.commit, terms.reveal, terms.within) = (5, 5, 20);
    }
    let files = JobFiles::from_wat("tiny", &terms)?;
    let job = {
        let _turn = posting.lock().await;
        net.post(&files).await?
    };
    let view = net.wait_closed(&job).await?;
    let expected = if possible { (2, 0, 6) } else { (0, 2, 0) };
    ensure!(
        (view.settled, view.failed, view.paid) == expected,
        "{view:#?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_do_not_grow_under_steady_load() -> Result<()> {
    let minutes = env_number("MILLRACE_MINUTES", 0)?;
    let end = Instant::now() + Duration::from_secs(60 * minutes).max(MIN_DURATION);
    let mut net = Net::start(|options| {
        for provider in &mut options.providers {
            *provider = ProviderOptions {
                started: false,
                capacity: 4,
                ..ProviderOptions::default()
            };
        }
    })
    .await?;
    let (rpc, ws) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
    let orchestrator = OrchestratorProcess::take_over(&mut net, (&rpc, &ws), 2).await?;
    let agents: Vec<MillraceProcess> = (0..3)
        .map(|index| MillraceProcess::agent(&net, index))
        .collect::<Result<_>>()?;

    let posting = Mutex::default();
    let numbers = stream::iter(0..).take_while(|_| async { Instant::now() < end });
    let work = numbers.map(|number| one_job(&net, number, &posting));
    let work = work
        .buffer_unordered(AT_ONCE)
        .try_fold(0_u64, |finished, ()| async move { Ok(finished + 1) });
    let mut table = watched();
    let watch = async {
        let mut beat = tokio::time::interval(SAMPLE_INTERVAL);
        loop {
            beat.tick().await;
            table.add(sample(&orchestrator, &agents[0]).await?);
            if table.len() % 12 == 1 {
                println!("{}", table.last_line());
            }
        }
    };
    let finished: u64 = tokio::select! {
        finished = work => finished?,
        failed = watch => return failed,
    };
    println!("{finished} jobs in {minutes} minutes\n{table}");
    let grown: Vec<&Series> = table.exceeding();
    let judged = minutes >= MIN_JUDGED_MINUTES;
    ensure!(!judged || grown.is_empty(), "these grew: {grown:#?}");
    ensure!(
        finished > 0 && table.len() > 1,
        "nothing was finished or watched"
    );
    let (vault, held) = net.escrow().await?;
    assert_eq!((vault, held), (0, 0));
    drop((orchestrator, agents));
    net.stop().await;
    Ok(())
}
