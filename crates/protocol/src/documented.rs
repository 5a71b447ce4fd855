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
