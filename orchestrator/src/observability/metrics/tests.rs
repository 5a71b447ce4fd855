//! The manual's table of metrics lists what there is, and nothing else.

use super::{GaugeSnapshot, Inner, Metrics};
use std::path::Path;

const BEGIN: &str = "<!-- metrics: begin -->";
const END: &str = "<!-- metrics: end -->";

fn table(inner: &Inner) -> String {
    let mut table = String::from("| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n");
    for entry in &inner.catalogue.entries {
        let labels: Vec<String> = entry.labels.iter().map(|l| format!("`{l}`")).collect();
        let (name, kind, help) = (entry.name, entry.kind, entry.help);
        table.push_str(&format!(
            "| `{name}` | {kind} | {} | {help} |\n",
            labels.join(", ")
        ));
    }
    table
}

#[test]
fn the_manual_lists_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let manual = std::fs::read_to_string(&path).expect("the manual is there");
    let (before, rest) = manual.split_once(BEGIN).expect("the table begins");
    let (found, after) = rest.split_once(END).expect("the table ends");
    let expected = table(&Metrics::default().0);
    if std::env::var_os("MILLRACE_DOCS_UPDATE").is_some() {
        let written = format!("{before}{BEGIN}\n{expected}{END}{after}");
        std::fs::write(&path, written).expect("the manual can be written");
        return;
    }
    assert_eq!(
        found.trim(),
        expected.trim(),
        "MILLRACE_DOCS_UPDATE=1 writes it"
    );
}

#[test]
fn names_follow_the_conventions() {
    for entry in &Metrics::default().0.catalogue.entries {
        let name = entry.name;
        assert!(name.starts_with("millrace_"), "{name}");
        assert_eq!(entry.kind == "counter", name.ends_with("_total"), "{name}");
        if entry.kind == "histogram" {
            assert!(name.ends_with("_seconds"), "{name}");
        }
    }
}

#[test]
fn what_is_shown_can_be_read_by_prometheus_line_by_line() {
    let shown = Metrics::default().show(&GaugeSnapshot::default());
    assert!(shown.ends_with("# EOF\n"));
    assert!(shown.contains("millrace_build_info{version="), "{shown}");
    assert!(
        shown.contains("millrace_transactions_total{outcome=\"landed\"} 0\n"),
        "{shown}"
    );
    for line in shown.lines().filter(|line| !line.starts_with('#')) {
        let value = line
            .rsplit_once(' ')
            .and_then(|(_, v)| v.parse::<f64>().ok());
        assert!(line.starts_with("millrace_") && value.is_some(), "{line}");
    }
}
