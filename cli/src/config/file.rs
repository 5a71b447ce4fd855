//! The settings file: TOML with keys and values, without tables.

use super::Field;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// Jaro-Winkler similarity from which on a known key is suggested for an unknown one.
const MIN_SIMILARITY: f64 = 0.7;

/// # Errors
/// If the file cannot be read, is not TOML, or has a key that is not in `fields`.
pub(crate) fn read(path: &Path, fields: &[Field]) -> Result<BTreeMap<String, String>, CliError> {
    let text = std::fs::read_to_string(path).map_err(CliError::file(path))?;
    parse(&text, fields).map_err(|reason| CliError::File {
        path: path.to_owned(),
        reason,
    })
}

pub(crate) fn parse(text: &str, fields: &[Field]) -> Result<BTreeMap<String, String>, String> {
    let table: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !fields.iter().any(|field| field.name == key) {
            return Err(unknown_key(&key, fields));
        }
        let value = value_text(&value).ok_or_else(|| {
            format!("`{key}` must be a string, a number or a list of strings, not a table")
        })?;
        values.insert(key, value);
    }
    Ok(values)
}

fn unknown_key(key: &str, fields: &[Field]) -> String {
    let similarity = |field: &&Field| strsim::jaro_winkler(key, field.name);
    let nearest = fields
        .iter()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match nearest.filter(|field| similarity(field) >= MIN_SIMILARITY) {
        Some(field) => format!("unknown setting `{key}`; did you mean `{}`?", field.name),
        None => {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            format!(
                "unknown setting `{key}`; known settings: {}",
                names.join(", ")
            )
        }
    }
}

fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(value_text).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}
