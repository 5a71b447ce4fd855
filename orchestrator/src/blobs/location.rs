use super::error::BlobStoreError;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The location of blobs, written as a folder or as `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobLocation {
    Folder(PathBuf),
    /// A bucket of an S3-compatible object store, which several orchestrators can share.
    S3 {
        bucket: String,
        /// Common prefix of all object names.
        prefix: String,
    },
}

impl FromStr for BlobLocation {
    type Err = BlobStoreError;

    fn from_str(given: &str) -> Result<Self, BlobStoreError> {
        let refuse = || BlobStoreError::InvalidLocation {
            given: given.to_owned(),
        };
        let Some(rest) = given.strip_prefix("s3://") else {
            if given.is_empty() || given.contains("://") {
                return Err(refuse());
            }
            return Ok(Self::Folder(given.into()));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(refuse());
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for BlobLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| BlobLocation::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        };
        for (text, location) in [
            ("s3://mill", s3("mill", "")),
            ("s3://mill/", s3("mill", "")),
            ("s3://mill/race/one/", s3("mill", "race/one")),
            ("/var/blobs", BlobLocation::Folder("/var/blobs".into())),
            ("blobs", BlobLocation::Folder("blobs".into())),
        ] {
            assert_eq!(text.parse::<BlobLocation>().unwrap(), location);
        }
        for wrong in ["", "s3://", "s3:///race", "gs://mill"] {
            assert!(wrong.parse::<BlobLocation>().is_err(), "{wrong}");
        }
    }
}
