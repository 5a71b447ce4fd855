//! Types of settings: how each is parsed from text and printed.

use crate::ui::output::SOL_DECIMALS;
use millrace_client::rpc::redact::redact_url;
use millrace_protocol::amount::{format_amount, parse_amount};
use millrace_protocol::measure::{format_duration, parse_duration};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The value of a setting.
pub trait SettingValue: Sized {
    /// # Errors
    /// What is wrong with the text, or what is expected.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value without secrets; [`SettingValue::parse`] accepts it.
    fn redacted(&self) -> String;
}

/// A duration: `30s`, `5m`, `500 ms`; a number alone counts seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan(pub Duration);

/// An amount of SOL in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sol(pub u64);

/// A URL, or several separated by commas. Debug output and [`SettingValue::redacted`] hide tokens and
/// passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct RedactedUrl(pub String);

impl std::fmt::Debug for RedactedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&redact_url(&self.0))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl SettingValue for TimeSpan {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.trim().parse() {
            return Ok(Self(Duration::from_secs(seconds)));
        }
        parse_duration(text)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn redacted(&self) -> String {
        format_duration(self.0)
    }
}

impl SettingValue for Sol {
    fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches("SOL").trim_end();
        parse_amount(number, SOL_DECIMALS)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn redacted(&self) -> String {
        format!("{} SOL", format_amount(self.0, SOL_DECIMALS))
    }
}

impl SettingValue for RedactedUrl {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }

    fn redacted(&self) -> String {
        redact_url(&self.0)
    }
}

impl SettingValue for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected text or json".to_owned()),
        }
    }

    fn redacted(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

impl SettingValue for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn redacted(&self) -> String {
        self.display().to_string()
    }
}

/// Types with `FromStr` and `Display`; the text describes the expected format.
macro_rules! from_str_value {
    ($($type:ty, $expected:literal;)*) => { $(
        impl SettingValue for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.trim()
                    .parse()
                    .map_err(|error| format!("{error}; expected {}", $expected))
            }

            fn redacted(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

from_str_value! {
    SocketAddr, "an address with its port, such as 127.0.0.1:8901";
    u64, "a whole number";
    u32, "a whole number";
    u8, "a whole number up to 255";
    String, "any text";
}

/// Empty text is `None`.
impl<T: SettingValue> SettingValue for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(None),
            text => T::parse(text).map(Some),
        }
    }

    fn redacted(&self) -> String {
        self.as_ref().map(T::redacted).unwrap_or_default()
    }
}
