//! `millrace job`: having work done.

mod audit;

use crate::api::{JobPhase, JobView};
use crate::config::settings::{Connection, Settings};
use crate::error::CliError;
use crate::job::{result, submit, watch};
use crate::ui::confirm;
use crate::ui::output::{self, key_values, table, tokens};
use crate::ui::progress::Progress;
use clap::Subcommand;
use millrace_client::accounts::AnyAccount;
use millrace_client::instructions::{Mints, create_token_account};
use millrace_client::program::state::{Job as JobAccount, JobState};
use millrace_client::{Pubkey, instructions, pda};
use millrace_protocol::amount::format_amount;
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::path::PathBuf;

/// Commands of `job`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Check a manifest, show all costs, and post the job with one signature
    Submit {
        /// The manifest, such as job.toml
        manifest: PathBuf,
        /// Wait until it is done, and write the result
        #[arg(long)]
        wait: bool,
        /// Where the result goes, with --wait [default: the manifest's join.output, in this folder]
        #[arg(long, value_name = "FILE", requires = "wait")]
        out: Option<PathBuf>,
        /// Do not ask before signing
        #[arg(short, long)]
        yes: bool,
    },
    /// Show what a job would cost, and whether it could be placed now; signs and sends nothing. Ends with 3 where it could not be placed now
    Quote {
        /// The manifest, such as job.toml
        manifest: PathBuf,
    },
    /// Wait until a job is done, with the reason why it is not
    Watch {
        /// Its address
        job: Pubkey,
    },
    /// List the wallet's jobs
    List {
        /// Everyone's
        #[arg(long)]
        all: bool,
    },
    /// Show a job with its shards and seats
    Show {
        /// Its address
        job: Pubkey,
    },
    /// Fetch a job's result, verify it and write it to a file
    Result {
        /// Its address
        job: Pubkey,
        /// Where it goes [default: the manifest's join.output, in this folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Recompute a job: what happened to it by the chain, who should have worked on it, whether its results come out again here. Ends with 4 where something is not as it should be
    Audit {
        /// Its address
        job: Pubkey,
        /// Do not run its shards on this machine
        #[arg(long)]
        no_run: bool,
    },
    /// Cancel and refund what no provider has taken yet
    Cancel {
        /// Its address
        job: Pubkey,
    },
}

impl JobCommand {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::Submit {
                manifest,
                wait,
                out,
                yes,
            } => {
                let job = submit(settings, &manifest, yes, wait).await?;
                if !wait {
                    return Ok(());
                }
                wait_for(settings, &job).await?;
                write_result(settings, &job, out).await
            }
            Self::Quote { manifest } => quote(settings, &manifest).await,
            Self::Watch { job } => {
                let view = wait_for(settings, &job).await?;
                let connection = settings.connect().await?;
                settings
                    .output
                    .print(&view, |view| summary(view, connection.payment_decimals));
                watch::require_paid(&view)
            }
            Self::List { all } => list(settings, all).await,
            Self::Show { job } => show(settings, &job).await,
            Self::Result { job, out } => write_result(settings, &job, out).await,
            Self::Audit { job, no_run } => audit::run(settings, &job, !no_run).await,
            Self::Cancel { job } => cancel(settings, &job).await,
        }
    }
}

