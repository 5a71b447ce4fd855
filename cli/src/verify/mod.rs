//! What anyone can find out about a job: its chain of custody, by whom it should have been worked on, and
//! whether its results come out again on this machine.
//!
//! - [`custody`]: what happened to it, from the chain.
//! - [`seats`]: each selection of providers, recomputed.
//! - [`results`]: each shard, run again.

pub mod custody;
pub mod facts;
pub mod results;
pub mod seats;

use crate::api::{Api, JobView};
use crate::config::settings::Connection;
use crate::error::CliError;
use crate::job::{result, submit};
use crate::ui::progress::Progress;
use facts::assignments;
use millrace_client::Pubkey;
use millrace_client::events::ProgramEvent;
use millrace_client::history::{job_events, job_terms};
use millrace_protocol::manifest::Manifest;
use seats::AuditContext;
use serde::Serialize;

/// All that was found out.
#[derive(Serialize)]
pub struct AuditReport {
    /// The job.
    pub job: String,
    /// Its state by the orchestrator's record; empty where it has none.
    pub state: String,
    /// What happened, in its order.
    pub custody: Vec<custody::CustodyEvent>,
    /// Who was chosen, and who should have been.
    pub seats: Vec<seats::SeatCheck>,
    /// What each paid shard came to, there and here.
    pub results: Vec<results::ShardCheck>,
    /// What is not as it should be.
    pub wrong: Vec<String>,
    /// What could not be checked, and why.
    pub unchecked: Vec<String>,
}

/// Audits a job. `rerun`: whether its shards are run on this machine.
///
/// # Errors
/// Those of the endpoint; [`CliError::NoSuchJob`] where neither the chain nor the orchestrator knows it.
pub async fn audit(
    connection: &Connection,
    api: &Api,
    job: &Pubkey,
    rerun: bool,
    progress: &mut Progress,
) -> Result<AuditReport, CliError> {
    let rpc = &connection.rpc;
    let (mut wrong, mut unchecked) = (Vec::new(), Vec::new());
    progress.update("reading the job's transactions from the chain");
    let (mut events, view) = (
        job_events(rpc, job).await?,
        known(api, job, &mut unchecked).await,
    );
    let from_chain = !events.is_empty();
    if !from_chain {
        events = api.events(job).await?;
        if events.is_empty() && view.is_none() {
            return Err(CliError::NoSuchJob(job.to_string()));
        }
        unchecked.push(
            "its events are the orchestrator's record: the endpoint shows no final transaction of it \
             (it may be seconds old, or older than what the endpoint keeps)"
                .to_owned(),
        );
    }
    let posted = events
        .iter()
        .find(|one| matches!(one.event, ProgramEvent::JobPosted(_)));
    let unknown = facts::unknown(&events);
    if unknown > 0 {
        unchecked.push(format!(
            "{unknown} events of its transactions are of another version of the program; a newer millrace may read them"
        ));
    }
    let terms = match posted.filter(|_| from_chain) {
        Some(posted) => job_terms(rpc, job, posted).await?,
        None => None,
    };
    if terms.is_none() {
        unchecked.push("the terms that the client signed could not be read".to_owned());
    }

    progress.update("recomputing who should have been chosen");
    let selections = api.selections(job).await.unwrap_or_else(|error| {
        unchecked.push(format!("no selection could be recomputed: {error}"));
        Vec::new()
    });
    let providers = submit::providers(rpc).await?;
    let facts = AuditContext {
        terms: terms.as_ref(),
        providers: &providers,
        network: &connection.network,
        events: &events,
    };
    let assigned = assignments(&events);
    let mut audited = Vec::new();
    for assigned in &assigned {
        audited.push(seats::audit(job, &facts, assigned, &selections));
    }
    for seats in &audited {
        let place = format!("shard {}, attempt {}: ", seats.shard, seats.attempt);
        wrong.extend(seats.wrong.iter().map(|text| format!("{place}{text}")));
        unchecked.extend(seats.unchecked.iter().map(|text| format!("{place}{text}")));
    }

    let settled = facts::settled(&events);
    let mut checks = results::recorded(&settled, view.as_ref());
    if rerun && !checks.is_empty() {
        let named = facts::manifest(&events);
        let named = named.or(view.as_ref().map(|view| view.manifest.clone()));
        match manifest(api, named.as_deref()).await {
            Ok(manifest) => results::recompute_all(api, job, manifest, &mut checks, progress).await?,
            Err(error) => unchecked.push(format!("nothing could be run again: {error}")),
        }
    }
    for result in &checks {
        wrong.extend(result.wrong());
        unchecked.extend(result.failed.clone());
    }
    let behind = view.as_ref().map_or(0, |view| view.settled) as usize;
    if behind > settled.len() {
        unchecked.push(format!(
            "{} of {behind} paid shards are not final yet: audit again in half a minute",
            behind - settled.len()
        ));
    }
    progress.finish();
    Ok(AuditReport {
        job: job.to_string(),
        state: view.map(|view| view.state).unwrap_or_default(),
        custody: custody::steps(
            &events,
            connection.payment_decimals,
            connection.stake_decimals,
        ),
        seats: audited,
        results: checks,
        wrong,
        unchecked,
    })
}

/// The orchestrator's record of the job. The chain is asked all the same where there is none.
async fn known(api: &Api, job: &Pubkey, unchecked: &mut Vec<String>) -> Option<JobView> {
    match api.job(job).await {
        Ok(view) => view,
        Err(error) => {
            unchecked.push(format!(
                "the orchestrator's record could not be read: {error}"
            ));
            None
        }
    }
}

async fn manifest(api: &Api, named: Option<&str>) -> Result<Manifest, CliError> {
    let name = result::digest("the manifest", named.unwrap_or_default())?;
    Ok(Manifest::from_bytes(&api.blob(&name).await?)?)
}
