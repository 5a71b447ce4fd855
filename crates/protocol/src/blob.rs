//! How blobs are named in text: `sha256:<64 hex digits>` where people write them, the bare hex
//! digits inside JSON.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::hash::Digest;

/// What stands before the hex digits of a blob's name.
pub const PREFIX: &str = "sha256:";

/// A text that is no blob's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlobNameError {
    /// The prefix is missing.
    #[error("{text:?} is no blob: write sha256: and the 64 hex digits of its SHA-256")]
    NoPrefix {
        /// What was given.
        text: String,
    },
    /// The digits are not 64 hex digits.
    #[error("{text:?} is no SHA-256: it takes 64 hex digits (0-9, a-f)")]
    NotHex {
        /// What was given, without the prefix.
        text: String,
    },
    /// Neither a path nor a blob.
    #[error("the path is empty: name a file, or a blob as sha256:<hex>")]
    EmptyPath,
}

/// Reads 64 hex digits of either case.
pub fn parse_hex(text: &str) -> Result<Digest, BlobNameError> {
    let mut digest = Digest::default();
    hex::decode_to_slice(text, &mut digest).map_err(|_| BlobNameError::NotHex {
        text: text.to_owned(),
    })?;
    Ok(digest)
}

/// The name of a blob: `sha256:<hex>`.
pub fn format(digest: &Digest) -> String {
    format!("{PREFIX}{}", hex::encode(digest))
}

/// Reads a blob's name as [`format()`] writes it; hex digits of either case.
pub fn parse(text: &str) -> Result<Digest, BlobNameError> {
    let digits = text
        .strip_prefix(PREFIX)
        .ok_or_else(|| BlobNameError::NoPrefix {
            text: text.to_owned(),
        })?;
    parse_hex(digits)
}

/// Where a manifest's author says that some bytes are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobRef {
    /// A file, counted from the manifest's folder unless absolute. Never empty.
    Path(String),
    /// A blob that the network already has.
    Digest(Digest),
}

impl fmt::Display for BlobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Digest(digest) => f.write_str(&format(digest)),
        }
    }
}

impl FromStr for BlobRef {
    type Err = BlobNameError;

    /// Whatever starts with [`PREFIX`] is a blob (a file of that name is reached by `./sha256:…`),
    /// all else a path.
    fn from_str(text: &str) -> Result<Self, BlobNameError> {
        match text {
            "" => Err(BlobNameError::EmptyPath),
            _ if text.starts_with(PREFIX) => parse(text).map(Self::Digest),
            _ => Ok(Self::Path(text.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for BlobRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// For `#[serde(with = "hex_bytes")]`: byte arrays of any fixed length as lowercase hex.
pub mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bytes as lowercase hex digits.
    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    /// Reads exactly `2 * N` hex digits of either case.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; N];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| {
            serde::de::Error::custom(format!("{text:?} is not {} hex digits", 2 * N))
        })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_its_digest(digest: [u8; 32]) {
            prop_assert_eq!(parse(&format(&digest)), Ok(digest));
            prop_assert_eq!(parse_hex(&hex::encode(digest).to_uppercase()), Ok(digest));
            prop_assert_eq!(format(&digest).parse(), Ok(BlobRef::Digest(digest)));
        }
    }

    #[test]
    fn a_name_that_is_not_64_hex_digits_is_refused_with_what_was_given() {
        for digits in ["", "ab", &"g".repeat(64), &"a".repeat(65), &"ä".repeat(32)] {
            let error = format!("sha256:{digits}").parse::<BlobRef>().unwrap_err();
            assert_eq!(
                error,
                BlobNameError::NotHex {
                    text: digits.to_owned()
                }
            );
            assert!(error.to_string().contains(&format!("{digits:?}")));
        }
    }

    #[test]
    fn the_prefix_tells_a_blob_from_a_path() {
        assert_eq!(
            parse(&"a".repeat(64)),
            Err(BlobNameError::NoPrefix {
                text: "a".repeat(64)
            })
        );
        assert_eq!(
            "./sha256:x".parse(),
            Ok(BlobRef::Path("./sha256:x".to_owned()))
        );
        assert_eq!("".parse::<BlobRef>(), Err(BlobNameError::EmptyPath));
    }

    #[test]
    fn hex_bytes_of_another_length_are_refused() {
        #[derive(Debug, Deserialize)]
        struct Short(#[serde(with = "hex_bytes")] [u8; 2]);
        let read = serde_json::from_str::<Short>;
        assert_eq!(read("\"00ff\"").unwrap().0, [0, 255]);
        for text in ["\"00\"", "\"00ff00\"", "\"00fg\"", "7"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