async fn submit(
    settings: &Settings,
    manifest: &std::path::Path,
    yes: bool,
    more_follows: bool,
) -> Result<Pubkey, CliError> {
    #[derive(Serialize)]
    struct PostedReport {
        job: String,
        signature: String,
        uploaded: usize,
        costs: crate::job::costs::JobCosts,
        warnings: Vec<String>,
    }
    // First what is wrong here, then what is wrong elsewhere.
    let api = settings.api()?;
    let resolved = submit::load(manifest, &api).await?;
    let wallet = settings.wallet()?;
    let connection = settings.connect().await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    for warning in &prepared.warnings {
        output::notice(&format!("warning: {warning}"));
    }
    if !yes {
        output::notice(&prepared.costs.table(connection.payment_decimals));
        confirm::ask_yes("Sign and post?")?;
    } else {
        settings
            .output
            .print_text(&prepared.costs.table(connection.payment_decimals));
    }
    let sender = settings.sender(&connection).await?;
    let posted = submit::post(&prepared, &api, &sender, &wallet).await?;
    let shown = PostedReport {
        job: posted.job.to_string(),
        signature: posted.signature,
        uploaded: posted.uploaded,
        costs: prepared.costs,
        warnings: prepared.warnings,
    };
    let text = |shown: &PostedReport| format!("posted job {}", shown.job);
    match more_follows && settings.output.json {
        // The result is what is asked for then, and one JSON text is what a program reads.
        true => output::notice(&text(&shown)),
        false => settings.output.print(&shown, |shown| match more_follows {
            true => text(shown),
            false => format!(
                "{}\nwatch it with `millrace job watch {}`",
                text(shown),
                shown.job
            ),
        }),
    }
    Ok(posted.job)
}

/// Shows the costs, and what the orchestrator says to the terms.
async fn quote(settings: &Settings, manifest: &std::path::Path) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct QuoteReport {
        costs: crate::job::costs::JobCosts,
        placeable: bool,
        blockers: Vec<String>,
        warnings: Vec<String>,
    }
    let api = settings.api()?;
    let resolved = submit::load(manifest, &api).await?;
    let connection = settings.connect().await?;
    // A wallet that is yet to be made costs as much as one that has posted nothing.
    let wallet = settings.wallet().map(|key| key.pubkey());
    let wallet = wallet.unwrap_or_default();
    let prepared = submit::price(&connection, &api, wallet, resolved).await?;
    let quote = api.quote(&prepared.quote_request()).await?;
    let mut warnings = Vec::new();
    if wallet != Pubkey::default()
        && let Err(lacks) = prepared.require_funds()
    {
        warnings.push(lacks.to_string());
    }
    let quoted = QuoteReport {
        costs: prepared.costs,
        placeable: quote.placeable,
        blockers: quote.blockers,
        warnings,
    };
    settings.output.print(&quoted, |quoted| {
        let table = quoted.costs.table(connection.payment_decimals);
        match quoted.placeable {
            true => format!("{table}\nit could be placed now"),
            false => table,
        }
    });
    for warning in &quoted.warnings {
        output::notice(&format!("warning: {warning}"));
    }
    match quoted.placeable {
        true => Ok(()),
        false => Err(CliError::NotPlaceable(quoted.blockers.join("; "))),
    }
}

async fn wait_for(settings: &Settings, job: &Pubkey) -> Result<JobView, CliError> {
    let api = settings.api()?;
    let mut progress = Progress::new();
    let view = watch::wait_until_over(&api, job, &mut progress).await?;
    progress.finish();
    Ok(view)
}

/// The jobs that the orchestrator knows; where it does not answer, those on chain.
async fn list(settings: &Settings, all: bool) -> Result<(), CliError> {
    let connection = settings.connect().await?;
    let mut jobs = match settings.api()?.jobs().await {
        Ok(jobs) => jobs,
        Err(error) => {
            output::notice(&format!("warning: {error}; these are the jobs on chain"));
            jobs_on_chain(&connection).await?
        }
    };
    if !all {
        let mine = settings.wallet()?.pubkey().to_string();
        jobs.retain(|job| job.client == mine);
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
        table(
            ["job", "state", "shards paid", "deposited", "cost so far"],
            &[3, 4],
            rows,
        )
    });
    Ok(())
}

async fn jobs_on_chain(connection: &Connection) -> Result<Vec<JobView>, CliError> {
    let reading = connection.rpc.snapshot_all().await?;
    let mut jobs: Vec<(Pubkey, JobAccount)> = reading
        .accounts
        .iter()
        .filter_map(|(key, data)| match AnyAccount::decode(key, data)? {
            AnyAccount::Job(job, _) => Some((*key, *job)),
            _ => None,
        })
        .collect();
    jobs.sort_by_key(|(key, job)| (std::cmp::Reverse(job.posted_at), *key));
    Ok(jobs
        .iter()
        .map(|(key, job)| view_from_account(key, job))
        .collect())
}

