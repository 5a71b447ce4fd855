//! The terms of a job: the part of a manifest file that is stored on chain beside the manifest's hash.

use std::time::Duration;

use super::check;
use super::error::ManifestError;
use super::file::ManifestFile;
use super::model::{ShardLimits, Verification, VerifyMode};
use super::split::{reject_field, require_field};
use crate::measure::format_duration;

/// The part of a manifest file that is stored in the job on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Maximum price of a unit in tokens, as written: a decimal number for
    /// [`parse_amount`](crate::amount::parse_amount) once the token's decimals are known.
    pub max_price_per_unit: String,
    /// Seconds from posting the job to its deadline, at least 1.
    pub deadline_secs: u64,
    /// The time windows of providers.
    pub windows: JobWindows,
    /// Which providers may run the job.
    pub requirement: ProviderRequirement,
    /// How results are verified.
    pub mode: VerifyMode,
    /// Probability of an audit in basis points; 0 in other modes.
    pub audit_bps: u16,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree if there is more than one.
    pub quorum: u8,
    /// Maximum number of seats of a shard.
    pub max_replicas: u8,
    /// Maximum number of units of a shard in one seat.
    pub max_units: u64,
}

/// Windows in seconds, each at least 1; `None` lets the client choose within the network's bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobWindows {
    /// From a seat's assignment to its commitment.
    pub commit_secs: Option<u64>,
    /// From the end of the commitments to the reveal.
    pub reveal_secs: Option<u64>,
    /// From the reveal, in which the result can be challenged; only in the challenge mode.
    pub challenge_secs: Option<u64>,
}

/// What a provider must have; `None` and 0 require nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderRequirement {
    /// Supplier tag, 1 to 16 visible ASCII characters.
    pub supplier: Option<String>,
    /// Region, 1 to 16 visible ASCII characters.
    pub region: Option<String>,
    /// Verified score in fuel per second.
    pub min_score: u64,
}

pub(super) fn terms(
    file: &ManifestFile,
    limits: &ShardLimits,
    verify: &Verification,
) -> Result<Terms, ManifestError> {
    let window = |field, duration: Option<Duration>| {
        duration
            .map(|duration| seconds(field, duration))
            .transpose()
    };
    for (field, text) in [
        ("requirement.supplier", &file.requirement.supplier),
        ("requirement.region", &file.requirement.region),
    ] {
        if let Some(text) = text {
            check::tag(field, text)?;
        }
    }
    Ok(Terms {
        max_price_per_unit: file.price.max_per_unit.clone(),
        deadline_secs: seconds("deadline.within", file.deadline.within)?,
        windows: JobWindows {
            commit_secs: window("windows.commit", file.windows.commit)?,
            reveal_secs: window("windows.reveal", file.windows.reveal)?,
            challenge_secs: window("windows.challenge", file.windows.challenge)?,
        },
        requirement: ProviderRequirement {
            supplier: file.requirement.supplier.clone(),
            region: file.requirement.region.clone(),
            min_score: file.requirement.min_score,
        },
        mode: verify.mode,
        audit_bps: audit_bps(file)?,
        replicas: verify.replicas,
        quorum: verify.quorum,
        max_replicas: verify.max_replicas,
        max_units: limits.max_units(),
    })
}

/// The audit rate. Also checks that the windows and the rate match the verification mode.
fn audit_bps(file: &ManifestFile) -> Result<u16, ManifestError> {
    let (mode, rate) = (file.verify.mode, file.verify.audit_bps);
    let because = match mode {
        VerifyMode::Quorum => "`verify.mode = \"quorum\"`",
        VerifyMode::Audit => "`verify.mode = \"audit\"`",
        VerifyMode::Challenge => "`verify.mode = \"challenge\"`",
    };
    if mode != VerifyMode::Challenge {
        let given = file.windows.challenge.is_some();
        reject_field("windows.challenge", because, given)?;
    }
    if mode != VerifyMode::Audit {
        reject_field("verify.audit_bps", because, rate.is_some())?;
        return Ok(0);
    }
    let found = require_field("verify.audit_bps", because, rate)?;
    match u16::try_from(found) {
        Ok(rate) if (1..=10_000).contains(&rate) => Ok(rate),
        _ => Err(ManifestError::AuditRate { found }),
    }
}

fn seconds(field: &str, duration: Duration) -> Result<u64, ManifestError> {
    if duration.subsec_nanos() != 0 {
        return Err(ManifestError::NotWholeSeconds {
            field: field.to_owned(),
            value: format_duration(duration),
        });
    }
    check::above_zero(field, duration.as_secs())?;
    Ok(duration.as_secs())
}
