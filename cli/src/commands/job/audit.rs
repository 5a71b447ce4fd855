//! `millrace job audit`: what happened to a job, who should have worked on it, and whether its results
//! come out again.

use crate::config::settings::Settings;
use crate::error::CliError;
use crate::ui::output::{join_paragraphs, table};
use crate::ui::progress::Progress;
use crate::verify::seats::SeatCheck;
use crate::verify::{AuditReport, audit};
use millrace_client::Pubkey;
use millrace_client::selection::is_self_reported;
use millrace_protocol::amount::format_amount;
use std::time::{Duration, UNIX_EPOCH};

/// Words from this length on are keys, hashes and signatures, all of them ASCII, and are shown up to
/// [`ABBREVIATED_LEN`].
const MIN_ABBREVIATED_LEN: usize = 32;
const ABBREVIATED_LEN: usize = 12;

/// Does it.
pub async fn run(settings: &Settings, job: &Pubkey, rerun: bool) -> Result<(), CliError> {
    let connection = settings.connect().await?;
    let api = settings.api()?;
    let mut progress = Progress::new();
    let found = audit(&connection, &api, job, rerun, &mut progress).await?;
    settings
        .output
        .print(&found, |found| text(found, connection.payment_decimals));
    match found.wrong.len() {
        0 => Ok(()),
        count => Err(CliError::AuditFailed {
            job: job.to_string(),
            count,
        }),
    }
}

fn text(found: &AuditReport, decimals: u8) -> String {
    let rows = found.custody.iter().map(|step| {
        [
            step.slot.to_string(),
            time(step.time),
            abbreviate(&step.what),
            abbreviate(&step.signature),
        ]
    });
    let custody = table(["slot", "time", "what happened", "transaction"], &[0], rows);
    let seats: Vec<String> = found.seats.iter().map(|one| seats(one, decimals)).collect();
    let rows = found.results.iter().map(|one| {
        let here = match (&one.here, &one.failed) {
            (Some(here), _) if *here == one.root => "the same",
            (Some(_), _) => "ANOTHER",
            (None, Some(_)) => "not run",
            (None, None) => "not asked for",
        };
        [one.shard.to_string(), one.root.clone(), here.to_owned()]
    });
    let results = match found.results.is_empty() {
        true => "No shard was paid by what is final.".to_owned(),
        false => table(["shard", "root that was paid for", "run here"], &[0], rows),
    };
    let verdict = match found.wrong.len() {
        0 => "Everything that was checked is as it should be.".to_owned(),
        _ => format!("NOT as it should be:\n{}", list(&found.wrong)),
    };
    let unchecked = match found.unchecked.is_empty() {
        true => "Nothing was left unchecked.".to_owned(),
        false => format!("Not checked:\n{}", list(&found.unchecked)),
    };
    join_paragraphs([
        format!(
            "job {} {}\n(--json has all names and transactions in full)",
            found.job, found.state
        ),
        custody,
        seats.join("\n\n"),
        results,
        verdict,
        unchecked,
    ])
}

/// One choice: who was looked at, in order, and what outcome of it.
fn seats(seats: &SeatCheck, decimals: u8) -> String {
    let title = format!(
        "Shard {}, attempt {}, slot {}: {}",
        seats.shard,
        seats.attempt,
        seats.slot,
        match (&seats.should, seats.wrong.is_empty()) {
            (None, _) => "chosen by nobody's record here",
            (Some(_), true) => "chosen as it should be",
            (Some(_), false) => "NOT chosen as it should be",
        }
    );
    let rows = seats.candidates.iter().map(|one| {
        let outcome = match one.ineligible {
            None => "chosen".to_owned(),
            Some(reason) if is_self_reported(reason) => {
                format!("{} (the orchestrator's word)", reason.description())
            }
            Some(reason) => reason.description().to_owned(),
        };
        [
            one.provider.to_string(),
            format_amount(one.ask_price, decimals),
            one.score.to_string(),
            one.finished_seats.to_string(),
            outcome,
        ]
    });
    let head = [
        "provider, best first",
        "asked",
        "score",
        "seats before",
        "what outcome of it",
    ];
    match seats.candidates.is_empty() {
        true => title,
        false => format!("{title}\n{}", table(head, &[1, 2, 3], rows)),
    }
}

/// A text with its keys, hashes and signatures cut to their beginnings.
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

/// Unix seconds in UTC.
fn time(seconds: Option<i64>) -> String {
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let time = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    time.map(|time| humantime::format_rfc3339_seconds(time).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_words_are_not() {
        let key = "43NySuiBy6M1n2J2NZ2aeofdK3s4aFYoYSnqTfwZm87i";
        let text = format!("seats to {key}, {key}: 0.0003 tokens locked");
        assert_eq!(
            abbreviate(&text),
            "seats to 43NySuiBy6M1…, 43NySuiBy6M1…: 0.0003 tokens locked"
        );
        // What is no name may be cut in the middle of a letter.
        let long = "ä".repeat(40);
        assert_eq!(abbreviate(&long), long);
    }
}
