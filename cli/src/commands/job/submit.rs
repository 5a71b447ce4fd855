//! `millrace job submit` and `millrace job quote`.

use crate::config::Settings;
use crate::connection::{connect, orchestrator_api};
use crate::error::CliError;
use crate::job::costs::JobCosts;
use crate::job::submit;
use crate::ui::{confirm, output};
use millrace_client::Pubkey;
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::path::Path;

pub(crate) struct Submitted {
    pub job: Pubkey,
    report: PostedReport,
}

#[derive(Serialize)]
struct PostedReport {
    job: String,
    signature: String,
    uploaded: usize,
    costs: JobCosts,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct QuoteReport {
    costs: JobCosts,
    placeable: bool,
    blockers: Vec<String>,
    warnings: Vec<String>,
}

impl Submitted {
    pub(crate) fn print(&self, settings: &Settings) {
        settings.output.print(&self.report, |report| {
            let job = &report.job;
            format!("posted job {job}\nfollow it with `millrace job watch {job}`")
        });
    }

    /// Prints no data, because the result of the job follows.
    pub(crate) fn print_notice(&self, settings: &Settings) {
        let text = format!("posted job {}", self.report.job);
        if settings.output.json {
            output::notice(&text);
        } else {
            settings.output.print_text(&text);
        }
    }
}

pub(crate) async fn run(
    settings: &Settings,
    manifest: &Path,
    yes: bool,
) -> Result<Submitted, CliError> {
    // Local problems are reported before those of the network.
    let api = orchestrator_api(settings)?;
    let resolved = submit::load(manifest, &api).await?;
    let wallet = settings.wallet()?;
    let connection = connect(settings).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    for warning in &prepared.warnings {
        output::notice(&format!("warning: {warning}"));
    }
    let costs = prepared.costs.table(connection.payment_decimals);
    if yes {
        settings.output.print_text(&costs);
    } else {
        output::notice(&costs);
        confirm::ask_yes("Sign and post?")?;
    }
    let sender = connection.sender().await?;
    let posted = submit::post(&prepared, &api, &sender, &wallet).await?;
    Ok(Submitted {
        job: posted.job,
        report: PostedReport {
            job: posted.job.to_string(),
            signature: posted.signature,
            uploaded: posted.uploaded,
            costs: prepared.costs,
            warnings: prepared.warnings,
        },
    })
}

/// Prints the costs, and whether the orchestrator could place the job.
pub(crate) async fn quote(settings: &Settings, manifest: &Path) -> Result<(), CliError> {
    let api = orchestrator_api(settings)?;
    let resolved = submit::load(manifest, &api).await?;
    let connection = connect(settings).await?;
    // Without a wallet, the costs are those of a wallet that has not posted a job.
    let wallet = settings.wallet().ok().map(|key| key.pubkey());
    let client = wallet.unwrap_or_default();
    let prepared = submit::price(&connection, &api, client, resolved).await?;
    let quote = api.quote(&prepared.quote_request()).await?;
    let mut warnings = Vec::new();
    if wallet.is_some()
        && let Err(shortfall) = prepared.require_funds()
    {
        warnings.push(shortfall.to_string());
    }
    let report = QuoteReport {
        costs: prepared.costs,
        placeable: quote.placeable,
        blockers: quote.blockers,
        warnings,
    };
    settings.output.print(&report, |report| {
        let table = report.costs.table(connection.payment_decimals);
        if report.placeable {
            format!("{table}\nthe job could be placed now")
        } else {
            table
        }
    });
    for warning in &report.warnings {
        output::notice(&format!("warning: {warning}"));
    }
    if report.placeable {
        Ok(())
    } else {
        Err(CliError::NotPlaceable(report.blockers.join("; ")))
    }
}
