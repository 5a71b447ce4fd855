//! The same load for a long time: nothing may grow. `make soak MINUTES=30`.

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

const SAMPLE_EVERY: Duration = Duration::from_secs(5);
const MIB: f64 = (1 << 20) as f64;
/// How long it takes where no minutes are asked for: `make test` sees that it works.
const LEAST: Duration = Duration::from_secs(15);
/// Minutes from which growth is judged: whatever starts grows at first.
const JUDGED_FROM: u64 = 10;
/// Jobs that run at the same time.
const AT_ONCE: usize = 3;

/// What is watched of each sample, and how much more of it there may be at the end of the second half
/// than at its beginning.
fn watched() -> GrowthTable {
    GrowthTable::new([
        // The allocator keeps what it once had, in pieces: some megabytes up and down are no leak.
        ("orchestrator MiB", 6.0),
        ("files", 6.0),
        ("threads", 3.0),
        ("tasks", 12.0),
        ("acts", 8.0),
        ("handed in", 8.0),
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
    let vitals: Value = reqwest::get(orchestrator.route("/v1/vitals"))
        .await?
        .json()
        .await?;
    let vital = |name: &str| vitals[name].as_f64().with_context(|| format!("no {name}"));
    let (own, theirs) = (orchestrator.process.usage()?, agent.usage()?);
    Ok(vec![
        own.resident as f64 / MIB,
        own.files as f64,
        own.threads as f64,
        vital("tasks")?,
        vital("acts")?,
        vital("handed_in")?,
        vital("failed")?,
        vital("outcomes")?,
        vital("ready")?,
        vital("journal")?,
        theirs.resident as f64 / MIB,
        theirs.files as f64,
        theirs.threads as f64,
    ])
}

/// Job after job; every tenth can't be done by anybody, and is refunded.
async fn one_job(net: &Net, number: u64, posting: &Mutex<()>) -> Result<()> {
    let possible = number % 10 != 9;
    let mut terms = Terms {
        lines: vec![format!("one of {number}"), format!("two of {number}")],
        ..Terms::default()
    };
    if !possible {
        terms.region = Some("mars".into());
        (terms.commit, terms.reveal, terms.within) = (2, 2, 8);
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
    let end = Instant::now() + Duration::from_secs(60 * minutes).max(LEAST);
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
        .try_fold(0_u64, |done, ()| async move { Ok(done + 1) });
    let mut table = watched();
    let watch = async {
        let mut beat = tokio::time::interval(SAMPLE_EVERY);
        loop {
            beat.tick().await;
            table.add(sample(&orchestrator, &agents[0]).await?);
            if table.len() % 12 == 1 {
                println!("{}", table.last_line());
            }
        }
    };
    let done: u64 = tokio::select! {
        done = work => done?,
        failed = watch => return failed,
    };
    println!("{done} jobs in {minutes} minutes\n{table}");
    let grown: Vec<&Series> = table.exceeding();
    let judged = minutes >= JUDGED_FROM;
    ensure!(!judged || grown.is_empty(), "these grew: {grown:#?}");
    ensure!(done > 0 && table.len() > 1, "nothing was done or watched");
    let (vault, held) = net.escrow().await?;
    assert_eq!((vault, held), (0, 0));
    drop((orchestrator, agents));
    net.stop().await;
    Ok(())
}
