//! `millrace job watch`, `list` and `show`.

use crate::api::{JobPhase, JobView};
use crate::config::Settings;
use crate::connection::{NetworkConnection, connect, orchestrator_api};
use crate::error::CliError;
use crate::job::watch;
use crate::ui::output::{self, key_values, table, tokens};
use crate::ui::progress::Progress;
use millrace_client::Pubkey;
use millrace_client::accounts::AnyAccount;
use millrace_client::program::state::{Job, JobState};
use millrace_protocol::amount::format_amount;
use solana_sdk::signature::Signer;
use std::cmp::Reverse;

pub(crate) async fn wait_until_over(
    settings: &Settings,
    job: &Pubkey,
) -> Result<JobView, CliError> {
    let api = orchestrator_api(settings)?;
    let mut progress = Progress::new();
    let view = watch::wait_until_over(&api, job, &mut progress).await?;
    progress.finish();
    Ok(view)
}

pub(crate) async fn watch(settings: &Settings, job: &Pubkey) -> Result<(), CliError> {
    let view = wait_until_over(settings, job).await?;
    let connection = connect(settings).await?;
    settings
        .output
        .print(&view, |view| summary(view, connection.payment_decimals));
    watch::require_paid(&view)
}

/// Lists the jobs in the orchestrator's record, or those on chain if the orchestrator does not answer.
pub(crate) async fn list(settings: &Settings, all: bool) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let mut jobs = match orchestrator_api(settings)?.jobs().await {
        Ok(jobs) => jobs,
        Err(error) => {
            output::notice(&format!("warning: {error}; showing the jobs on chain"));
            jobs_on_chain(&connection).await?
        }
    };
    if !all {
        let client = settings.wallet()?.pubkey().to_string();
        jobs.retain(|job| job.client == client);
    }
    settings.output.print(&jobs, |jobs| {
        let decimals = connection.payment_decimals;
        let rows = jobs.iter().map(|job| {
            [
                job.job.clone(),
                job.state.to_string(),
                format!("{} of {}", job.settled, job.shard_count),
                format_amount(job.deposited, decimals),
                format_amount(job.paid.saturating_add(job.fee), decimals),
            ]
        });
        let head = ["job", "state", "shards settled", "deposited", "cost so far"];
        table(head, &[3, 4], rows)
    });
    Ok(())
}

/// Shows the orchestrator's record of a job, or the account on chain if the orchestrator does not
/// answer.
pub(crate) async fn show(settings: &Settings, job: &Pubkey) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let view = match orchestrator_api(settings)?.job(job).await {
        Ok(Some(view)) => Some(view),
        Ok(None) => job_on_chain(&connection, job).await?,
        Err(error) => {
            output::notice(&format!("warning: {error}; showing the job on chain"));
            job_on_chain(&connection, job).await?
        }
    };
    let view = view.ok_or_else(|| CliError::NoSuchJob(job.to_string()))?;
    settings
        .output
        .print(&view, |view| details(view, connection.payment_decimals));
    Ok(())
}

async fn jobs_on_chain(connection: &NetworkConnection) -> Result<Vec<JobView>, CliError> {
    let snapshot = connection.rpc.snapshot_all().await?;
    let mut jobs: Vec<(Pubkey, Job)> = snapshot
        .accounts
        .iter()
        .filter_map(|(key, data)| match AnyAccount::decode(key, data)? {
            AnyAccount::Job(job, _) => Some((*key, *job)),
            _ => None,
        })
        .collect();
    jobs.sort_by_key(|(key, job)| (Reverse(job.posted_at), *key));
    Ok(jobs
        .iter()
        .map(|(key, job)| view_from_account(key, job))
        .collect())
}

async fn job_on_chain(
    connection: &NetworkConnection,
    job: &Pubkey,
) -> Result<Option<JobView>, CliError> {
    let account = connection.rpc.find::<Job>(job).await?;
    Ok(account.map(|account| view_from_account(job, &account)))
}

fn view_from_account(key: &Pubkey, job: &Job) -> JobView {
    let state = match job.state() {
        _ if job.is_finished() => JobPhase::Finished,
        Some(JobState::Open) => JobPhase::Open,
        Some(JobState::Cancelled) => JobPhase::Cancelled,
        _ => JobPhase::Expired,
    };
    JobView {
        job: key.to_string(),
        client: job.client.to_string(),
        manifest: hex::encode(job.manifest),
        state,
        shard_count: job.shards,
        settled: job.settled,
        failed: job.failed,
        cancelled: job.cancelled,
        deposited: job.deposited,
        paid: job.paid,
        fee: job.fee,
        refunded: job.refunded,
        compensated: job.compensated,
        deadline: job.deadline,
        pending_reasons: Vec::new(),
        shards: Vec::new(),
    }
}

fn summary(view: &JobView, decimals: u8) -> String {
    key_values([
        ("job", view.job.clone()),
        ("client", view.client.clone()),
        ("manifest", format!("sha256:{}", view.manifest)),
        (
            "state",
            format!("{}: {}", view.state, watch::status_line(view)),
        ),
        ("deposited", tokens(view.deposited, decimals)),
        ("paid to providers", tokens(view.paid, decimals)),
        ("protocol fee", tokens(view.fee, decimals)),
        ("refunded", tokens(view.refunded, decimals)),
        ("from lost bonds", tokens(view.compensated, decimals)),
    ])
}

fn details(view: &JobView, decimals: u8) -> String {
    let rows = view.shards.iter().map(|shard| {
        let seats = shard.seats.iter().map(|seat| {
            let price = format_amount(seat.price, decimals);
            format!("{} {} at {price}", seat.provider, seat.state)
        });
        [
            shard.index.to_string(),
            shard.state.to_string(),
            (u32::from(shard.attempt) + 1).to_string(),
            shard.fuel.map(|fuel| fuel.to_string()).unwrap_or_default(),
            seats.collect::<Vec<_>>().join("\n"),
        ]
    });
    let head = ["shard", "state", "attempt", "fuel", "seats"];
    let shards = table(head, &[0, 2, 3], rows);
    format!("{}\n\n{shards}", summary(view, decimals))
}
