//! Jobs and shards a second, from many clients who each post the next job as soon as the last is paid.
//! `MILLRACE_CLIENTS` and `MILLRACE_AGENTS` say how many, for whoever looks for the limit.

use crate::crowd::{AGENTS, Crowd, Setting, Worked, terms};
use crate::figures::{Figures, percentile};
use anyhow::Result;
use millrace_testkit::env_number;
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients, each with one job at a time; of large jobs as many as have as many shards under way.
const CLIENTS: u64 = 96;
/// Shards of a large job.
const SHARDS: usize = 16;
/// Until work flows, and how long it is then counted.
const WARM_UP: Duration = Duration::from_secs(5);
const COUNTED: Duration = Duration::from_secs(30);

/// Measures jobs of one shard, then shards of large jobs; one seat each.
pub async fn measure(figures: &mut Figures, validator: &str, kind: ValidatorKind) -> Result<()> {
    let clients = usize::try_from(env_number("MILLRACE_CLIENTS", CLIENTS)?)?;
    let agents = usize::try_from(env_number("MILLRACE_AGENTS", AGENTS as u64)?)?;
    for (what, shards) in [("jobs", 1), ("shards", SHARDS)] {
        let clients = clients.div_ceil(shards);
        let crowd = Crowd::gather(Setting {
            kind,
            clients,
            providers: (agents, true),
            terms: terms(shards, 1),
        })
        .await?;
        let worked = crowd.work(clients, WARM_UP, COUNTED).await?;
        let name = format!("throughput.{what}_per_s.{validator}");
        let remark = format!(
            "{clients} clients, {agents} agents; a job of {shards} paid after {:.2} s (p50), {:.2} s (p99)",
            percentile(&worked.latency, 50),
            percentile(&worked.latency, 99)
        );
        figures.note_with(name, worked.rate() * shards as f64, "1/s", remark);
        let name = format!("throughput.{what}.cores.{validator}");
        figures.note_with(name, worked.cores(), "cores", processors(&worked));
        crowd.disperse().await?;
    }
    Ok(())
}

/// Who took the processors, and how busy the orchestrator's parts were.
fn processors(worked: &Worked) -> String {
    let busy = |histogram: &str| {
        let seconds = worked.grown(&format!("{histogram}_sum"));
        100.0 * seconds / worked.span.as_secs_f64()
    };
    let ms = |histogram: &str| worked.ms(histogram, 50.0).unwrap_or(0.0);
    format!(
        "{}; {:.0} plans/s, {:.0} % of the time; a write to the store {:.1} ms (p50), {:.0}/s; a confirmation {:.0} ms (p50)",
        worked.processors(),
        worked.grown("millrace_plan_seconds_count") / worked.span.as_secs_f64(),
        busy("millrace_plan_seconds"),
        ms("millrace_store_write_seconds"),
        worked.grown("millrace_store_write_seconds_count") / worked.span.as_secs_f64(),
        ms("millrace_confirm_seconds"),
    )
}
