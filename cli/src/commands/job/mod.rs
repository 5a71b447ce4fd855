//! `millrace job`: submits jobs, follows them, and fetches their results.

mod audit;
mod cancel;
mod result;
mod show;
mod submit;

use crate::config::Settings;
use crate::error::CliError;
use clap::Subcommand;
use millrace_client::Pubkey;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Check a manifest, show its costs, and post the job with one signature
    Submit {
        /// Manifest of the job, such as job.toml
        manifest: PathBuf,
        /// Wait until the job is over, and write the result
        #[arg(long)]
        wait: bool,
        /// File to write the result to, with --wait [default: the manifest's join.output, in this folder]
        #[arg(long, value_name = "FILE", requires = "wait")]
        out: Option<PathBuf>,
        /// Skip the confirmation prompt
        #[arg(short, long)]
        yes: bool,
    },
    /// Show what a job would cost and whether it could be placed now, without signing or sending anything
    ///
    /// Exits with status 3 if the job cannot be placed now.
    Quote {
        /// Manifest of the job, such as job.toml
        manifest: PathBuf,
    },
    /// Wait until a job is over, and show what it is waiting for
    Watch {
        /// Address of the job
        job: Pubkey,
    },
    /// List the wallet's jobs
    List {
        /// List the jobs of all clients
        #[arg(long)]
        all: bool,
    },
    /// Show a job with its shards and seats
    Show {
        /// Address of the job
        job: Pubkey,
    },
    /// Fetch a job's result, verify it, and write it to a file
    Result {
        /// Address of the job
        job: Pubkey,
        /// File to write the result to [default: the manifest's join.output, in this folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Audit a job: replay its on-chain history, re-check provider selection and re-run its shards
    ///
    /// Exits with status 4 if a discrepancy is found.
    Audit {
        /// Address of the job
        job: Pubkey,
        /// Do not run the shards on this machine
        #[arg(long)]
        no_run: bool,
    },
    /// Cancel a job and refund the shards that are not assigned yet
    Cancel {
        /// Address of the job
        job: Pubkey,
    },
}

impl JobCommand {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::Submit {
                manifest,
                wait: false,
                yes,
                ..
            } => {
                let posted = submit::run(settings, &manifest, yes).await?;
                posted.print(settings);
                Ok(())
            }
            Self::Submit {
                manifest,
                wait: true,
                out,
                yes,
            } => {
                let posted = submit::run(settings, &manifest, yes).await?;
                posted.print_notice(settings);
                show::wait_until_over(settings, &posted.job).await?;
                result::run(settings, &posted.job, out).await
            }
            Self::Quote { manifest } => submit::quote(settings, &manifest).await,
            Self::Watch { job } => show::watch(settings, &job).await,
            Self::List { all } => show::list(settings, all).await,
            Self::Show { job } => show::show(settings, &job).await,
            Self::Result { job, out } => result::run(settings, &job, out).await,
            Self::Audit { job, no_run } => audit::run(settings, &job, !no_run).await,
            Self::Cancel { job } => {
                cancel::run(settings, &job).await?;
                show::show(settings, &job).await
            }
        }
    }
}
