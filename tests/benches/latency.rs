//! The time from posting a job to its payment, one job after another.

use crate::figures::{Figures, percentile};
use anyhow::{Context, Result};
use millrace_cli::job::submit;
use millrace_cli::tokens::mints::transfer_lamports;
use millrace_client::program::state::Job;
use millrace_client::rpc::client::Rpc;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, ValidatorKind, WAIT_TIMEOUT};
use solana_commitment_config::CommitmentConfig;
use solana_sdk::signature::Signer;
use solana_sdk::transaction::Transaction;
use std::time::{Duration, Instant};

const JOBS: usize = 20;
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Consecutive confirmations: post, assign, commit, reveal and settle.
const CONFIRMATIONS: f64 = 4.0;

/// Measures jobs of one seat and of three, and a single confirmation.
pub(crate) async fn measure(
    figures: &mut Figures,
    validator: &str,
    kind: ValidatorKind,
) -> Result<()> {
    eprintln!("measuring {} jobs on {validator}", 2 * JOBS);
    let net = Net::start_on(kind, |_| {}).await?;
    let mut confirmations = Vec::new();
    for _ in 0..JOBS {
        confirmations.push(confirmation(&net).await?.as_secs_f64());
    }
    let confirmed = percentile(&confirmations, 50);
    figures.note(
        format!("latency.confirmation.{validator}.p50"),
        confirmed,
        "s",
    );
    for (name, seats, quorum) in [("k1", 1, 1), ("k3", 3, 2)] {
        let mut taken = Vec::new();
        for number in 0..JOBS {
            let terms = Terms {
                lines: vec![format!("{name} {number}")],
                replicas: seats,
                quorum,
                max_replicas: seats,
                ..Terms::default()
            };
            taken.push(post_to_paid(&net, &terms).await?.as_secs_f64());
        }
        for percent in [50, 95] {
            let value = percentile(&taken, percent);
            let floor = CONFIRMATIONS * confirmed;
            figures.note_with(
                format!("latency.post_to_paid.{name}.{validator}.p{percent}"),
                value,
                "s",
                format!("{:.2} × the floor of {floor:.3} s", value / floor),
            );
        }
    }
    net.stop().await;
    Ok(())
}

/// The time from the first upload to the confirmed settlement of the only shard.
async fn post_to_paid(net: &Net, terms: &Terms) -> Result<Duration> {
    let files = JobFiles::from_wat("tiny", terms)?;
    let (connection, api) = (net.local.connection().await?, net.api()?);
    let wallet = net.wallet();
    let resolved = submit::load(&files.path(), &api).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    let (rpc, sender) = (net.rpc(), net.local.sender());
    let start = Instant::now();
    let posted = submit::post(&prepared, &api, &sender, wallet).await?;
    while start.elapsed() < WAIT_TIMEOUT {
        let job: Option<Job> = rpc.find(&posted.job).await?;
        if job.is_some_and(|job| job.settled == job.shards && job.paid > 0) {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    anyhow::bail!("job {} was not paid within {WAIT_TIMEOUT:?}", posted.job)
}

/// The time from sending a transfer to its confirmation.
async fn confirmation(net: &Net) -> Result<Duration> {
    let (rpc, wallet) = (net.rpc(), net.wallet());
    let transfer = transfer_lamports(&wallet.pubkey(), &wallet.pubkey(), 1);
    let blockhash = rpc.client().get_latest_blockhash().await?;
    let payer = wallet.pubkey();
    let transaction =
        Transaction::new_signed_with_payer(&[transfer], Some(&payer), &[wallet], blockhash);
    let start = Instant::now();
    let signature = rpc.client().send_transaction(&transaction).await?;
    while start.elapsed() < WAIT_TIMEOUT {
        if is_confirmed(&rpc, &signature).await? {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    anyhow::bail!("a transfer was not confirmed within {WAIT_TIMEOUT:?}")
}

async fn is_confirmed(rpc: &Rpc, signature: &solana_sdk::signature::Signature) -> Result<bool> {
    let answer = rpc.client().get_signature_statuses(&[*signature]).await?;
    let status = answer.value.into_iter().next().context("no answer")?;
    Ok(status.is_some_and(|s| s.satisfies_commitment(CommitmentConfig::confirmed())))
}
