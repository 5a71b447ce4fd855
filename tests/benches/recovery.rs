//! A start with ten thousand open jobs on chain: until all of them are planned for, what memory they take,
//! and how long answers about them take.

use crate::crowd::{Crowd, Setting, terms};
use crate::exposition::Shown;
use crate::figures::{Figures, percentile};
use anyhow::{Result, ensure};
use millrace_testkit::jobs::Terms;
use millrace_testkit::localnet::{ValidatorKind, WAIT_TIMEOUT};
use std::time::{Duration, Instant};

const JOBS: usize = 10_000;
const CLIENTS: usize = 250;
/// Providers that are registered, and whose agents are away: the jobs stay open.
const PROVIDERS: usize = 1_000;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it runs until its memory is looked at again.
const STEADY: Duration = Duration::from_secs(10);
/// Questions of each kind.
const QUESTIONS: usize = 9;
const MIB: f64 = 1_048_576.0;

/// Measures on the embedded validator.
pub async fn measure(figures: &mut Figures) -> Result<()> {
    let mut crowd = Crowd::gather(Setting {
        kind: ValidatorKind::Embedded,
        clients: CLIENTS,
        providers: (PROVIDERS, false),
        terms: Terms {
            within: 7_200,
            ..terms(1, 3)
        },
    })
    .await?;
    crowd.orchestrator.process.kill()?;
    let began = Instant::now();
    crowd.post_all(JOBS / CLIENTS).await?;
    let took = began.elapsed().as_secs_f64();
    figures.note("recover.posted_per_s", JOBS as f64 / took, "1/s");

    let start = Instant::now();
    crowd.orchestrator.process.restart()?;
    let shown = planned_for_all(&crowd).await?;
    let took = start.elapsed().as_secs_f64();
    let waiting = shown.value("millrace_waiting_jobs");
    let remark = format!("until the first plan over {JOBS} open jobs, {waiting} of which wait");
    figures.note_with("recover.s", took, "s", remark);
    let resident = |crowd: &Crowd| -> Result<f64> {
        Ok(crowd.orchestrator.process.usage()?.resident as f64 / MIB)
    };
    figures.note_with(
        "memory.mb.planned",
        resident(&crowd)?,
        "MiB",
        "at that time",
    );
    for (name, path) in [
        ("health", "/health"),
        ("metrics", "/metrics"),
        ("jobs", "/v1/jobs"),
    ] {
        let mut taken = Vec::new();
        for _ in 0..QUESTIONS {
            let asked = Instant::now();
            reqwest::get(crowd.orchestrator.route(path))
                .await?
                .bytes()
                .await?;
            taken.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        let remark =
            format!("GET {path} with {waiting} waiting jobs and {PROVIDERS} providers (p50)");
        figures.note_with(format!("{name}.ms"), percentile(&taken, 50), "ms", remark);
    }
    let before = crowd.look().await?;
    tokio::time::sleep(STEADY).await;
    let after = crowd.look().await?;
    figures.note_with(
        "memory.mb",
        resident(&crowd)?,
        "MiB",
        format!(
            "{} s later; {:.2} of a core, {:.1} plans/s of {:.1} ms",
            STEADY.as_secs(),
            after.orchestrator_since(&before, STEADY),
            after
                .shown
                .since(&before.shown, "millrace_plan_seconds_count")
                / STEADY.as_secs_f64(),
            1e3 * after
                .shown
                .since(&before.shown, "millrace_plan_seconds_sum")
                / after
                    .shown
                    .since(&before.shown, "millrace_plan_seconds_count")
                    .max(1.0),
        ),
    );
    crowd.disperse().await
}

/// Waits for the first plan that had all jobs before it.
async fn planned_for_all(crowd: &Crowd) -> Result<Shown> {
    let start = Instant::now();
    loop {
        if let Ok(shown) = Shown::at(&crowd.orchestrator.route("/metrics")).await {
            // The chain is read before the first plan is made, and counted when it is made.
            let open = shown.value("millrace_jobs{state=\"open\"}");
            if open >= JOBS as f64 && shown.value("millrace_plan_seconds_count") >= 1.0 {
                return Ok(shown);
            }
        }
        ensure!(
            start.elapsed() < WAIT_TIMEOUT,
            "there was no plan over {JOBS} jobs within {WAIT_TIMEOUT:?}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
