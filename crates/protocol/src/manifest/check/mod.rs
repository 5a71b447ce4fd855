//! Checks of a manifest, applied both when it is built and when its bytes are read.

use std::time::Duration;

use super::error::ManifestError;
use super::limits::{
    MAX_CHALLENGED_REPLICAS, MAX_FUEL, MAX_LOG_BYTES, MAX_MANIFEST_BYTES, MAX_MEMORY_BYTES,
    MAX_NAME_BYTES, MAX_OUTPUT_BYTES, MAX_REPLICAS, MAX_SHARDS, MAX_TAG_BYTES, MAX_WALL_MS,
};
use super::model::{Join, Manifest, ShardInput, ShardLimits, Verification, VerifyMode};
use crate::measure::{format_duration, format_size};

/// Maximum length of a file name on common file systems.
const MAX_FILE_NAME_BYTES: usize = 255;

/// Checks everything but the version and the length of the bytes.
pub(super) fn manifest(manifest: &Manifest) -> Result<(), ManifestError> {
    job_name(&manifest.name)?;
    program_args("args", &manifest.args)?;
    for (name, value) in &manifest.env {
        env("env", name, value)?;
    }
    for name in manifest.inputs.keys() {
        file_name("inputs", name)?;
    }
    shards(&manifest.shards)?;
    if let Join::Program { args, .. } = &manifest.join {
        program_args("join.args", args)?;
    }
    file_name("join.output", &manifest.output)?;
    limits(&manifest.limits)?;
    let Verification {
        mode,
        replicas,
        quorum,
        max_replicas,
    } = manifest.verify;
    seats(mode, replicas.into(), quorum.into(), max_replicas.into())
}

pub(super) fn length(bytes: usize) -> Result<(), ManifestError> {
    match bytes {
        0..=MAX_MANIFEST_BYTES => Ok(()),
        bytes => Err(ManifestError::TooLong { bytes }),
    }
}

pub(super) fn job_name(name: &str) -> Result<(), ManifestError> {
    let problem = match name {
        "" => "is empty".to_owned(),
        _ if name.len() > MAX_NAME_BYTES => format!("is longer than {MAX_NAME_BYTES} bytes"),
        _ if name.contains(char::is_control) => "contains a control character".to_owned(),
        _ => return Ok(()),
    };
    Err(bad_text("name", name, &problem))
}

pub(super) fn file_name(field: &str, name: &str) -> Result<(), ManifestError> {
    let problem = match name {
        "" => "is empty".to_owned(),
        "." | ".." => "names a folder".to_owned(),
        _ if name.len() > MAX_FILE_NAME_BYTES => {
            format!("is longer than {MAX_FILE_NAME_BYTES} bytes")
        }
        _ if name.contains(['/', '\\']) => {
            "contains a slash, but folders are not allowed".to_owned()
        }
        _ if name.contains(char::is_control) => "contains a control character".to_owned(),
        _ => return Ok(()),
    };
    Err(ManifestError::BadName {
        field: field.to_owned(),
        name: name.to_owned(),
        problem,
    })
}

/// Arguments and environment are passed as strings that end with a zero byte.
pub(super) fn program_args(field: &str, args: &[String]) -> Result<(), ManifestError> {
    match args.iter().find(|arg| arg.contains('\0')) {
        Some(arg) => Err(bad_text(field, arg, "contains a zero byte")),
        None => Ok(()),
    }
}

pub(super) fn env(field: &str, name: &str, value: &str) -> Result<(), ManifestError> {
    match name {
        "" => Err(bad_text(
            field,
            name,
            "is empty, but a variable needs a name",
        )),
        _ if name.contains(['=', '\0']) => Err(bad_text(
            field,
            name,
            "contains an equals sign or a zero byte",
        )),
        _ if value.contains('\0') => Err(bad_text(field, value, "contains a zero byte")),
        _ => Ok(()),
    }
}

/// A supplier tag or a region.
pub(super) fn tag(field: &str, text: &str) -> Result<(), ManifestError> {
    let problem = match text {
        "" => "is empty; remove the field to accept any".to_owned(),
        _ if text.len() > MAX_TAG_BYTES => format!("is longer than {MAX_TAG_BYTES} bytes"),
        _ if !text.bytes().all(|b| b.is_ascii_graphic()) => {
            "contains characters other than visible ASCII".to_owned()
        }
        _ => return Ok(()),
    };
    Err(bad_text(field, text, &problem))
}

