//! Addresses of accounts and public keys, written in base58.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The text is not the base58 form of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is not an address: write the base58 form of 32 bytes")]
pub struct KeyError {
    /// The refused text.
    pub text: String,
}

/// The address of an account, or a public key. Base58 in text and JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

/// Maximum length of the base58 form of 32 bytes.
const MAX_KEY_CHARS: usize = 44;

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        // Decoding takes quadratic time, so the length is checked first.
        let decoded = (text.len() <= MAX_KEY_CHARS)
            .then(|| bs58::decode(text).onto(&mut bytes).ok())
            .flatten();
        match decoded {
            Some(32) => Ok(Self(bytes)),
            _ => Err(KeyError {
                text: text.to_owned(),
            }),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_formatted_key_parses_to_itself(bytes: [u8; 32]) {
            let key = Key(bytes);
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn parsing_a_key_never_panics(text: String) {
            let _ = text.parse::<Key>();
        }
    }
}
