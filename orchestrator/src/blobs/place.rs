//! Where blobs are kept.

use super::BlobError;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A place for blobs, written as a folder or as `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobPlace {
    /// A folder of this machine's.
    Folder(PathBuf),
    /// A bucket of an object store that speaks S3, which several orchestrators may share.
    S3 {
        /// Its name.
        bucket: String,
        /// What names in it begin with.
        prefix: String,
    },
}

impl FromStr for BlobPlace {
    type Err = BlobError;

    fn from_str(given: &str) -> Result<Self, BlobError> {
        let refuse = || BlobError::Place {
            given: given.to_owned(),
        };
        let Some(rest) = given.strip_prefix("s3://") else {
            return match given.is_empty() || given.contains("://") {
                true => Err(refuse()),
                false => Ok(Self::Folder(given.into())),
            };
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

impl fmt::Display for BlobPlace {
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
    fn a_place_is_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| BlobPlace::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        };
        for (text, place) in [
            ("s3://mill", s3("mill", "")),
            ("s3://mill/", s3("mill", "")),
            ("s3://mill/race/one/", s3("mill", "race/one")),
            ("/var/blobs", BlobPlace::Folder("/var/blobs".into())),
            ("blobs", BlobPlace::Folder("blobs".into())),
        ] {
            assert_eq!(text.parse::<BlobPlace>().unwrap(), place);
        }
        for wrong in ["", "s3://", "s3:///race", "gs://mill"] {
            assert!(wrong.parse::<BlobPlace>().is_err(), "{wrong}");
        }
    }
}
