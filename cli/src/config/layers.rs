//! Values of settings with their origins.

use super::file;
use super::table::{Field, FlagValues};
use super::value::SettingValue;
use crate::error::CliError;
use millrace_client::rpc::redact::redact_url;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(String),
    Environment(String),
    File(PathBuf),
    NetworkFile(PathBuf),
    SolanaCli,
    /// Computed from the setting with this key.
    Derived(&'static str),
    Default,
}

impl Origin {
    /// Whether the user set the value for this program.
    pub fn is_explicit(&self) -> bool {
        matches!(self, Self::Flag(_) | Self::Environment(_) | Self::File(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(variable) => f.write_str(variable),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::NetworkFile(path) => write!(f, "network file {}", path.display()),
            Self::SolanaCli => f.write_str("Solana CLI"),
            Self::Derived(key) => write!(f, "derived from `{key}`"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Sources of [`Layers::load`].
pub struct Sources<'a> {
    pub flags: FlagValues,
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    pub file: Option<&'a Path>,
}

/// The values of all settings as text, each with its origin.
#[derive(Clone, Debug)]
pub struct Layers {
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// A setting as `config` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectiveSetting {
    pub name: String,
    /// Value without secrets.
    pub value: String,
    pub origin: String,
}

impl Layers {
    /// Reads `fields`, of which the file may hold only `file_fields`.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub fn load(
        fields: &[Field],
        file_fields: &[Field],
        sources: Sources<'_>,
    ) -> Result<Self, CliError> {
        let mut in_file = match sources.file {
            Some(path) => file::read(path, file_fields)?,
            None => BTreeMap::new(),
        };
        let mut flags: BTreeMap<_, _> = sources
            .flags
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let mut pick = |field: &Field| {
            let variable = field.variable();
            if let Some(text) = flags.remove(field.name) {
                return (text, Origin::Flag(field.flag()));
            }
            // An empty variable counts as unset.
            let in_environment = (sources.environment)(&variable).filter(|text| !text.is_empty());
            if let Some(text) = in_environment {
                return (text, Origin::Environment(variable));
            }
            match (in_file.remove(field.name), sources.file) {
                (Some(text), Some(path)) => (text, Origin::File(path.to_owned())),
                _ => (field.default.to_owned(), Origin::Default),
            }
        };
        let values = fields.iter().map(|field| (field.name, pick(field)));
        let values = values.collect();
        Ok(Self { values })
    }

    /// Parses a setting.
    ///
    /// # Errors
    /// [`CliError::Usage`] with the setting and its origin.
    pub fn get<T: SettingValue>(&self, name: &str) -> Result<T, CliError> {
        let missing = (String::new(), Origin::Default);
        let (text, origin) = self.values.get(name).unwrap_or(&missing);
        T::parse(text).map_err(|reason| {
            let text = redact_url(text);
            CliError::Usage(format!("invalid `{name}` {text:?} ({origin}): {reason}"))
        })
    }

    pub fn origin(&self, name: &str) -> &Origin {
        let found = self.values.get(name);
        found.map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Sets a value whose origin is the default, and returns whether it did.
    pub fn fill(&mut self, name: &'static str, value: &str, origin: Origin) -> bool {
        match self.values.get_mut(name) {
            Some(found) if found.1 == Origin::Default => {
                *found = (value.to_owned(), origin);
                true
            }
            _ => false,
        }
    }

    /// Adds origins to redacted values.
    pub fn effective(&self, values: Vec<(&'static str, String)>) -> Vec<EffectiveSetting> {
        let effective = |(name, value): (&'static str, String)| EffectiveSetting {
            name: name.to_owned(),
            value,
            origin: self.origin(name).to_string(),
        };
        values.into_iter().map(effective).collect()
    }
}

impl EffectiveSetting {
    /// A settings file with these values and their origins as comments. Empty values are commented
    /// out.
    pub fn file(all: &[Self]) -> String {
        let lines: Vec<(String, &Self)> = all.iter().map(|one| (one.line(), one)).collect();
        let width = lines.iter().map(|(line, _)| line.chars().count()).max();
        let width = width.unwrap_or(0);
        let lines: Vec<String> = lines
            .iter()
            .map(|(line, one)| format!("{line:width$}  # {}", one.origin))
            .collect();
        lines.join("\n")
    }

    fn line(&self) -> String {
        let Self { name, value, .. } = self;
        match value.as_str() {
            "" => format!("# {name} ="),
            number if number.parse::<u64>().is_ok() => format!("{name} = {number}"),
            text => format!("{name} = {}", toml::Value::from(text)),
        }
    }
}
