//! A job's result: fetches the outputs, verifies each against the root that the quorum agreed on, and
//! joins them.

use crate::api::{Api, JobView, ShardPhase, ShardView};
use crate::error::CliError;
use crate::job::watch::require_paid;
use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use millrace_client::rpc::client::Rpc;
use millrace_protocol::blob;
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Join, MAX_FUEL, MAX_MEMORY_BYTES, Manifest};
use millrace_protocol::receipt::Receipt;
use millrace_protocol::shard::shard_seed;
use millrace_runtime::{Exit, RunInput, RunLimits, Runtime};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the orchestrator's record of a settled shard may lag behind the chain.
const RECORD_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Limits of the joining program. It is the client's own program: they only guard against accidents.
const MAX_JOIN_OUTPUT_BYTES: u64 = 4 << 30;
const MAX_JOIN_LOG_BYTES: u64 = 64 << 10;
const JOIN_TIMEOUT: Duration = Duration::from_secs(3_600);

pub struct VerifiedOutputs {
    pub manifest: Manifest,
    /// By shard.
    pub outputs: Vec<Vec<u8>>,
    /// Number of outputs that were compared with the account on chain. The others, whose accounts are
    /// closed, were compared with the orchestrator's record.
    pub on_chain: usize,
}

impl VerifiedOutputs {
    /// Describes what the outputs were compared with.
    pub fn provenance(&self) -> String {
        let all = self.outputs.len();
        match self.on_chain {
            0 => format!(
                "{all} outputs match the roots in the orchestrator's record (the accounts on chain are closed)"
            ),
            on_chain if on_chain == all => format!("all {all} outputs match the roots on chain"),
            on_chain => format!(
                "{on_chain} outputs match the roots on chain, {} those in the orchestrator's record (closed on chain)",
                all - on_chain
            ),
        }
    }
}

/// Fetches and verifies the outputs of a finished job.
///
/// # Errors
/// [`CliError::NoSuchJob`], [`CliError::NotFinished`], [`CliError::JobFailed`],
/// [`CliError::WrongOutput`].
pub async fn fetch(rpc: &Rpc, api: &Api, job: &Pubkey) -> Result<VerifiedOutputs, CliError> {
    let books = rpc.find::<Job>(job).await?;
    let view = complete_view(api, job).await?;
    if !view.is_over() {
        return Err(CliError::NotFinished {
            job: job.to_string(),
            settled: view.settled,
            shards: view.shard_count,
        });
    }
    require_paid(&view)?;
    let name = match books {
        Some(books) => books.manifest,
        None => parse_digest("the manifest", &view.manifest)?,
    };
    let manifest = Manifest::from_bytes(&api.blob(&name).await?)?;
    let roots = roots_on_chain(rpc, job).await?;
    let mut shards: Vec<&ShardView> = view.shards.iter().collect();
    shards.sort_by_key(|shard| shard.index);
    let mut outputs = Vec::with_capacity(shards.len());
    for shard in shards {
        outputs.push(output(api, shard, roots.get(&shard.index)).await?);
    }
    if outputs.len() != manifest.shards.len() {
        return Err(incomplete(format!(
            "the record has {} outputs, and the manifest {} shards",
            outputs.len(),
            manifest.shards.len()
        )));
    }
    Ok(VerifiedOutputs {
        manifest,
        outputs,
        on_chain: roots.len(),
    })
}

