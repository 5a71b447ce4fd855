//! `millrace job audit`.

use crate::config::Settings;
use crate::connection::{connect, orchestrator_api};
use crate::error::CliError;
use crate::ui::output::{join_paragraphs, table};
use crate::ui::progress::Progress;
use crate::verify::results::ShardCheck;
use crate::verify::seats::SeatCheck;
use crate::verify::{AuditReport, audit};
use millrace_client::Pubkey;
use millrace_client::selection::is_self_reported;
use millrace_protocol::amount::format_amount;
use std::time::{Duration, UNIX_EPOCH};

/// ASCII words of at least this length are keys, hashes and signatures, and are abbreviated to
/// [`ABBREVIATED_LEN`].
const MIN_ABBREVIATED_LEN: usize = 32;
const ABBREVIATED_LEN: usize = 12;

pub(crate) async fn run(settings: &Settings, job: &Pubkey, rerun: bool) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let api = orchestrator_api(settings)?;
    let mut progress = Progress::new();
    let report = audit(&connection, &api, job, rerun, &mut progress).await?;
    settings
        .output
        .print(&report, |report| text(report, connection.payment_decimals));
    match report.discrepancies.len() {
        0 => Ok(()),
        count => Err(CliError::AuditFailed {
            job: job.to_string(),
            count,
        }),
    }
}

fn text(report: &AuditReport, decimals: u8) -> String {
    let state = report.state.map(|state| state.to_string());
    let title = format!(
        "Job {}, {}\n(--json prints addresses, hashes and signatures in full)",
        report.job,
        state
            .as_deref()
            .unwrap_or("not in the orchestrator's record")
    );
    let rows = report.custody.iter().map(|event| {
        [
            event.slot.to_string(),
            utc(event.time),
            abbreviate(&event.description),
            abbreviate(&event.signature),
        ]
    });
    let custody = table(["slot", "time", "event", "transaction"], &[0], rows);
    let seats: Vec<String> = report
        .seats
        .iter()
        .map(|check| seats_text(check, decimals))
        .collect();
    let discrepancies = if report.discrepancies.is_empty() {
        "No discrepancies were found.".to_owned()
    } else {
        format!("DISCREPANCIES:\n{}", list(&report.discrepancies))
    };
    let unchecked = if report.unchecked.is_empty() {
        "Nothing was left unchecked.".to_owned()
    } else {
        format!("Not checked:\n{}", list(&report.unchecked))
    };
    join_paragraphs([
        title,
        custody,
        seats.join("\n\n"),
        results_text(&report.results),
        discrepancies,
        unchecked,
    ])
}

fn results_text(results: &[ShardCheck]) -> String {
    if results.is_empty() {
        return "No shard is settled in a finalized block.".to_owned();
    }
    let rows = results.iter().map(|check| {
        let recomputed = match (&check.recomputed_root, &check.error) {
            (Some(root), _) if *root == check.root => "same root",
            (Some(_), _) => "DIFFERENT ROOT",
            (None, Some(_)) => "failed",
            (None, None) => "skipped",
        };
        [
            check.shard.to_string(),
            check.root.clone(),
            recomputed.to_owned(),
        ]
    });
    table(["shard", "settled root", "recomputed"], &[0], rows)
}

/// The candidates of a selection in order, and what became of each.
fn seats_text(check: &SeatCheck, decimals: u8) -> String {
    let title = format!(
        "Shard {}, attempt {}, slot {}: {}",
        check.shard,
        check.attempt,
        check.slot,
        match (&check.expected, check.discrepancies.is_empty()) {
            (None, _) => "no selection record",
            (Some(_), true) => "selection as expected",
            (Some(_), false) => "selection NOT as expected",
        }
    );
    if check.candidates.is_empty() {
        return title;
    }
    let rows = check.candidates.iter().map(|candidate| {
        let outcome = match candidate.ineligible {
            None => "selected".to_owned(),
            Some(reason) if is_self_reported(reason) => {
                format!("{} (self-reported)", reason.description())
            }
            Some(reason) => reason.description().to_owned(),
        };
        [
            candidate.provider.to_string(),
            format_amount(candidate.ask_price, decimals),
            candidate.score.to_string(),
            candidate.finished_seats.to_string(),
            outcome,
        ]
    });
    let head = [
        "candidate, best first",
        "price",
        "score",
        "finished seats",
        "outcome",
    ];
    format!("{title}\n{}", table(head, &[1, 2, 3], rows))
}

/// Cuts keys, hashes and signatures in a text to their first characters.
fn abbreviate(text: &str) -> String {
    let word = |word: &str| match word.trim_end_matches(|c: char| !c.is_alphanumeric()) {
        name if name.len() >= MIN_ABBREVIATED_LEN && name.is_ascii() => {
            format!("{}…{}", &name[..ABBREVIATED_LEN], &word[name.len()..])
        }
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

fn list(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  - {line}")).collect();
    lines.join("\n")
}

fn utc(unix_seconds: Option<i64>) -> String {
    let seconds = unix_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let time = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    time.map(|time| humantime::format_rfc3339_seconds(time).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_abbreviated_and_words_are_not() {
        let key = "43NySuiBy6M1n2J2NZ2aeofdK3s4aFYoYSnqTfwZm87i";
        let text = format!("seats assigned to {key}, {key}: 0.0003 tokens locked");
        assert_eq!(
            abbreviate(&text),
            "seats assigned to 43NySuiBy6M1…, 43NySuiBy6M1…: 0.0003 tokens locked"
        );
        // A cut within a multi-byte character would panic.
        let long = "ä".repeat(40);
        assert_eq!(abbreviate(&long), long);
    }
}
