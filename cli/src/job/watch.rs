//! Waiting for a job, with the reason why it is not done yet.

use crate::api::{Api, JobView, SeatPhase, ShardPhase};
use crate::error::CliError;
use crate::ui::progress::Progress;
use millrace_client::Pubkey;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the orchestrator is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long an orchestrator may be away before the wait is given up.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a job that was just posted may be unknown to the orchestrator.
const UNKNOWN_JOB_TIMEOUT: Duration = Duration::from_secs(30);

/// Waits until `done` says so, and returns the job as it is then.
///
/// # Errors
/// [`CliError::NoSuchJob`] where the orchestrator does not come to know it,
/// [`CliError::OrchestratorUnreachable`] where it stays away.
pub async fn wait_until(
    api: &Api,
    job: &Pubkey,
    progress: &mut Progress,
    done: impl Fn(&JobView) -> bool,
) -> Result<JobView, CliError> {
    let (start, mut answered) = (Instant::now(), Instant::now());
    loop {
        match api.job(job).await {
            Ok(Some(view)) => {
                answered = Instant::now();
                progress.update(&status_line(&view));
                if done(&view) {
                    return Ok(view);
                }
            }
            Ok(None) if start.elapsed() > UNKNOWN_JOB_TIMEOUT => {
                return Err(CliError::NoSuchJob(job.to_string()));
            }
            Ok(None) => progress.update("waiting for the orchestrator to see the job"),
            Err(error) if answered.elapsed() > UNREACHABLE_TIMEOUT => return Err(error),
            Err(error) => progress.update(&format!("{error}; asking again")),
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Waits until every shard of the job has its end.
pub async fn wait_until_over(
    api: &Api,
    job: &Pubkey,
    progress: &mut Progress,
) -> Result<JobView, CliError> {
    wait_until(api, job, progress, JobView::is_over).await
}

/// Where a job stands, in one status_line.
pub fn status_line(view: &JobView) -> String {
    let mut text = format!("{} of {} shards paid", view.settled, view.shard_count);
    for (count, what) in [(view.failed, "failed"), (view.cancelled, "cancelled")] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    if view.is_over() {
        return text;
    }
    let waits = match view.pending_reasons.is_empty() {
        true => stages(view),
        false => view.pending_reasons.join("; "),
    };
    format!("{text}, waiting for: {waits}")
}

/// What the unfinished shards are doing.
fn stages(view: &JobView) -> String {
    let seats = |state: SeatPhase| {
        let live = view
            .shards
            .iter()
            .filter(|shard| shard.state.is_in_flight());
        live.flat_map(|shard| &shard.seats)
            .filter(|seat| seat.state == state)
            .count()
    };
    let unseated = view
        .shards
        .iter()
        .filter(|shard| shard.state == ShardPhase::Waiting)
        .count();
    let stages: Vec<String> = [
        (unseated, "shards without seats"),
        (seats(SeatPhase::Assigned), "seats at work"),
        (seats(SeatPhase::Committed), "results to be shown"),
        (seats(SeatPhase::Revealed), "results to be settled"),
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
    if view.settled == view.shard_count {
        return Ok(());
    }
    let failed: Vec<String> = view
        .shards
        .iter()
        .filter(|shard| shard.state == ShardPhase::Failed)
        .map(|shard| shard.index.to_string())
        .collect();
    let mut reason = status_line(view);
    if !failed.is_empty() {
        reason.push_str(&format!(" (no quorum for shards {})", failed.join(", ")));
    }
    Err(CliError::JobFailed { reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{JobPhase, SeatView, ShardView};

    fn job() -> JobView {
        let seat = |state| SeatView {
            state,
            ..SeatView::default()
        };
        let shard = |state, seats: Vec<SeatView>| ShardView {
            state,
            seats,
            ..ShardView::default()
        };
        JobView {
            state: JobPhase::Open,
            shard_count: 4,
            settled: 1,
            shards: vec![
                shard(ShardPhase::Settled, vec![seat(SeatPhase::Agreed)]),
                shard(
                    ShardPhase::Assigned,
                    vec![seat(SeatPhase::Assigned), seat(SeatPhase::Committed)],
                ),
                shard(ShardPhase::Waiting, vec![]),
                shard(ShardPhase::Waiting, vec![]),
            ],
            ..JobView::default()
        }
    }

    #[test]
    fn a_wait_has_its_reason() {
        let mut job = job();
        assert_eq!(
            status_line(&job),
            "1 of 4 shards paid, waiting for: 2 shards without seats, 1 seats at work, 1 results to be shown"
        );
        job.pending_reasons = vec!["1 of 3 providers free, 3 needed".into()];
        assert_eq!(
            status_line(&job),
            "1 of 4 shards paid, waiting for: 1 of 3 providers free, 3 needed"
        );
        job.failed = 3;
        assert_eq!(status_line(&job), "1 of 4 shards paid, 3 failed");
    }

    #[test]
    fn only_a_job_with_every_shard_paid_has_a_result() {
        let mut job = job();
        assert!(require_paid(&job).is_err());
        job.settled = 4;
        assert!(require_paid(&job).is_ok());
    }
}
