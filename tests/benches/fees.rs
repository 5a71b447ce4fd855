//! Transactions and fees of a job on a running chain: alone, and with many jobs that share
//! transactions.

use crate::figures::Figures;
use crate::load::{AGENTS, Load, LoadOptions, terms};
use anyhow::Result;
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients, each with one job at a time.
const CLIENTS: usize = 48;
const SPAN: Duration = Duration::from_secs(15);

/// Measures jobs of one shard with one seat and with three. All transactions until the last close are
/// counted; all rent has been returned by then.
pub(crate) async fn measure(
    figures: &mut Figures,
    validator: &str,
    kind: ValidatorKind,
) -> Result<()> {
    for seats in [1, 3] {
        let load = Load::start(LoadOptions {
            kind,
            clients: CLIENTS,
            providers: (AGENTS, true),
            terms: terms(1, seats),
        })
        .await?;
        for (how, clients) in [("alone", 1), ("load", CLIENTS)] {
            let (before, first) = (load.lamports().await?, load.sample().await?.metrics);
            let result = load.run(clients, Duration::ZERO, SPAN).await?;
            load.wait_until_closed().await?;
            let (after, last) = (load.lamports().await?, load.sample().await?.metrics);
            let jobs = result.posted as f64;
            let each = |before: u64, after: u64| (before as f64 - after as f64) / jobs;
            let sent = |outcome: &str| {
                let sample = format!("millrace_transactions_total{{outcome=\"{outcome}\"}}");
                last.since(&first, &sample)
            };
            let remark = format!(
                "the orchestrator's, for {jobs} jobs at {:.0} a second; {} more failed",
                result.rate(),
                sent("failed")
            );
            figures.note_with(
                format!("chain.tx_per_shard.k{seats}.{how}.{validator}"),
                sent("landed") / jobs,
                "transactions",
                remark,
            );
            let orchestrator = each(before.0, after.0);
            let client = each(before.1, after.1);
            figures.note_with(
                format!("chain.fee_lamports_per_job.k{seats}.{how}.{validator}"),
                orchestrator + client,
                "lamports",
                format!("client {client:.0}, orchestrator {orchestrator:.0}"),
            );
        }
        load.stop().await?;
    }
    Ok(())
}