fn bad_text(field: &str, text: &str, problem: &str) -> ManifestError {
    ManifestError::BadText {
        field: field.to_owned(),
        text: text.to_owned(),
        problem: problem.to_owned(),
    }
}

fn shards(shards: &[ShardInput]) -> Result<(), ManifestError> {
    if shards.is_empty() {
        return Err(ManifestError::NoShards);
    }
    shard_count(shards.len() as u64, "split the work more coarsely")?;
    let is_valid = |shard: &ShardInput| match shard {
        ShardInput::Blob { offset, len, .. } => *len > 0 && offset.checked_add(*len).is_some(),
        ShardInput::Inline { text } => !text.is_empty(),
    };
    match shards.iter().position(|shard| !is_valid(shard)) {
        Some(index) => Err(ManifestError::BadShard { index }),
        None => Ok(()),
    }
}

/// `advice` is how to get fewer shards.
pub(super) fn shard_count(shards: u64, advice: &str) -> Result<(), ManifestError> {
    if shards > MAX_SHARDS as u64 {
        return Err(ManifestError::TooManyShards {
            shards,
            advice: advice.to_owned(),
        });
    }
    Ok(())
}

pub(super) fn limits(limits: &ShardLimits) -> Result<(), ManifestError> {
    let millis = |ms| format_duration(Duration::from_millis(ms));
    within("limits.fuel", limits.fuel, MAX_FUEL, |n| n.to_string())?;
    within(
        "limits.memory",
        limits.memory,
        MAX_MEMORY_BYTES,
        format_size,
    )?;
    within(
        "limits.output",
        limits.output,
        MAX_OUTPUT_BYTES,
        format_size,
    )?;
    within("limits.wall", limits.wall_ms, MAX_WALL_MS, millis)?;
    // An empty log is valid; with any other limit at zero, every shard would end before it starts.
    at_most("limits.log", limits.log, MAX_LOG_BYTES, format_size)
}

fn within(
    field: &str,
    value: u64,
    bound: u64,
    text: impl Fn(u64) -> String,
) -> Result<(), ManifestError> {
    above_zero(field, value)?;
    at_most(field, value, bound, text)
}

fn at_most(
    field: &str,
    value: u64,
    bound: u64,
    text: impl Fn(u64) -> String,
) -> Result<(), ManifestError> {
    if value > bound {
        return Err(ManifestError::AboveBound {
            field: field.to_owned(),
            value: text(value),
            bound: text(bound),
        });
    }
    Ok(())
}

pub(super) fn above_zero(field: &str, value: u64) -> Result<(), ManifestError> {
    match value {
        0 => Err(ManifestError::Zero {
            field: field.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Checks the numbers of seats.
pub(super) fn seats(
    mode: VerifyMode,
    replicas: u32,
    quorum: u32,
    max_replicas: u32,
) -> Result<(), ManifestError> {
    above_zero("verify.replicas", replicas.into())?;
    above_zero("verify.quorum", quorum.into())?;
    if max_replicas > MAX_REPLICAS.into() {
        return Err(ManifestError::TooManyReplicas { max_replicas });
    }
    if max_replicas < replicas {
        return Err(ManifestError::MaxReplicasBelowReplicas {
            max_replicas,
            replicas,
        });
    }
    if mode == VerifyMode::Quorum && quorum > replicas {
        return Err(ManifestError::QuorumAboveReplicas { quorum, replicas });
    }
    if mode != VerifyMode::Quorum {
        if replicas != 1 {
            return Err(ManifestError::NotOneReplica { replicas });
        }
        if mode == VerifyMode::Challenge && max_replicas > MAX_CHALLENGED_REPLICAS.into() {
            return Err(ManifestError::TooManyChallenged { max_replicas });
        }
        if quorum < 2 || quorum > max_replicas {
            return Err(ManifestError::ReviewQuorum {
                quorum,
                max_replicas,
            });
        }
    }
    // Otherwise two groups of seats could each form a quorum for a different result.
    if 2 * quorum <= max_replicas {
        return Err(ManifestError::NoMajority {
            quorum,
            max_replicas,
            needed: max_replicas / 2 + 1,
        });
    }
    // One dissenter would void the result of all the others.
    if quorum == max_replicas && max_replicas > 1 {
        return Err(ManifestError::Unanimous {
            quorum,
            needed: quorum + 1,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
