//! Jobs and shards per second from many clients, each of which posts the next job as soon as the last
//! one is paid. `MILLRACE_CLIENTS` and `MILLRACE_AGENTS` change the numbers, to search for the limit.

use crate::figures::{Figures, percentile};
use crate::load::{AGENTS, Load, LoadOptions, LoadResult, terms};
use anyhow::Result;
use millrace_testkit::env_number;
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients, each with one job at a time. With large jobs, fewer clients keep the same number of shards
/// running.
const CLIENTS: u64 = 96;
const SHARDS: usize = 16;
/// Warm-up, and the measured span.
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(30);

/// Measures jobs of one shard, then shards of large jobs, with one seat each.
pub(crate) async fn measure(
    figures: &mut Figures,
    validator: &str,
    kind: ValidatorKind,
) -> Result<()> {
    let clients = usize::try_from(env_number("MILLRACE_CLIENTS", CLIENTS)?)?;
    let agents = usize::try_from(env_number("MILLRACE_AGENTS", AGENTS as u64)?)?;
    for (what, shards) in [("jobs", 1), ("shards", SHARDS)] {
        let clients = clients.div_ceil(shards);
        let load = Load::start(LoadOptions {
            kind,
            clients,
            providers: (agents, true),
            terms: terms(shards, 1),
        })
        .await?;
        let result = load.run(clients, WARM_UP, MEASURED).await?;
        let name = format!("throughput.{what}_per_s.{validator}");
        let remark = format!(
            "{clients} clients, {agents} agents; a job of {shards} paid after {:.2} s (p50), {:.2} s (p99)",
            percentile(&result.latency, 50),
            percentile(&result.latency, 99)
        );
        figures.note_with(name, result.rate() * shards as f64, "1/s", remark);
        let name = format!("throughput.{what}.cores.{validator}");
        figures.note_with(name, result.cores(), "cores", processors(&result));
        load.stop().await?;
    }
    Ok(())
}

/// Processor use of each process, and the load of the orchestrator's parts.
fn processors(result: &LoadResult) -> String {
    let busy = |histogram: &str| {
        let seconds = result.grown(&format!("{histogram}_sum"));
        100.0 * seconds / result.span.as_secs_f64()
    };
    let ms = |histogram: &str| result.ms(histogram, 50.0).unwrap_or(0.0);
    format!(
        "{}; {:.0} plans/s, {:.0} % of the time; a write to the store {:.1} ms (p50), {:.0}/s; a confirmation {:.0} ms (p50)",
        result.processors(),
        result.grown("millrace_plan_seconds_count") / result.span.as_secs_f64(),
        busy("millrace_plan_seconds"),
        ms("millrace_store_write_seconds"),
        result.grown("millrace_store_write_seconds_count") / result.span.as_secs_f64(),
        ms("millrace_confirm_seconds"),
    )
}
