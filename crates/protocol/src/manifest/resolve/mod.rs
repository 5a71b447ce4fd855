//! Resolves a manifest file to the canonical manifest: reads the named content, splits the work into
//! shards and checks consistency. All I/O goes through the given reader.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blobs::{BlobReader, Read};
use super::check;
use super::error::ManifestError;
use super::file::{JoinFile, JoinWith, LimitsFile, ManifestFile, VerifyFile};
use super::model::{
    Input, Join, Manifest, RuntimeKind, ShardLimits, VERSION, Verification, VerifyMode,
};
use super::split::{SplitPlan, reject_field, require_field};
use super::terms::{Terms, terms};
use crate::hash::Digest;

/// A resolved manifest file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The canonical manifest. Its bytes are a blob as well, which is not in `blobs`.
    pub manifest: Manifest,
    /// Every blob that the manifest names, each once, with its content. The client uploads those that the
    /// network does not have.
    pub blobs: Vec<(Digest, Arc<[u8]>)>,
    /// The terms of the job.
    pub terms: Terms,
}

/// Resolves a manifest file. `read` is called once for each file or blob.
///
/// Numbers and names are checked before the first read. The content of a blob is checked against its
/// name.
pub fn resolve(file: &ManifestFile, read: &mut Read<'_>) -> Result<Resolved, ManifestError> {
    let limits = limits(&file.limits)?;
    let verify = verify(&file.verify)?;
    let terms = terms(file, &limits, &verify)?;
    check::job_name(&file.name)?;
    check::file_name("join.output", &file.join.output)?;
    for name in file.inputs.keys() {
        check::file_name("inputs", name)?;
    }
    let plan = SplitPlan::of(&file.shards)?;

    let mut blobs = BlobReader::new(read);
    let program = blobs.program("program", &file.program)?;
    let join = join(&file.join, &mut blobs)?;
    let mut inputs = BTreeMap::new();
    for (name, from) in &file.inputs {
        let (digest, content) = blobs.get(&format!("inputs.{name}"), from)?;
        let length = content.len() as u64;
        inputs.insert(name.clone(), Input { digest, length });
    }
    let shards = plan.shards(&mut blobs)?;

    let manifest = Manifest {
        version: VERSION,
        name: file.name.clone(),
        program,
        args: file.args.clone(),
        env: file.env.clone(),
        inputs,
        shards,
        join,
        output: file.join.output.clone(),
        runtime: RuntimeKind::Wasm,
        limits,
        verify,
    };
    check::manifest(&manifest)?;
    check::length(manifest.to_bytes().len())?;
    Ok(Resolved {
        manifest,
        blobs: blobs.found,
        terms,
    })
}

fn limits(file: &LimitsFile) -> Result<ShardLimits, ManifestError> {
    let limits = ShardLimits {
        fuel: file.fuel,
        memory: file.memory.value,
        output: file.output.value,
        log: file.log.value,
        wall_ms: u64::try_from(file.wall.as_millis()).unwrap_or(u64::MAX),
    };
    check::limits(&limits)?;
    Ok(limits)
}

fn verify(file: &VerifyFile) -> Result<Verification, ManifestError> {
    let replicas = file.replicas.unwrap_or(match file.mode {
        VerifyMode::Quorum => 3,
        VerifyMode::Audit | VerifyMode::Challenge => 1,
    });
    let max_replicas = file.max_replicas.unwrap_or(match file.mode {
        // With two, one wrong seat would void the result.
        VerifyMode::Quorum if replicas == 2 => 3,
        VerifyMode::Quorum => replicas,
        VerifyMode::Audit | VerifyMode::Challenge => 3,
    });
    let quorum = file.quorum.unwrap_or(max_replicas / 2 + 1);
    check::seats(file.mode, replicas, quorum, max_replicas)?;
    let narrow =
        |seats| u8::try_from(seats).map_err(|_| ManifestError::TooManyReplicas { max_replicas });
    Ok(Verification {
        mode: file.mode,
        replicas: narrow(replicas)?,
        quorum: narrow(quorum)?,
        max_replicas: narrow(max_replicas)?,
    })
}

fn join(file: &JoinFile, blobs: &mut BlobReader<'_, '_>) -> Result<Join, ManifestError> {
    match file.with {
        JoinWith::Concat => {
            let because = "`join.with = \"concat\"`";
            reject_field("join.program", because, file.program.is_some())?;
            reject_field("join.args", because, file.args.is_some())?;
            Ok(Join::Concat)
        }
        JoinWith::Program => {
            let because = "`join.with = \"program\"`";
            let program = require_field("join.program", because, file.program.as_ref())?;
            let args = file.args.clone().unwrap_or_default();
            check::program_args("join.args", &args)?;
            Ok(Join::Program {
                digest: blobs.program("join.program", program)?,
                args,
            })
        }
    }
}

#[cfg(test)]
mod tests;
