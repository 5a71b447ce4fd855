//! What paid shards came to: by the chain, by the orchestrator's record, and run again here.

use crate::api::{Api, JobView};
use crate::error::CliError;
use crate::ui::progress::Progress;
use futures_util::{StreamExt, TryStreamExt, stream};
use millrace_client::Pubkey;
use millrace_protocol::hash::Digest;
use millrace_protocol::key::Key;
use millrace_protocol::manifest::Manifest;
use millrace_protocol::shard::shard_blob;
use millrace_provider::{Materials, Recomputer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a shard came to. Roots are hex.
#[derive(Clone, Debug, Serialize)]
pub struct ShardCheck {
    /// The shard.
    pub shard: u32,
    /// What the chain paid for.
    pub root: String,
    /// What the orchestrator's record says.
    pub record: Option<String>,
    /// What this machine comes to.
    pub here: Option<String>,
    /// Why this machine comes to nothing.
    pub failed: Option<String>,
}

impl ShardCheck {
    /// What is not as it should be.
    pub fn wrong(&self) -> Vec<String> {
        let sides = [
            ("this machine comes to", &self.here),
            ("the orchestrator's record says", &self.record),
        ];
        let differ = sides.into_iter().filter_map(|(side, found)| {
            let found = found.as_ref().filter(|found| **found != self.root)?;
            Some(format!(
                "shard {}: {side} {found}, and {} was paid for",
                self.shard, self.root
            ))
        });
        differ.collect()
    }
}

/// Paid shards, by chain and record.
pub fn recorded(settled: &BTreeMap<u32, String>, view: Option<&JobView>) -> Vec<ShardCheck> {
    let record = |shard: u32| {
        let mut shards = view?.shards.iter();
        shards.find(|view| view.index == shard)?.root.clone()
    };
    let ran = settled.iter().map(|(shard, root)| ShardCheck {
        shard: *shard,
        root: root.clone(),
        record: record(*shard),
        here: None,
        failed: None,
    });
    ran.collect()
}

/// Runs all of them on this machine, as many at a time as it has cores.
///
/// # Errors
/// Where this machine can't run WebAssembly. What can't be had or run is noted with its shard.
pub async fn recompute_all(
    api: &Api,
    job: &Pubkey,
    manifest: Manifest,
    ran: &mut [ShardCheck],
    progress: &mut Progress,
) -> Result<(), CliError> {
    let recomputer = Arc::new(Recomputer::new()?);
    let shared = match shared(api, &manifest).await {
        Ok(shared) => shared,
        Err(error) => {
            for one in ran {
                one.failed = Some(format!("shard {} was not run again: {error}", one.shard));
            }
            return Ok(());
        }
    };
    let (all, cores) = (
        ran.len(),
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    let each = ran.iter().map(|one| {
        let (recomputer, shared, shard) = (recomputer.clone(), shared.clone(), one.shard);
        let (manifest, job) = (manifest.clone(), Key(job.to_bytes()));
        async move { recompute(api, &recomputer, (job, shard), manifest, shared).await }
    });
    let each: Vec<_> = each.collect();
    let mut results = stream::iter(each).buffered(cores);
    let mut found = Vec::with_capacity(all);
    while let Some(result) = results.next().await {
        found.push(result);
        progress.update(&format!("{} of {all} shards run again", found.len()));
    }
    for (one, result) in ran.iter_mut().zip(found) {
        match result {
            Ok(root) => one.here = Some(hex::encode(root)),
            Err(reason) => {
                one.failed = Some(format!("shard {} was not run again: {reason}", one.shard));
            }
        }
    }
    Ok(())
}

/// What all shards of a job are run on.
#[derive(Clone)]
struct SharedInputs {
    program: Arc<[u8]>,
    files: Vec<(String, Arc<[u8]>)>,
}

async fn shared(api: &Api, manifest: &Manifest) -> Result<SharedInputs, CliError> {
    let fetch = async |(name, digest): (String, Digest)| {
        let bytes: Arc<[u8]> = api.blob(&digest).await?.into();
        Ok::<_, CliError>((name, bytes))
    };
    let inputs = manifest.inputs.iter();
    let inputs: Vec<_> = inputs
        .map(|(name, input)| (name.clone(), input.digest))
        .collect();
    Ok(SharedInputs {
        program: api.blob(&manifest.program).await?.into(),
        files: stream::iter(inputs).then(fetch).try_collect().await?,
    })
}

async fn recompute(
    api: &Api,
    recomputer: &Arc<Recomputer>,
    (job, shard): (Key, u32),
    manifest: Manifest,
    shared: SharedInputs,
) -> Result<Digest, String> {
    let stdin = match shard_blob(&manifest, shard).map_err(|error| error.to_string())? {
        Some(name) => api.blob(name).await.map_err(|error| error.to_string())?,
        None => Vec::new(),
    };
    let materials = Materials {
        manifest,
        program: shared.program,
        stdin: stdin.into(),
        files: shared.files,
    };
    let recomputer = recomputer.clone();
    let work = move || recomputer.receipt((&job, shard), &materials);
    let receipt = tokio::task::spawn_blocking(work).await;
    let receipt = receipt.map_err(|error| format!("a defect of this binary: {error}"))?;
    receipt.map(|receipt| receipt.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_differs_from_what_was_paid_for_is_wrong_whoever_tells_it() {
        let ran = |record: Option<&str>, here: Option<&str>| ShardCheck {
            shard: 3,
            root: "aa".to_owned(),
            record: record.map(str::to_owned),
            here: here.map(str::to_owned),
            failed: None,
        };
        assert!(ran(Some("aa"), Some("aa")).wrong().is_empty());
        assert!(ran(None, None).wrong().is_empty());
        assert_eq!(ran(Some("bb"), Some("cc")).wrong().len(), 2);
        let text = ran(None, Some("cc")).wrong().join("");
        assert!(text.contains("comes to cc, and aa was paid for"), "{text}");
    }
}
