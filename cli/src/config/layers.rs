//! Where each setting's value comes from.

use super::table::{flag_of, variable_of};
use super::{Field, Setting, file};
use crate::error::CliError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The file.
    File(PathBuf),
    /// Nothing was said, and it follows from something else.
    Derived(&'static str),
    /// Nothing was said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(variable) => f.write_str(variable),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Derived(what) => f.write_str(what),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The values of all settings as text, each with its origin.
#[derive(Clone, Debug)]
pub struct Layers {
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// A setting as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its key.
    pub name: String,
    /// Its value, without secrets.
    pub value: String,
    /// Where that comes from.
    pub origin: String,
}

impl Layers {
    /// Puts flags over the environment, that over the file, and that over the defaults. `typed` holds
    /// what was typed, by name; of flags that the command line's parser fills from the environment by
    /// itself, those with the same value there are told as from there.
    ///
    /// # Errors
    /// Where the file can't be used.
    pub fn load(
        fields: &'static [Field],
        typed: Vec<(&'static str, Option<String>)>,
        environment: impl Fn(&str) -> Option<String>,
        path: Option<&Path>,
    ) -> Result<Self, CliError> {
        let mut in_file = match path {
            Some(path) => file::read(path, fields)?,
            None => BTreeMap::new(),
        };
        let typed: BTreeMap<_, _> = typed
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let mut values = BTreeMap::new();
        for field in fields {
            let variable = variable_of(field.name);
            let of_file = in_file.remove(field.name);
            let value = match (typed.get(field.name), environment(&variable)) {
                (Some(flag), of) if of.as_ref() != Some(flag) => {
                    (flag.clone(), Origin::Flag(flag_of(field.name)))
                }
                (_, Some(text)) => (text, Origin::Environment(variable)),
                _ => match (of_file, path) {
                    (Some(text), Some(path)) => (text, Origin::File(path.to_owned())),
                    _ => (field.default.to_owned(), Origin::Default),
                },
            };
            values.insert(field.name, value);
        }
        Ok(Self { values })
    }

    /// Reads a setting.
    ///
    /// # Errors
    /// [`CliError::Usage`], which names the setting and where it came from.
    pub fn get<T: Setting>(&self, name: &str) -> Result<T, CliError> {
        let missing = (String::new(), Origin::Default);
        let (text, origin) = self.values.get(name).unwrap_or(&missing);
        T::parse(text).map_err(|reason| {
            let text = millrace_client::rpc::redact::redact_url(text);
            CliError::Usage(format!("`{name}` can't be {text:?} ({origin}): {reason}"))
        })
    }

    /// Says what a setting is where nobody said it.
    pub fn derive(&mut self, name: &'static str, value: String, from: &'static str) {
        if let Some(found) = self.values.get_mut(name)
            && found.1 == Origin::Default
        {
            *found = (value, Origin::Derived(from));
        }
    }

    /// Adds the origins to what settings show.
    pub fn shown(&self, settings: Vec<(&'static str, String)>) -> Vec<Shown> {
        let origin = |name| self.values.get(name).map(|(_, origin)| origin.to_string());
        let shown = |(name, value): (&'static str, String)| Shown {
            name: name.to_owned(),
            value,
            origin: origin(name).unwrap_or_default(),
        };
        settings.into_iter().map(shown).collect()
    }
}

impl Shown {
    /// A file that says the same, with the origins beside it. What nobody set is left out.
    pub fn file(all: &[Self]) -> String {
        let set: Vec<(String, &Self)> = all.iter().map(|one| (one.line(), one)).collect();
        let width = set.iter().map(|(line, _)| line.chars().count()).max();
        let width = width.unwrap_or(0);
        let lines: Vec<String> = set
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
