//! The file of settings: keys and values, without tables.

use super::Field;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// A key less like any known one is not taken for a slip.
const LEAST_LIKENESS: f64 = 0.7;

/// Reads a file.
///
/// # Errors
/// Where it can't be read, is no TOML, or has a key that no setting has.
pub fn read(path: &Path, fields: &[Field]) -> Result<BTreeMap<String, String>, CliError> {
    let text = std::fs::read_to_string(path).map_err(CliError::file(path))?;
    parse(&text, fields).map_err(|reason| CliError::File {
        path: path.to_owned(),
        reason,
    })
}

/// Reads the text of a file.
pub fn parse(text: &str, fields: &[Field]) -> Result<BTreeMap<String, String>, String> {
    let table: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !fields.iter().any(|field| field.name == key) {
            return Err(unknown(&key, fields));
        }
        let value = text_of(&value).ok_or_else(|| {
            format!("`{key}` has to be a text, a number or a list of texts, not a table")
        })?;
        values.insert(key, value);
    }
    Ok(values)
}

fn unknown(key: &str, fields: &[Field]) -> String {
    let like = |field: &&Field| strsim::jaro_winkler(key, field.name);
    let nearest = fields.iter().max_by(|a, b| like(a).total_cmp(&like(b)));
    match nearest.filter(|field| like(field) >= LEAST_LIKENESS) {
        Some(field) => format!(
            "there is no setting `{key}`; did you mean `{}`?",
            field.name
        ),
        None => {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            format!(
                "there is no setting `{key}`; there are {}",
                names.join(", ")
            )
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is) => Some(is.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(text_of).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}
