#![allow(clippy::unwrap_used)]

use super::orchestrator::OrchestratorSettings;
use super::provider::ProviderSettings;
use super::{CommonSettings, EffectiveSetting, Field, FlagValues, Layers, Sources, file};
use std::path::Path;
use std::time::Duration;

fn load(flags: FlagValues, environment: &[(&str, &str)], text: &str) -> Result<Layers, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orchestrator.toml");
    std::fs::write(&path, text).unwrap();
    let environment = |name: &str| {
        let mut all = environment.iter();
        all.find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    };
    let sources = Sources {
        flags,
        environment: &environment,
        file: Some(&path),
    };
    OrchestratorSettings::TABLE
        .load(sources)
        .map_err(|error| error.to_string())
}

fn effective(layers: &Layers) -> Vec<EffectiveSetting> {
    let mut values = CommonSettings::read(layers).unwrap().redacted();
    values.retain(|(name, _)| OrchestratorSettings::TABLE.common.contains(name));
    values.extend(OrchestratorSettings::read(layers).unwrap().redacted());
    layers.effective(values)
}

fn find(layers: &Layers, name: &str) -> (String, String) {
    let all = effective(layers);
    let found = all.into_iter().find(|one| one.name == name).unwrap();
    (found.value, found.origin)
}

#[test]
fn flag_overrides_environment_overrides_file_overrides_default() {
    let text = "close_after = '2m'\nfull_read_interval = 7\nshutdown_timeout = '5s'";
    let environment = [
        ("MILLRACE_CLOSE_AFTER", "3m"),
        ("MILLRACE_FULL_READ_INTERVAL", "8s"),
    ];
    let flags = vec![
        ("close_after", Some("4m".to_owned())),
        ("full_read_interval", None),
    ];
    let layers = load(flags, &environment, text).unwrap();
    let settings = OrchestratorSettings::load(&layers).unwrap();
    assert_eq!(settings.close_after.0, Duration::from_secs(240));
    assert_eq!(find(&layers, "close_after").1, "--close-after");
    assert_eq!(
        find(&layers, "full_read_interval"),
        ("8 s".into(), "MILLRACE_FULL_READ_INTERVAL".into())
    );
    let (shutdown_timeout, origin) = find(&layers, "shutdown_timeout");
    assert!(
        shutdown_timeout == "5 s" && origin.ends_with("orchestrator.toml"),
        "{origin}"
    );
    assert_eq!(find(&layers, "slot_lag"), ("150".into(), "default".into()));
}

#[test]
fn common_settings_are_read_from_every_layer() {
    let text = "url = 'http://file'\nlog = 'debug'";
    let flags = vec![("url", Some("http://flag".to_owned()))];
    let layers = load(flags, &[("MILLRACE_LOG", "trace")], text).unwrap();
    assert_eq!(find(&layers, "url"), ("http://flag".into(), "--url".into()));
    assert_eq!(
        find(&layers, "log"),
        ("trace".into(), "MILLRACE_LOG".into())
    );
    let layers = load(Vec::new(), &[("MILLRACE_LOG", "")], text).unwrap();
    assert_eq!(
        find(&layers, "log").0,
        "debug",
        "an empty variable is unset"
    );
}

#[test]
fn unknown_key_is_refused_with_the_nearest_known_one() {
    let error = load(Vec::new(), &[], "close-after = 1").unwrap_err();
    assert!(
        error.contains("unknown setting `close-after`; did you mean `close_after`?"),
        "{error}"
    );
    let error = load(Vec::new(), &[], "xyz = 1").unwrap_err();
    assert!(error.contains("known settings: url, ws_url"), "{error}");
    assert!(load(Vec::new(), &[], "[listen]\na = 1").is_err());
}

#[test]
fn common_key_that_the_service_does_not_use_is_refused_in_its_file() {
    assert!(load(Vec::new(), &[], "orchestrator = 'http://a'").is_err());
}

#[test]
fn invalid_value_is_reported_with_its_origin() {
    let layers = load(Vec::new(), &[("MILLRACE_SHUTDOWN_TIMEOUT", "soon")], "").unwrap();
    let error = OrchestratorSettings::read(&layers).unwrap_err().to_string();
    assert!(
        error.contains("invalid `shutdown_timeout` \"soon\" (MILLRACE_SHUTDOWN_TIMEOUT)"),
        "{error}"
    );
}

#[test]
fn printed_settings_hide_secrets_and_can_be_read_again() {
    let text = "url = ['https://h/?api-key=topsecret', 'https://u:topsecret@i/']\n\
                payer_low = '0.5'\nkeypair = '/keys/id.json'";
    let layers = load(Vec::new(), &[], text).unwrap();
    let printed = EffectiveSetting::file(&effective(&layers));
    assert!(!printed.contains("topsecret"), "{printed}");
    assert!(printed.contains("https://h/?api-key=***"), "{printed}");
    assert!(printed.contains("payer_low = \"0.5 SOL\""), "{printed}");
    let again = file::parse(&printed, &OrchestratorSettings::TABLE.fields()).unwrap();
    assert_eq!(again["slot_lag"], "150");
    assert_eq!(again["keypair"], "/keys/id.json");
    assert!(!format!("{:?}", CommonSettings::read(&layers)).contains("topsecret"));
}

fn table(fields: &[Field]) -> String {
    let mut table =
        String::from("| Key | Flag | Environment | Default | Meaning |\n|---|---|---|---|---|\n");
    for field in fields {
        let (flag, variable) = (field.flag(), field.variable());
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
fn manual_lists_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let mut manual = std::fs::read_to_string(&path).unwrap();
    for (name, service) in [
        ("orchestrator", OrchestratorSettings::TABLE),
        ("provider", ProviderSettings::TABLE),
    ] {
        let begin = format!("<!-- {name} settings: begin -->");
        let end = format!("<!-- {name} settings: end -->");
        let (before, rest) = manual.split_once(&begin).unwrap();
        let (found, after) = rest.split_once(&end).unwrap();
        let expected = table(&service.fields());
        if std::env::var_os("MILLRACE_DOCS_UPDATE").is_some() {
            let written = format!("{before}{begin}\n{expected}{end}{after}");
            std::fs::write(&path, &written).unwrap();
            manual = written;
            continue;
        }
        assert_eq!(
            found.trim(),
            expected.trim(),
            "run the test with MILLRACE_DOCS_UPDATE=1 to write the table"
        );
    }
}
