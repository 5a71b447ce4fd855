#![allow(clippy::unwrap_used)]

use super::orchestrator::OrchestratorSettings as Orchestrator;
use super::provider::ProviderSettings as Provider;
use super::{Field, Layers, Shown, file, flag_of, variable_of};
use std::path::Path;
use std::time::Duration;

type Typed = Vec<(&'static str, Option<String>)>;

fn load(typed: Typed, environment: &[(&str, &str)], text: &str) -> Result<Layers, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orchestrator.toml");
    std::fs::write(&path, text).unwrap();
    let of = |name: &str| {
        let mut all = environment.iter();
        all.find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    };
    Layers::load(Orchestrator::FIELDS, typed, of, Some(&path)).map_err(|e| e.to_string())
}

fn origins(layers: &Layers) -> Vec<Shown> {
    layers.shown(Orchestrator::read(layers).unwrap().show())
}

fn one(layers: &Layers, name: &str) -> (String, String) {
    let all = origins(layers);
    let shown = all.into_iter().find(|shown| shown.name == name).unwrap();
    (shown.value, shown.origin)
}

#[test]
fn flags_come_before_the_environment_that_before_the_file_and_that_before_the_default() {
    let text = "close_after = '2m'\nreread = 7\ngrace = '5s'";
    let environment = [("MILLRACE_CLOSE_AFTER", "3m"), ("MILLRACE_REREAD", "8s")];
    let typed = vec![("close_after", Some("4m".to_owned())), ("reread", None)];
    let layers = load(typed, &environment, text).unwrap();
    let settings = Orchestrator::read(&layers).unwrap();
    assert_eq!(settings.close_after.0, Duration::from_secs(240));
    assert_eq!(one(&layers, "close_after").1, "--close-after");
    assert_eq!(
        one(&layers, "reread"),
        ("8 s".into(), "MILLRACE_REREAD".into())
    );
    let (grace, origin) = one(&layers, "grace");
    assert!(
        grace == "5 s" && origin.ends_with("orchestrator.toml"),
        "{origin}"
    );
    assert_eq!(one(&layers, "slot_lag"), ("150".into(), "default".into()));
}

#[test]
fn a_flag_that_the_parser_took_from_the_environment_is_told_as_from_there() {
    let typed = vec![("url", Some("http://a".to_owned()))];
    let layers = load(typed, &[("MILLRACE_URL", "http://a")], "").unwrap();
    assert_eq!(one(&layers, "url").1, "MILLRACE_URL");
}

#[test]
fn a_key_that_nobody_knows_is_an_error_that_names_the_nearest() {
    let error = load(Vec::new(), &[], "close-after = 1").unwrap_err();
    assert!(
        error.contains("no setting `close-after`; did you mean `close_after`?"),
        "{error}"
    );
    let error = load(Vec::new(), &[], "xyz = 1").unwrap_err();
    assert!(error.contains("there are url, ws_url"), "{error}");
    assert!(load(Vec::new(), &[], "[listen]\na = 1").is_err());
}

#[test]
fn a_value_that_can_not_be_is_named_with_its_origin() {
    let layers = load(Vec::new(), &[("MILLRACE_GRACE", "soon")], "").unwrap();
    let error = Orchestrator::read(&layers).unwrap_err().to_string();
    assert!(
        error.contains("`grace` can't be \"soon\" (MILLRACE_GRACE)"),
        "{error}"
    );
}

#[test]
fn what_is_shown_tells_no_secret_and_can_be_read_again() {
    let text = "url = ['https://h/?api-key=topsecret', 'https://u:topsecret@i/']\n\
                payer_low = '0.5'\nkeypair = '/keys/id.json'";
    let layers = load(Vec::new(), &[], text).unwrap();
    let shown = Shown::file(&origins(&layers));
    assert!(!shown.contains("topsecret"), "{shown}");
    assert!(shown.contains("https://h/?api-key=***"), "{shown}");
    assert!(shown.contains("payer_low = \"0.5 SOL\""), "{shown}");
    let again = file::parse(&shown, Orchestrator::FIELDS).unwrap();
    assert_eq!(again["slot_lag"], "150");
    assert_eq!(again["keypair"], "/keys/id.json");
    assert!(!format!("{:?}", Orchestrator::read(&layers)).contains("topsecret"));
}

fn table(fields: &[Field]) -> String {
    let mut table = String::from(
        "| Key | Flag | Environment | Default | What it is |\n|---|---|---|---|---|\n",
    );
    for field in fields {
        let (flag, variable) = (flag_of(field.name), variable_of(field.name));
        let default = match field.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let (name, help) = (field.name, field.help.trim());
        table.push_str(&format!(
            "| `{name}` | `{flag}` | `{variable}` | {default} | {help} |\n"
        ));
    }
    table
}

#[test]
fn the_manual_lists_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let mut manual = std::fs::read_to_string(&path).unwrap();
    for (name, fields) in [
        ("orchestrator", Orchestrator::FIELDS),
        ("provider", Provider::FIELDS),
    ] {
        let begin = format!("<!-- {name} settings: begin -->");
        let end = format!("<!-- {name} settings: end -->");
        let (before, rest) = manual.split_once(&begin).unwrap();
        let (found, after) = rest.split_once(&end).unwrap();
        let expected = table(fields);
        if std::env::var_os("MILLRACE_DOCS_UPDATE").is_some() {
            let written = format!("{before}{begin}\n{expected}{end}{after}");
            std::fs::write(&path, &written).unwrap();
            manual = written;
            continue;
        }
        assert_eq!(
            found.trim(),
            expected.trim(),
            "MILLRACE_DOCS_UPDATE=1 writes it"
        );
    }
}
