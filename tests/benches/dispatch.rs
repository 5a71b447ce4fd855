//! From an assignment being seen on chain to its task being with the agent, while jobs come and go.

use crate::crowd::{AGENTS, Crowd, Setting, terms};
use crate::figures::Figures;
use anyhow::{Context, Result};
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients with one job at a time, of three seats: a load under which the machine is not the limit.
const CLIENTS: usize = 6;
const SEATS: u8 = 3;
const WARM_UP: Duration = Duration::from_secs(5);
const COUNTED: Duration = Duration::from_secs(30);
/// Percentiles with what is wanted of each, milliseconds.
const WANTED: [(f64, f64); 2] = [(50.0, 5.0), (99.0, 20.0)];

/// Measures dispatches under a steady load.
pub async fn measure(figures: &mut Figures, validator: &str, kind: ValidatorKind) -> Result<()> {
    let crowd = Crowd::gather(Setting {
        kind,
        clients: CLIENTS,
        providers: (AGENTS, true),
        terms: terms(1, SEATS),
    })
    .await?;
    let worked = crowd.work(CLIENTS, WARM_UP, COUNTED).await?;
    let count = worked.grown("millrace_dispatch_seconds_count");
    for (percent, wanted) in WANTED {
        let ms = worked.ms("millrace_dispatch_seconds", percent);
        let ms = ms.context("nothing was dispatched")?;
        let kept = if ms < wanted { "" } else { ", MISSED" };
        let remark = format!(
            "{count:.0} tasks at {:.0} jobs/s; less than {wanted} ms wanted{kept}; {}",
            worked.rate(),
            worked.processors()
        );
        let name = format!("dispatch.ms.{validator}.p{percent}");
        figures.note_with(name, ms, "ms", remark);
    }
    crowd.disperse().await
}
