//! Transactions and fees that a job takes on a running chain: alone, and where many share transactions.

use crate::crowd::{AGENTS, Crowd, Setting, terms};
use crate::figures::Figures;
use anyhow::Result;
use millrace_testkit::localnet::ValidatorKind;
use std::time::Duration;

/// Clients of the load, each with one job at a time.
const CLIENTS: usize = 48;
/// How long jobs are posted.
const SPAN: Duration = Duration::from_secs(15);

/// Measures jobs of one shard with one seat and with three. All that was sent for them is counted, to the
/// last closing; rent is back by then.
pub async fn measure(figures: &mut Figures, validator: &str, kind: ValidatorKind) -> Result<()> {
    for seats in [1, 3] {
        let crowd = Crowd::gather(Setting {
            kind,
            clients: CLIENTS,
            providers: (AGENTS, true),
            terms: terms(1, seats),
        })
        .await?;
        for (how, clients) in [("alone", 1), ("load", CLIENTS)] {
            let (before, first) = (crowd.lamports().await?, crowd.look().await?.shown);
            let worked = crowd.work(clients, Duration::ZERO, SPAN).await?;
            crowd.wait_until_closed().await?;
            let (after, last) = (crowd.lamports().await?, crowd.look().await?.shown);
            let jobs = worked.posted as f64;
            let each = |before: u64, after: u64| (before as f64 - after as f64) / jobs;
            let sent = |outcome: &str| {
                let sample = format!("millrace_transactions_total{{outcome=\"{outcome}\"}}");
                last.since(&first, &sample)
            };
            let remark = format!(
                "the orchestrator's, for {jobs} jobs at {:.0} a second; {} more failed",
                worked.rate(),
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
        crowd.disperse().await?;
    }
    Ok(())
}
