//! Names of blobs in text: `sha256:<64 hex digits>` in manifest files and messages, bare hex digits in
//! JSON and URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::hash::Digest;

/// Prefix of a blob's name.
pub const PREFIX: &str = "sha256:";

/// The text is not the name of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlobNameError {
    /// The prefix is missing.
    #[error(
        "{text:?} is not the name of a blob; write sha256: and the 64 hex digits of its SHA-256"
    )]
    NoPrefix {
        /// The refused text.
        text: String,
    },
    /// The name does not consist of 64 hex digits.
    #[error("{text:?} is not a SHA-256; write 64 hex digits (0-9, a-f)")]
    NotHex {
        /// The refused text, without the prefix.
        text: String,
    },
    /// The text is empty.
    #[error("the path is empty; name a file, or a blob as sha256:<hex>")]
    EmptyPath,
}

/// Parses 64 hex digits of either case.
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

/// Parses a blob's name as [`format()`] formats it; hex digits of either case.
pub fn parse(text: &str) -> Result<Digest, BlobNameError> {
    let digits = text
        .strip_prefix(PREFIX)
        .ok_or_else(|| BlobNameError::NoPrefix {
            text: text.to_owned(),
        })?;
    parse_hex(digits)
}

/// A reference to content in a manifest file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobRef {
    /// A file, relative to the manifest's folder unless the path is absolute. Never empty.
    Path(String),
    /// A blob on the network.
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

    /// A text that starts with [`PREFIX`] is a blob, any other text a path. A file with such a name can
    /// be written as `./sha256:…`.
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

    /// Serializes the bytes as lowercase hex digits.
    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    /// Deserializes exactly `2 * N` hex digits of either case.
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
        fn a_formatted_name_parses_to_its_digest(digest: [u8; 32]) {
            prop_assert_eq!(parse(&format(&digest)), Ok(digest));
            prop_assert_eq!(parse_hex(&hex::encode(digest).to_uppercase()), Ok(digest));
            prop_assert_eq!(format(&digest).parse(), Ok(BlobRef::Digest(digest)));
        }
    }

    #[test]
    fn a_name_without_64_hex_digits_is_refused() {
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
    fn the_prefix_distinguishes_a_blob_from_a_path() {
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
