//! Waiting for a job, with the reason why it is not done yet.

use crate::api::{Api, JobView};
use crate::error::CliError;
use crate::progress::Progress;
use millrace_client::Pubkey;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the orchestrator is asked.
const POLL: Duration = Duration::from_millis(250);
/// How long an orchestrator may be away before the wait is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a job that was just posted may be unknown to the orchestrator.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);

/// Waits until `enough` says so, and returns the job as it is then.
///
/// # Errors
/// [`CliError::NoSuchJob`] where the orchestrator does not come to know it,
/// [`CliError::OrchestratorUnreachable`] where it stays away.
pub async fn until(
    api: &Api,
    job: &Pubkey,
    progress: &mut Progress,
    enough: impl Fn(&JobView) -> bool,
) -> Result<JobView, CliError> {
    let (start, mut answered) = (Instant::now(), Instant::now());
    loop {
        match api.job(job).await {
            Ok(Some(view)) => {
                answered = Instant::now();
                progress.say(&sentence(&view));
                if enough(&view) {
                    return Ok(view);
                }
            }
            Ok(None) if start.elapsed() > UNKNOWN_FOR => {
                return Err(CliError::NoSuchJob(job.to_string()));
            }
            Ok(None) => progress.say("waiting for the orchestrator to see the job"),
            Err(error) if answered.elapsed() > PATIENCE => return Err(error),
            Err(error) => progress.say(&format!("{error}; asking again")),
        }
        sleep(POLL).await;
    }
}

/// Waits until every shard of the job has its end.
pub async fn until_over(
    api: &Api,
    job: &Pubkey,
    progress: &mut Progress,
) -> Result<JobView, CliError> {
    until(api, job, progress, JobView::is_over).await
}

/// Where a job stands, in one sentence.
pub fn sentence(view: &JobView) -> String {
    let mut text = format!("{} of {} shards paid", view.settled, view.shards);
    for (count, what) in [(view.failed, "failed"), (view.cancelled, "cancelled")] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    if view.is_over() {
        return text;
    }
    let waits = match view.why.is_empty() {
        true => stages(view),
        false => view.why.join("; "),
    };
    format!("{text}, waiting for: {waits}")
}

/// What the unfinished shards are doing.
fn stages(view: &JobView) -> String {
    let seats = |status: &str| {
        let live = view
            .parts
            .iter()
            .filter(|part| matches!(part.state.as_str(), "assigned" | "revealing"));
        live.flat_map(|part| &part.seats)
            .filter(|seat| seat.status == status)
            .count()
    };
    let unseated = view
        .parts
        .iter()
        .filter(|part| part.state == "waiting")
        .count();
    let stages: Vec<String> = [
        (unseated, "shards without seats"),
        (seats("working"), "seats at work"),
        (seats("committed"), "results to be shown"),
        (seats("revealed"), "results to be settled"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    match stages.is_empty() {
        true => "the orchestrator".to_owned(),
        false => stages.join(", "),
    }
}

/// # Errors
/// [`CliError::JobFailed`] unless every shard was paid.
pub fn require_paid(view: &JobView) -> Result<(), CliError> {
    if view.settled == view.shards {
        return Ok(());
    }
    let failed: Vec<String> = view
        .parts
        .iter()
        .filter(|part| part.state == "failed")
        .map(|part| part.index.to_string())
        .collect();
    let mut reason = sentence(view);
    if !failed.is_empty() {
        reason.push_str(&format!(" (no quorum for shards {})", failed.join(", ")));
    }
    Err(CliError::JobFailed { reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{PartView, SeatView};

    fn job() -> JobView {
        let seat = |status: &str| SeatView {
            status: status.into(),
            ..SeatView::default()
        };
        let part = |state: &str, seats: Vec<SeatView>| PartView {
            state: state.into(),
            seats,
            ..PartView::default()
        };
        JobView {
            state: "open".into(),
            shards: 4,
            settled: 1,
            parts: vec![
                part("settled", vec![seat("agreed")]),
                part("assigned", vec![seat("working"), seat("committed")]),
                part("waiting", vec![]),
                part("waiting", vec![]),
            ],
            ..JobView::default()
        }
    }

    #[test]
    fn a_wait_has_its_reason() {
        let mut job = job();
        assert_eq!(
            sentence(&job),
            "1 of 4 shards paid, waiting for: 2 shards without seats, 1 seats at work, 1 results to be shown"
        );
        job.why = vec!["1 of 3 providers free, 3 needed".into()];
        assert_eq!(
            sentence(&job),
            "1 of 4 shards paid, waiting for: 1 of 3 providers free, 3 needed"
        );
        job.failed = 3;
        assert_eq!(sentence(&job), "1 of 4 shards paid, 3 failed");
    }

    #[test]
    fn only_a_job_with_every_shard_paid_has_a_result() {
        let mut job = job();
        assert!(require_paid(&job).is_err());
        job.settled = 4;
        assert!(require_paid(&job).is_ok());
    }
}
