//! Types of settings: how each is read from text, and how it is shown.

use crate::ui::output::SOL_DECIMALS;
use millrace_client::rpc::redact::redact_url;
use millrace_protocol::amount::{format_amount, format_duration, parse_amount, parse_duration};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Something that can be set.
pub trait Setting: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with the text, and how it should look.
    fn parse(text: &str) -> Result<Self, String>;
    /// How it is shown: so that it can be read again, but without secrets.
    fn show(&self) -> String;
}

/// A time span: `30s`, `5m`, `500 ms`; a number alone counts seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// An amount of SOL, kept in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sol(pub u64);

/// An address, or several with commas between them; tokens and passwords in it are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(pub String);

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&redact_url(&self.0))
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("it is text or json".to_owned()),
        }
    }
}

impl Setting for Span {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.trim().parse() {
            return Ok(Self(Duration::from_secs(seconds)));
        }
        parse_duration(text).map(Self).map_err(|e| e.to_string())
    }

    fn show(&self) -> String {
        format_duration(self.0)
    }
}

impl Setting for Sol {
    fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches("SOL").trim_end();
        parse_amount(number, SOL_DECIMALS)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn show(&self) -> String {
        format!("{} SOL", format_amount(self.0, SOL_DECIMALS))
    }
}

impl Setting for Url {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> String {
        redact_url(&self.0)
    }
}

impl Setting for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

impl Setting for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// Types whose text is read and written by the standard library.
macro_rules! plain {
    ($($type:ty, $how:literal;)*) => { $(
        impl Setting for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|error| format!("{error}; {}", $how))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

plain! {
    SocketAddr, "write an address with its port, such as 127.0.0.1:8901";
    u64, "write a whole number";
    u32, "write a whole number";
    u8, "write a whole number up to 255";
    String, "write any text";
}

/// Empty text is no value.
impl<T: Setting> Setting for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(None),
            text => T::parse(text).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}
