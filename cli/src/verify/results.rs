//! Results of settled shards: on chain, in the orchestrator's record, and recomputed on this machine.

use crate::api::{Api, JobView};
use crate::error::CliError;
use crate::ui::progress::Progress;
use futures_util::{StreamExt, TryStreamExt, stream};
use millrace_client::Pubkey;
use millrace_protocol::hash::Digest;
use millrace_protocol::key::Key;
use millrace_protocol::manifest::Manifest;
use millrace_protocol::shard::shard_blob;
use millrace_provider::{Recomputer, TaskInputs};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result roots of a shard, hex.
#[derive(Clone, Debug, Serialize)]
pub struct ShardCheck {
    pub shard: u32,
    /// Root that was settled on chain.
    pub root: String,
    /// Root in the orchestrator's record.
    pub recorded_root: Option<String>,
    /// Root of the result that this machine computed.
    pub recomputed_root: Option<String>,
    /// Why this machine computed no result.
    pub error: Option<String>,
}

impl ShardCheck {
    pub fn discrepancies(&self) -> Vec<String> {
        let sides = [
            ("this machine", &self.recomputed_root),
            ("the orchestrator's record", &self.recorded_root),
        ];
        let differing = sides.into_iter().filter_map(|(side, found)| {
            let found = found.as_ref().filter(|found| **found != self.root)?;
            Some(format!(
                "shard {}: {side} has root {found}, but {} was settled",
                self.shard, self.root
            ))
        });
        differing.collect()
    }

    fn fail(&mut self, reason: &str) {
        self.error = Some(format!("shard {} was not run again: {reason}", self.shard));
    }
}

/// The settled shards with the roots on chain and in the orchestrator's record.
pub fn recorded(settled: &BTreeMap<u32, String>, view: Option<&JobView>) -> Vec<ShardCheck> {
    let recorded_root = |shard: u32| {
        let mut shards = view?.shards.iter();
        shards.find(|view| view.index == shard)?.root.clone()
    };
    let checks = settled.iter().map(|(shard, root)| ShardCheck {
        shard: *shard,
        root: root.clone(),
        recorded_root: recorded_root(*shard),
        recomputed_root: None,
        error: None,
    });
    checks.collect()
}

/// Runs the shards on this machine, one per core at a time.
///
/// # Errors
/// If this machine cannot run WebAssembly. A shard that cannot be fetched or run gets an error in its
/// check instead.
pub async fn recompute(
    api: &Api,
    job: &Pubkey,
    manifest: Manifest,
    checks: &mut [ShardCheck],
    progress: &mut Progress,
) -> Result<(), CliError> {
    let recomputer = Arc::new(Recomputer::new()?);
    let shared = match SharedInputs::fetch(api, &manifest).await {
        Ok(shared) => shared,
        Err(error) => {
            for check in checks {
                check.fail(&error.to_string());
            }
            return Ok(());
        }
    };
    let rerun = Rerun {
        api,
        recomputer,
        job: Key(job.to_bytes()),
        manifest,
        shared,
    };
    let total = checks.len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let shards: Vec<u32> = checks.iter().map(|check| check.shard).collect();
    let mut roots = stream::iter(shards)
        .map(|shard| rerun.root(shard))
        .buffered(cores)
        .enumerate();
    while let Some((index, root)) = roots.next().await {
        match root {
            Ok(root) => checks[index].recomputed_root = Some(hex::encode(root)),
            Err(reason) => checks[index].fail(&reason),
        }
        progress.update(&format!("{} of {total} shards run again", index + 1));
    }
    Ok(())
}

/// The inputs that all shards of a job share.
#[derive(Clone)]
struct SharedInputs {
    program: Arc<[u8]>,
    files: Vec<(String, Arc<[u8]>)>,
}

impl SharedInputs {
    async fn fetch(api: &Api, manifest: &Manifest) -> Result<Self, CliError> {
        let fetch = async |(name, digest): (String, Digest)| {
            let bytes: Arc<[u8]> = api.blob(&digest).await?.into();
            Ok::<_, CliError>((name, bytes))
        };
        let inputs: Vec<_> = manifest
            .inputs
            .iter()
            .map(|(name, input)| (name.clone(), input.digest))
            .collect();
        Ok(Self {
            program: api.blob(&manifest.program).await?.into(),
            files: stream::iter(inputs).then(fetch).try_collect().await?,
        })
    }
}

struct Rerun<'a> {
    api: &'a Api,
    recomputer: Arc<Recomputer>,
    job: Key,
    manifest: Manifest,
    shared: SharedInputs,
}

impl Rerun<'_> {
    /// Runs a shard and returns the root of its result.
    async fn root(&self, shard: u32) -> Result<Digest, String> {
        let stdin = match shard_blob(&self.manifest, shard).map_err(|error| error.to_string())? {
            Some(name) => self
                .api
                .blob(name)
                .await
                .map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        let inputs = TaskInputs {
            manifest: self.manifest.clone(),
            program: self.shared.program.clone(),
            stdin: stdin.into(),
            files: self.shared.files.clone(),
        };
        let (recomputer, job) = (self.recomputer.clone(), self.job);
        let work = move || recomputer.receipt(&job, shard, &inputs);
        let receipt = tokio::task::spawn_blocking(work).await;
        let receipt = receipt.map_err(|error| format!("internal error: {error}"))?;
        receipt.map(|receipt| receipt.root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_that_differs_from_the_settled_one_is_a_discrepancy() {
        let check = |recorded: Option<&str>, recomputed: Option<&str>| ShardCheck {
            shard: 3,
            root: "aa".to_owned(),
            recorded_root: recorded.map(str::to_owned),
            recomputed_root: recomputed.map(str::to_owned),
            error: None,
        };
        assert!(check(Some("aa"), Some("aa")).discrepancies().is_empty());
        assert!(check(None, None).discrepancies().is_empty());
        assert_eq!(check(Some("bb"), Some("cc")).discrepancies().len(), 2);
        let text = check(None, Some("cc")).discrepancies().join("");
        assert!(text.contains("has root cc, but aa was settled"), "{text}");
    }
}
