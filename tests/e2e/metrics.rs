//! A running network exports exactly the documented metrics; the dashboard and the alert rules query
//! only those, and every alert links to a heading of the runbook.

use anyhow::{Context, Result};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

type Names = BTreeSet<String>;

fn read(path: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// All metric names in a text.
fn names_in(text: &str) -> Names {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = words.filter(|word| word.starts_with("millrace_"));
    named.map(str::to_owned).collect()
}

/// The names of the samples' families. Samples of a histogram have suffixes.
fn families(samples: &Names, listed: &Names) -> Names {
    let family = |name: &String| {
        let stems = ["_bucket", "_sum", "_count"];
        let mut stems = stems.iter().filter_map(|suffix| name.strip_suffix(suffix));
        let stem = stems.find(|stem| listed.contains(*stem));
        stem.map_or_else(|| name.clone(), str::to_owned)
    };
    samples.iter().map(family).collect()
}

/// The names in the documented table.
fn listed() -> Result<Names> {
    let manual = read("operating.md")?;
    let (_, rest) = manual
        .split_once("<!-- metrics: begin -->")
        .context("a table")?;
    let (table, _) = rest
        .split_once("<!-- metrics: end -->")
        .context("its end")?;
    let first = |line: &str| line.split('|').nth(1).map(names_in).unwrap_or_default();
    Ok(table.lines().flat_map(first).collect())
}

fn value(shown: &str, sample: &str) -> Result<f64> {
    let mut lines = shown.lines();
    let line = lines.find(|line| {
        line.strip_prefix(sample)
            .is_some_and(|r| r.starts_with(' '))
    });
    let text = line
        .and_then(|line| line.rsplit_once(' '))
        .with_context(|| format!("no {sample}"))?;
    Ok(text.1.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn running_network_exports_exactly_the_documented_metrics() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let lines = vec!["one".to_owned(), "two".to_owned()];
    let terms = Terms {
        lines,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_finished(&job).await?;
    let api = net.api()?;
    let compared = || async {
        let shown = api.metrics().await?;
        Ok(value(&shown, "millrace_agents{state=\"ready\"}")? == 3.0
            && shown.contains("millrace_escrow_recorded{vault=\"stake\"")
            && value(&shown, "millrace_actions{state=\"running\"}")? == 0.0
            && value(&shown, "millrace_jobs{state=\"finished\"}")? == 1.0
            && value(&shown, "millrace_dispatch_seconds_count")? == 6.0)
    };
    net.wait_until("comparison of recorded balances and vaults", compared)
        .await?;
    let shown = api.metrics().await?;
    let samples = shown.lines().filter(|line| !line.starts_with('#'));
    let samples: Names = samples
        .flat_map(|line| names_in(line.split(['{', ' ']).next().unwrap_or_default()))
        .collect();
    let listed = listed()?;
    assert_eq!(families(&samples, &listed), listed);

    // Two shards of three seats, so six tasks were sent. Actions that fit share a transaction.
    assert_eq!(value(&shown, "millrace_dispatch_seconds_count")?, 6.0);
    let landed = value(&shown, "millrace_transactions_total{outcome=\"landed\"}")?;
    assert!(landed >= 3.0, "{shown}");
    assert_eq!(value(&shown, "millrace_confirm_seconds_count")?, landed);
    assert_eq!(value(&shown, "millrace_transactions_in_flight")?, 0.0);
    assert_eq!(value(&shown, "millrace_jobs{state=\"finished\"}")?, 1.0);
    assert_eq!(value(&shown, "millrace_agents_capacity")?, 3.0);
    assert_eq!(value(&shown, "millrace_healthy")?, 1.0);
    assert!(
        value(&shown, "millrace_store_write_seconds_count")? >= 10.0,
        "{shown}"
    );
    assert!(
        value(&shown, "millrace_blob_bytes_total{direction=\"in\"}")? > 0.0,
        "{shown}"
    );
    assert!(value(&shown, "millrace_payer_lamports")? > 1e9, "{shown}");
    let put =
        "millrace_http_requests_total{method=\"PUT\",route=\"/v1/blobs/{name}\",status=\"201\"}";
    assert!(value(&shown, put)? >= 2.0, "{shown}");
    let mint = net.local.mints.stake;
    let place = format!("{{vault=\"stake\",mint=\"{mint}\"}}");
    let stake = value(&shown, &format!("millrace_escrow_recorded{place}"))?;
    assert_eq!(stake, 3.0 * net.provider(0).await?.active as f64);
    assert_eq!(
        value(&shown, &format!("millrace_escrow_missing{place}"))?,
        0.0
    );
    net.stop().await;
    Ok(())
}

/// All expressions of a dashboard, at any depth.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(expression)) = fields.get("expr") {
                found.push(expression.clone());
            }
            fields.values().for_each(|field| expressions(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[test]
fn dashboard_queries_only_existing_metrics() -> Result<()> {
    let dashboard: Value = serde_json::from_str(&read("grafana/millrace.json")?)?;
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    assert!(asked.len() >= 20, "{asked:?}");
    let listed = listed()?;
    for expression in &asked {
        let names = families(&names_in(expression), &listed);
        assert!(
            !names.is_empty() && names.is_subset(&listed),
            "{expression}"
        );
    }
    Ok(())
}

#[test]
fn alerts_query_existing_metrics_and_link_to_the_runbook() -> Result<()> {
    let (rules, manual, listed) = (
        read("grafana/alerts.yml")?,
        read("operating.md")?,
        listed()?,
    );
    let names = families(&names_in(&rules), &listed);
    assert!(names.is_subset(&listed), "{names:?}");
    let headings = manual.lines().filter_map(|line| line.strip_prefix("### "));
    let anchors: BTreeSet<String> = headings
        .map(|text| text.to_lowercase().replace(' ', "-"))
        .collect();
    let alerts = rules.split("- alert: ").skip(1);
    let mut seen = BTreeSet::new();
    for alert in alerts {
        let name = alert.lines().next().context("a name")?;
        let (_, rest) = alert
            .split_once("runbook: docs/operating.md#")
            .with_context(|| name.to_owned())?;
        let anchor = rest.lines().next().context("an anchor")?;
        assert!(anchors.contains(anchor), "{name} leads to {anchor}");
        seen.insert(anchor.to_owned());
    }
    // Conversely, every problem in the runbook has an alert.
    let (_, runbook) = manual.split_once("\n## Runbook").context("a runbook")?;
    let runbook = runbook.split("\n## ").next().context("its end")?;
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let explained: BTreeSet<String> = headings
        .map(|text| text.to_lowercase().replace(' ', "-"))
        .collect();
    assert_eq!(seen, explained);
    Ok(())
}