/// The orchestrator's record of the job. Waits for the outputs of shards that were just settled.
async fn complete_view(api: &Api, job: &Pubkey) -> Result<JobView, CliError> {
    let start = Instant::now();
    loop {
        let view = api.job(job).await?;
        let view = view.ok_or_else(|| CliError::NoSuchJob(job.to_string()))?;
        let open = |shard: &ShardView| shard.state == ShardPhase::Settled && shard.output.is_none();
        if !view.shards.iter().any(open) || start.elapsed() > RECORD_TIMEOUT {
            return Ok(view);
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Roots of the settled shards; empty if the job is closed.
async fn roots_on_chain(rpc: &Rpc, job: &Pubkey) -> Result<HashMap<u32, Digest>, CliError> {
    let shards = rpc.shards(job).await?;
    let settled = shards
        .iter()
        .filter_map(|shard| Some((shard.index, *shard.result()?.0)));
    Ok(settled.collect())
}

/// Fetches and verifies an output.
async fn output(
    api: &Api,
    shard: &ShardView,
    on_chain: Option<&Digest>,
) -> Result<Vec<u8>, CliError> {
    let missing = |what: &str| {
        incomplete(format!(
            "the record of shard {} lacks its {what}",
            shard.index
        ))
    };
    let name = shard.output.as_deref().ok_or_else(|| missing("output"))?;
    let exit = shard.exit.ok_or_else(|| missing("exit"))?;
    let fuel = shard.fuel.ok_or_else(|| missing("fuel"))?;
    let expected = match (on_chain, shard.root.as_deref()) {
        (Some(root), _) => *root,
        (None, Some(root)) => parse_digest("a root", root)?,
        (None, None) => return Err(missing("root")),
    };
    let bytes = api.blob(&parse_digest("an output", name)?).await?;
    verify(shard.index, &bytes, exit, fuel, &expected)?;
    match exit {
        0 => Ok(bytes),
        _ => Err(incomplete(format!(
            "the program ended with {} in shard {}, and the quorum agreed on that",
            shard
                .reason
                .clone()
                .unwrap_or_else(|| exit_description(exit)),
            shard.index
        ))),
    }
}

fn verify(
    index: u32,
    bytes: &[u8],
    exit: i32,
    fuel: u64,
    expected: &Digest,
) -> Result<(), CliError> {
    let found = Receipt::new(bytes, exit, fuel).root();
    if found == *expected {
        return Ok(());
    }
    Err(CliError::WrongOutput {
        index,
        found: hex::encode(found),
        expected: hex::encode(expected),
    })
}

/// An exit code as numbered by `millrace_runtime::exit_code`.
fn exit_description(exit: i32) -> String {
    match exit {
        0 => "success".into(),
        -1 => "out of fuel".into(),
        -2 => "out of memory".into(),
        -3 => "more output than allowed".into(),
        -4 => "a trap".into(),
        code => format!("exit code {code}"),
    }
}

fn incomplete(reason: String) -> CliError {
    CliError::JobFailed { reason }
}

/// Parses a hash of the orchestrator's record.
pub fn parse_digest(what: &str, hex: &str) -> Result<Digest, CliError> {
    blob::parse_hex(hex).map_err(|error| CliError::InvalidAnswer {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}

/// Joins the outputs as the manifest says.
///
/// # Errors
/// [`CliError::JoinFailed`] if the joining program does not exit with success.
pub async fn join(api: &Api, job: &Pubkey, fetched: VerifiedOutputs) -> Result<Vec<u8>, CliError> {
    let whole = fetched.outputs.concat();
    let Join::Program { digest, args } = fetched.manifest.join else {
        return Ok(whole);
    };
    let program = api.blob(&digest).await?;
    // One past the last shard, so that the joining program has a seed of its own.
    let join_index = u32::try_from(fetched.manifest.shards.len()).unwrap_or(u32::MAX);
    let seed = shard_seed(&job.to_bytes(), join_index);
    let work = tokio::task::spawn_blocking(move || run_join(&program, &args, &whole, seed));
    work.await.map_err(|error| CliError::JoinFailed {
        exit: format!("an internal error: {error}"),
        log: String::new(),
    })?
}

fn run_join(
    program: &[u8],
    args: &[String],
    stdin: &[u8],
    seed: [u8; 32],
) -> Result<Vec<u8>, CliError> {
    let runtime = Runtime::new()?;
    let program = runtime.compile(program)?;
    let input = RunInput {
        args,
        env: &[],
        stdin,
        files: &[],
        seed,
    };
    let limits = RunLimits {
        fuel: MAX_FUEL,
        memory_bytes: MAX_MEMORY_BYTES,
        output_bytes: MAX_JOIN_OUTPUT_BYTES,
        log_bytes: MAX_JOIN_LOG_BYTES,
        wall: JOIN_TIMEOUT,
    };
    let outcome = runtime.run(&program, input, &limits)?;
    if outcome.exit == Exit::Ok {
        return Ok(outcome.output);
    }
    let log = String::from_utf8_lossy(&outcome.log);
    Err(CliError::JoinFailed {
        exit: outcome.exit.to_string(),
        log: match log.trim() {
            "" => String::new(),
            log => format!("; its log: {log}"),
        },
    })
}

/// Writes a file atomically.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(CliError::file(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn output_that_differs_from_the_agreed_root_is_refused() {
        let root = Receipt::new(b"right", 0, 7).root();
        verify(3, b"right", 0, 7, &root).unwrap();
        for (bytes, exit, fuel) in [(&b"wrong"[..], 0, 7), (b"right", 1, 7), (b"right", 0, 8)] {
            let refused = verify(3, bytes, exit, fuel, &root);
            assert!(matches!(
                refused,
                Err(CliError::WrongOutput { index: 3, .. })
            ));
        }
    }

    #[test]
    fn result_overwrites_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(write(&folder.path().join("no/such/folder"), b"").is_err());
    }

    #[test]
    fn provenance_names_what_the_outputs_were_compared_with() {
        let manifest = br#"{"version":1,"name":"n","program":"0000000000000000000000000000000000000000000000000000000000000000","args":[],"env":{},"inputs":{},"shards":[{"inline":{"text":"0 1\n"}},{"inline":{"text":"1 2\n"}}],"join":"concat","output":"o","runtime":"wasm","limits":{"fuel":1,"memory":1,"output":1,"log":0,"wall_ms":1},"verify":{"mode":"quorum","replicas":1,"quorum":1,"max_replicas":1}}"#;
        let fetched = |on_chain| VerifiedOutputs {
            manifest: Manifest::from_bytes(manifest).unwrap(),
            outputs: vec![Vec::new(), Vec::new()],
            on_chain,
        };
        assert!(
            fetched(2)
                .provenance()
                .contains("all 2 outputs match the roots on chain")
        );
        assert!(
            fetched(1)
                .provenance()
                .contains("1 outputs match the roots on chain, 1 those")
        );
        assert!(fetched(0).provenance().contains("record"));
    }
}
