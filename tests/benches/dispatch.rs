//! The delay from seeing an assignment on chain to delivering its task to the agent, under load.

use crate::figures::Figures;
use crate::load::{AGENTS, Load, LoadOptions, terms};
use anyhow::{Context, Result};
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients with one job of three seats at a time: a load that does not exhaust the machine.
const CLIENTS: usize = 6;
const SEATS: u8 = 3;
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(30);
/// Percentiles and their targets, milliseconds.
const TARGETS: [(f64, f64); 2] = [(50.0, 5.0), (99.0, 20.0)];

pub(crate) async fn measure(
    figures: &mut Figures,
    validator: &str,
    kind: ValidatorKind,
) -> Result<()> {
    let load = Load::start(LoadOptions {
        kind,
        clients: CLIENTS,
        providers: (AGENTS, true),
        terms: terms(1, SEATS),
    })
    .await?;
    let result = load.run(CLIENTS, WARM_UP, MEASURED).await?;
    let count = result.grown("millrace_dispatch_seconds_count");
    for (percent, target) in TARGETS {
        let ms = result.ms("millrace_dispatch_seconds", percent);
        let ms = ms.context("no task was dispatched")?;
        let kept = if ms < target { "" } else { ", MISSED" };
        let remark = format!(
            "{count:.0} tasks at {:.0} jobs/s; less than {target} ms target{kept}; {}",
            result.rate(),
            result.processors()
        );
        let name = format!("dispatch.ms.{validator}.p{percent}");
        figures.note_with(name, ms, "ms", remark);
    }
    load.stop().await
}
