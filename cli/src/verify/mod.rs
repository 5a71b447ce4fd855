//! Audits a job from public data: what happened to it, which providers should have been selected, and
//! whether this machine gets the same results.
//!
//! - [`custody`]: the job's events on chain.
//! - [`seats`]: each selection of providers, recomputed.
//! - [`results`]: each shard, run again.

pub mod custody;
pub mod facts;
pub mod results;
pub mod seats;

use crate::api::{Api, JobPhase, JobView};
use crate::connection::NetworkConnection;
use crate::error::CliError;
use crate::job::result::parse_digest;
use crate::ui::progress::Progress;
use millrace_client::Pubkey;
use millrace_client::events::ProgramEvent;
use millrace_client::history::{RecordedEvent, job_events, job_terms};
use millrace_protocol::manifest::Manifest;
use seats::AuditContext;
use serde::Serialize;

#[derive(Serialize)]
pub struct AuditReport {
    pub job: String,
    /// State in the orchestrator's record, if there is one.
    pub state: Option<JobPhase>,
    /// The job's events in their order.
    pub custody: Vec<custody::CustodyEvent>,
    pub seats: Vec<seats::SeatCheck>,
    pub results: Vec<results::ShardCheck>,
    /// What differs from what the protocol requires.
    pub discrepancies: Vec<String>,
    /// What could not be checked, and why.
    pub unchecked: Vec<String>,
}

/// Audits a job; with `rerun`, runs its shards on this machine.
///
/// # Errors
/// Those of the endpoint; [`CliError::NoSuchJob`] if neither the chain nor the orchestrator has the job.
pub async fn audit(
    connection: &NetworkConnection,
    api: &Api,
    job: &Pubkey,
    rerun: bool,
    progress: &mut Progress,
) -> Result<AuditReport, CliError> {
    let rpc = &connection.rpc;
    let (mut discrepancies, mut unchecked) = (Vec::new(), Vec::new());
    progress.update("reading the job's transactions from the chain");
    let mut events = job_events(rpc, job).await?;
    // An audit works without the orchestrator's record.
    let view = api.job(job).await.unwrap_or_else(|error| {
        unchecked.push(format!("cannot read the orchestrator's record: {error}"));
        None
    });
    let from_chain = !events.is_empty();
    if !from_chain {
        events = api.events(job).await?;
        if events.is_empty() && view.is_none() {
            return Err(CliError::NoSuchJob(job.to_string()));
        }
        unchecked.push(
            "the events are those of the orchestrator's record: the endpoint has no finalized transaction of \
             the job, which is either seconds old or older than the endpoint's history"
                .to_owned(),
        );
    }
    let unknown = facts::unknown(&events);
    if unknown > 0 {
        unchecked.push(format!(
            "{unknown} events are of another version of the program; a newer millrace may decode them"
        ));
    }
    let posted = events
        .iter()
        .find(|one| matches!(one.event, ProgramEvent::JobPosted(_)));
    let terms = match posted.filter(|_| from_chain) {
        Some(posted) => job_terms(rpc, job, posted).await?,
        None => None,
    };
    if terms.is_none() {
        unchecked.push("cannot read the terms that the client signed".to_owned());
    }

    progress.update("recomputing the selection of providers");
    let selections = api.selections(job).await.unwrap_or_else(|error| {
        unchecked.push(format!("no selection was recomputed: {error}"));
        Vec::new()
    });
    let providers = connection.providers().await?;
    let context = AuditContext {
        terms: terms.as_ref(),
        providers: &providers,
        network: &connection.network,
        events: &events,
    };
    let seats: Vec<seats::SeatCheck> = facts::assignments(&events)
        .iter()
        .map(|assignment| seats::check(job, &context, assignment, &selections))
        .collect();
    for check in &seats {
        let prefix = |text| format!("shard {}, attempt {}: {text}", check.shard, check.attempt);
        discrepancies.extend(check.discrepancies.iter().map(prefix));
        unchecked.extend(check.unchecked.iter().map(prefix));
    }

    let settled = facts::settled(&events);
    let mut results = results::recorded(&settled, view.as_ref());
    if rerun && !results.is_empty() {
        match manifest(api, &manifest_hash(&events, view.as_ref())).await {
            Ok(manifest) => {
                results::recompute(api, job, manifest, &mut results, progress).await?;
            }
            Err(error) => unchecked.push(format!("no shard was run again: {error}")),
        }
    }
    for result in &results {
        discrepancies.extend(result.discrepancies());
        unchecked.extend(result.error.clone());
    }
    let recorded = view.as_ref().map_or(0, |view| view.settled) as usize;
    if recorded > settled.len() {
        unchecked.push(format!(
            "{} of {recorded} settled shards are not finalized yet; audit again in half a minute",
            recorded - settled.len()
        ));
    }
    progress.finish();
    Ok(AuditReport {
        job: job.to_string(),
        state: view.map(|view| view.state),
        custody: custody::describe_all(
            &events,
            connection.payment_decimals,
            connection.stake_decimals,
        ),
        seats,
        results,
        discrepancies,
        unchecked,
    })
}

/// Hash of the manifest: the one on chain, else the orchestrator's.
fn manifest_hash(events: &[RecordedEvent], view: Option<&JobView>) -> String {
    let recorded = || view.map(|view| view.manifest.clone());
    let hash = facts::manifest(events).or_else(recorded);
    hash.unwrap_or_default()
}

async fn manifest(api: &Api, hash: &str) -> Result<Manifest, CliError> {
    let name = parse_digest("the manifest", hash)?;
    Ok(Manifest::from_bytes(&api.blob(&name).await?)?)
}
