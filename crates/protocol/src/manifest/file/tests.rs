#![allow(clippy::unwrap_used)]
use super::*;
use crate::manifest::samples::{TOML, changed};
use proptest::prelude::*;

fn refused(text: &str) -> ManifestError {
    ManifestFile::parse(text).unwrap_err()
}

/// The line that contains `part`, counted from 1.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

/// Asserts that the changed sample is refused on the line of the change with this message.
fn refused_at(from: &str, to: &str, message_part: &str) {
    let text = changed(from, to);
    match refused(&text) {
        ManifestError::Toml { line, message, .. } => {
            assert_eq!(line, line_of(&text, to), "{message}");
            assert!(message.contains(message_part), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn missing_fields_have_defaults() {
    let file = ManifestFile::parse(
        r#"
        name = "n"
        program = "p.wasm"
        shards = { split = "range", count = 4 }
        limits = { fuel = 1 }
        price = { max_per_unit = "1" }
        deadline = { within = "1 h" }
        "#,
    )
    .unwrap();
    assert!(file.args.is_empty() && file.env.is_empty() && file.inputs.is_empty());
    assert_eq!(file.join.with, JoinWith::Concat);
    assert_eq!(file.join.output, "output");
    assert_eq!(file.limits.memory.value, 256 << 20);
    assert_eq!(file.limits.output.value, 16 << 20);
    assert_eq!(file.limits.log.value, 64 << 10);
    assert_eq!(file.limits.wall, Duration::from_secs(300));
    assert_eq!(file.verify.mode, VerifyMode::Quorum);
    assert_eq!(file.verify.replicas, None);
    assert_eq!((file.verify.quorum, file.verify.max_replicas), (None, None));
    assert_eq!(file.windows, WindowsFile::default());
    assert_eq!(file.requirement, RequirementFile::default());
}

#[test]
fn an_unknown_field_is_reported_with_its_line_and_the_known_fields() {
    for (table, field) in [
        ("", "sealing"),
        ("[shards]", "chunks"),
        ("[join]", "file"),
        ("[limits]", "fule"),
        ("[verify]", "seats"),
        ("[price]", "cap"),
        ("[deadline]", "until"),
        ("[windows]", "accept"),
        ("[requirement]", "gpu"),
    ] {
        let text = match table {
            "" => format!("{field} = 1\n{TOML}"),
            _ => changed(table, &format!("{table}\n{field} = 1")),
        };
        match refused(&text) {
            ManifestError::UnknownField {
                line,
                field: named,
                known,
            } => {
                assert_eq!(named, field);
                assert_eq!(line, line_of(&text, &format!("{field} = 1")), "{field}");
                assert!(!known.contains('`') && !known.is_empty(), "{known}");
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    let text = changed("[windows]", "[windows]\naccept = \"1 s\"");
    assert_eq!(
        refused(&text).to_string(),
        format!(
            "line {}: unknown field `accept`; remove or correct it (known fields: commit, reveal, challenge)",
            line_of(&text, "accept")
        )
    );
    let text = changed("[limits]", "[limits]\nfule = 1");
    assert!(
        refused(&text)
            .to_string()
            .ends_with("(known fields: fuel, memory, output, log, wall)")
    );
}

#[test]
fn an_unknown_table_is_an_unknown_field() {
    let text = format!("{TOML}\n[sealing]\nkey = 1\n");
    assert!(
        matches!(refused(&text), ManifestError::UnknownField { line, field, .. }
            if field == "sealing" && line == line_of(&text, "[sealing]"))
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_line() {
    refused_at("size = 2", "size = -2", "-2");
    refused_at("size = 2", "size = 2.5", "a size such as");
    refused_at("memory = \"256 MiB\"", "memory = \"256 mb\"", "\"mb\"");
    refused_at("wall = \"5 m\"", "wall = 300", "a duration in quotes");
    refused_at("wall = \"5 m\"", "wall = \"300\"", "no unit");
    refused_at("commit = \"40 s\"", "commit = 40", "a duration in quotes");
    refused_at("fuel = 20_000_001", "fuel = -20", "a whole number of zero");
    refused_at("quorum = 2", "quorum = 2.5", "a whole number of zero");
    refused_at("fuel = 20_000_001", "fuel = \"much\"", "much");
    refused_at("mode = \"quorum\"", "mode = \"trust\"", "`trust`");
    refused_at("split = \"lines\"", "split = \"words\"", "`files`");
    refused_at("with = \"program\"", "with = \"glue\"", "`concat`");
    refused_at("\"0.000002\"", "0.00_000_2", "an amount in quotes");
    refused_at("\"0.000002\"", "\"-0.1\"", "negative");
    refused_at("\"0.000002\"", "\"cheap\"", "\"cheap\"");
    refused_at("\"map.wasm\"", "\"sha256:12\"", "64 hex digits");
    refused_at("\"map.wasm\"", "\"\"", "the path is empty");
}

#[test]
fn invalid_toml_is_refused_with_line_and_column() {
    let text = changed("replicas = 2", "replicas = ");
    match refused(&text) {
        ManifestError::Toml { line, column, .. } => {
            assert_eq!((line, column), (line_of(&text, "replicas = "), 12));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_field_is_reported_by_name() {
    for (part, field) in [
        ("name = \"count\"", "name"),
        ("program = \"map.wasm\"", "program"),
        ("fuel = 20_000_001", "fuel"),
        ("max_per_unit = \"0.000002\"", "max_per_unit"),
        ("within = \"30 m\"", "within"),
        ("split = \"lines\"", "split"),
    ] {
        match refused(&changed(part, "")) {
            ManifestError::Toml { message, .. } => {
                assert_eq!(message, format!("missing field `{field}`"));
            }
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text: String, at in any::<prop::sample::Index>()) {
        let _ = ManifestFile::parse(&text);
        let boundary = TOML.floor_char_boundary(at.index(TOML.len()));
        let (before, after) = TOML.split_at(boundary);
        let _ = ManifestFile::parse(&format!("{before}{text}{after}"));
    }
}
