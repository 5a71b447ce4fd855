//! A start with ten thousand open jobs on chain: the time until all are planned, the memory, and the
//! time of API requests about them.

use crate::figures::{Figures, percentile};
use crate::load::{Load, LoadOptions, terms};
use crate::metrics::Metrics;
use anyhow::{Result, ensure};
use millrace_testkit::jobs::Terms;
use millrace_testkit::localnet::{ValidatorKind, WAIT_TIMEOUT};
use std::time::{Duration, Instant};

const JOBS: usize = 10_000;
const CLIENTS: usize = 250;
/// Registered providers without agents, so the jobs stay open.
const PROVIDERS: usize = 1_000;
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Delay before memory is measured again.
const STEADY: Duration = Duration::from_secs(10);
/// Requests of each kind.
const REQUESTS: usize = 9;
const MIB: f64 = 1_048_576.0;

pub(crate) async fn measure(figures: &mut Figures) -> Result<()> {
    let mut load = Load::start(LoadOptions {
        kind: ValidatorKind::Embedded,
        clients: CLIENTS,
        providers: (PROVIDERS, false),
        terms: Terms {
            within: 7_200,
            ..terms(1, 3)
        },
    })
    .await?;
    load.orchestrator.process.kill()?;
    let start = Instant::now();
    load.post_all(JOBS / CLIENTS).await?;
    let took = start.elapsed().as_secs_f64();
    figures.note("recover.posted_per_s", JOBS as f64 / took, "1/s");

    let start = Instant::now();
    load.orchestrator.process.restart()?;
    let metrics = wait_for_full_plan(&load).await?;
    let took = start.elapsed().as_secs_f64();
    let waiting = metrics.value("millrace_waiting_jobs");
    let remark = format!("until the first plan over {JOBS} open jobs, {waiting} of which wait");
    figures.note_with("recover.s", took, "s", remark);
    let resident = |load: &Load| -> Result<f64> {
        Ok(load.orchestrator.process.usage()?.resident as f64 / MIB)
    };
    figures.note_with("memory.mb.planned", resident(&load)?, "MiB", "at that time");
    for (name, path) in [
        ("health", "/health"),
        ("metrics", "/metrics"),
        ("jobs", "/v1/jobs"),
    ] {
        let mut taken = Vec::new();
        for _ in 0..REQUESTS {
            let start = Instant::now();
            reqwest::get(load.orchestrator.route(path))
                .await?
                .bytes()
                .await?;
            taken.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let remark =
            format!("GET {path} with {waiting} waiting jobs and {PROVIDERS} providers (p50)");
        figures.note_with(format!("{name}.ms"), percentile(&taken, 50), "ms", remark);
    }
    let before = load.sample().await?;
    tokio::time::sleep(STEADY).await;
    let after = load.sample().await?;
    figures.note_with(
        "memory.mb",
        resident(&load)?,
        "MiB",
        format!(
            "{} s later; {:.2} of a core, {:.1} plans/s of {:.1} ms",
            STEADY.as_secs(),
            after.orchestrator_since(&before, STEADY),
            after
                .metrics
                .since(&before.metrics, "millrace_plan_seconds_count")
                / STEADY.as_secs_f64(),
            1e3 * after
                .metrics
                .since(&before.metrics, "millrace_plan_seconds_sum")
                / after
                    .metrics
                    .since(&before.metrics, "millrace_plan_seconds_count")
                    .max(1.0),
        ),
    );
    load.stop().await
}

/// Waits for the first plan with all jobs.
async fn wait_for_full_plan(load: &Load) -> Result<Metrics> {
    let start = Instant::now();
    loop {
        if let Ok(metrics) = Metrics::fetch(&load.orchestrator.route("/metrics")).await {
            // The chain is read before the first plan, and the metric is set by that plan.
            let open = metrics.value("millrace_jobs{state=\"open\"}");
            if open >= JOBS as f64 && metrics.value("millrace_plan_seconds_count") >= 1.0 {
                return Ok(metrics);
            }
        }
        ensure!(
            start.elapsed() < WAIT_TIMEOUT,
            "there was no plan over {JOBS} jobs within {WAIT_TIMEOUT:?}"
        );
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