fn view_from_account(key: &Pubkey, job: &JobAccount) -> JobView {
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

/// A job by the orchestrator's record or, where it does not answer, by the chain.
async fn view(
    settings: &Settings,
    connection: &Connection,
    job: &Pubkey,
) -> Result<JobView, CliError> {
    let told = settings.api()?.job(job).await;
    let from_chain = async || {
        let books = connection.rpc.find::<JobAccount>(job).await?;
        Ok::<_, CliError>(books.map(|books| view_from_account(job, &books)))
    };
    let found = match told {
        Ok(Some(view)) => return Ok(view),
        Ok(None) => from_chain().await?,
        Err(error) => {
            output::notice(&format!("warning: {error}; this is the job on chain"));
            from_chain().await?
        }
    };
    found.ok_or_else(|| CliError::NoSuchJob(job.to_string()))
}

async fn show(settings: &Settings, job: &Pubkey) -> Result<(), CliError> {
    let connection = settings.connect().await?;
    let view = view(settings, &connection, job).await?;
    settings.output.print(&view, |view| {
        let rows = view.shards.iter().map(|shard| {
            let seats = shard.seats.iter().map(|seat| {
                let price = format_amount(seat.price, connection.payment_decimals);
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
        let shards = table(
            ["shard", "state", "attempt", "fuel", "seats"],
            &[0, 2, 3],
            rows,
        );
        format!("{}\n\n{shards}", summary(view, connection.payment_decimals))
    });
    Ok(())
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
        ("given back", tokens(view.refunded, decimals)),
        ("compensation", tokens(view.compensated, decimals)),
    ])
}

async fn write_result(
    settings: &Settings,
    job: &Pubkey,
    out: Option<PathBuf>,
) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct ResultReport {
        job: String,
        file: PathBuf,
        bytes: usize,
        sha256: String,
        verified: String,
    }
    let connection = settings.connect().await?;
    let api = settings.api()?;
    let mut progress = Progress::new();
    progress.update("fetching and verifying the outputs");
    let fetched = result::fetch(&connection.rpc, &api, job).await?;
    let verified = fetched.provenance();
    // The manifest's own check has made sure that this is a name and no path.
    let file = out.unwrap_or_else(|| PathBuf::from(&fetched.manifest.output));
    progress.update("joining the outputs");
    let bytes = result::join(&api, job, fetched).await?;
    progress.finish();
    result::write(&file, &bytes)?;
    let written = ResultReport {
        job: job.to_string(),
        file,
        bytes: bytes.len(),
        sha256: hex::encode(millrace_protocol::hash::sha256(&[&bytes])),
        verified,
    };
    settings.output.print(&written, |written| {
        key_values([
            ("result", written.file.display().to_string()),
            ("bytes", written.bytes.to_string()),
            ("SHA-256", written.sha256.clone()),
            ("verified", written.verified.clone()),
        ])
    });
    Ok(())
}

async fn cancel(settings: &Settings, job: &Pubkey) -> Result<(), CliError> {
    let connection = settings.connect().await?;
    let wallet = settings.wallet()?;
    let books = connection.rpc.find::<JobAccount>(job).await?;
    let books = books.ok_or_else(|| CliError::NoSuchJob(job.to_string()))?;
    let owner = wallet.pubkey();
    if books.client != owner {
        return Err(CliError::Usage(format!(
            "the job was posted by {}, and only that wallet can cancel it; this is {owner}",
            books.client
        )));
    }
    if books.unassigned() == 0 {
        return Err(CliError::Usage(format!(
            "nothing is left to cancel: every shard of {job} has been handed out or given up already"
        )));
    }
    let mints = Mints::from(&connection.network);
    let mut instructions = Vec::new();
    let refund_to = pda::token_account(&owner, &mints.payment);
    if connection.rpc.account(&refund_to).await?.is_none() {
        instructions.push(create_token_account(&owner, &owner, &mints.payment));
    }
    instructions.push(instructions::cancel_job(owner, *job, mints));
    let sender = settings.sender(&connection).await?;
    sender.send("cancel job", &instructions, &[&wallet]).await?;
    show(settings, job).await
}
