//! Compares the tables of a reference page with the JSON of the types that it describes.

use serde_json::Value;
use std::collections::BTreeSet;

/// The fields that the tables below a heading list, up to the next heading: the first cell of each row,
/// if it is in backticks.
pub(crate) fn documented_fields(page: &str, heading: &str) -> BTreeSet<String> {
    let mut lines = page.lines();
    assert!(
        lines.any(|line| line == heading),
        "the page has no heading {heading:?}"
    );
    lines
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

/// The names of all fields of a JSON object, as a page writes them: `task.job` for a field of an object,
/// `seats[].price` for a field of the objects in a list. A list must have an element to show its fields.
pub(crate) fn fields_of(value: &Value) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        fields.insert(name.clone());
        let (separator, inner) = match value {
            Value::Array(elements) => ("[].", elements.first()),
            other => (".", Some(other)),
        };
        let inner = inner.map(fields_of).unwrap_or_default();
        fields.extend(
            inner
                .iter()
                .map(|field| format!("{name}{separator}{field}")),
        );
    }
    fields
}

#[test]
fn fields_are_named_by_their_path() {
    let value = serde_json::json!({"a": 1, "b": {"c": 2}, "d": [{"e": 3}], "f": []});
    let expected = ["a", "b", "b.c", "d", "d[].e", "f"].map(str::to_owned);
    assert_eq!(fields_of(&value), BTreeSet::from(expected));
    let page = "## one\n\n| Field |\n|---|\n| `a` | x |\n| `b.c` | y |\n\n## two\n| `z` |\n";
    let expected = ["a", "b.c"].map(str::to_owned);
    assert_eq!(documented_fields(page, "## one"), BTreeSet::from(expected));
}

/// Texts of all `#[error("...")]` attributes of a source file, without backticks and line continuations.
fn error_texts(source: &str) -> Vec<String> {
    let attributes = source.split("#[error(").skip(1);
    attributes
        .filter_map(|rest| {
            let text = rest.split_once('"')?.1.split_once("\")]").or_else(|| {
                // The closing quote of an attribute that spans several lines.
                rest.split_once('"')?.1.split_once("\"\n")
            })?;
            let lines = text.0.split("\\\n").map(str::trim_start);
            Some(lines.collect::<String>().replace('`', ""))
        })
        .collect()
}

/// Whether the parts of a pattern between `…` occur in the text in this order.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('…').map(str::trim).all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, after)| after);
        found.is_some()
    })
}

#[test]
fn every_documented_error_of_a_manifest_exists() {
    let texts = error_texts(include_str!("manifest/error.rs"));
    assert!(texts.len() > 25, "{texts:#?}");
    let documented = documented_fields(include_str!("../../../docs/manifest.md"), "## Errors");
    let missing: Vec<_> = documented
        .iter()
        .filter(|pattern| !texts.iter().any(|text| matches(pattern, text)))
        .collect();
    assert!(
        missing.is_empty() && documented.len() > 20,
        "docs/manifest.md: {missing:#?}"
    );
}
