//! Waits for a job, and describes what it is waiting for.

use crate::api::{Api, JobView, SeatPhase, ShardPhase};
use crate::error::CliError;
use crate::ui::progress::Progress;
use millrace_client::Pubkey;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long the orchestrator may be unreachable before the wait fails.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the orchestrator may not have seen a job that was just posted.
const UNKNOWN_JOB_TIMEOUT: Duration = Duration::from_secs(30);

/// Polls the job until `done` returns true.
///
/// # Errors
/// [`CliError::NoSuchJob`] if the orchestrator does not see the job,
/// [`CliError::OrchestratorUnreachable`] if it stays unreachable.
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
            Err(error) => progress.update(&format!("{error}; retrying")),
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Waits until every shard is settled, failed or cancelled.
pub async fn wait_until_over(
    api: &Api,
    job: &Pubkey,
    progress: &mut Progress,
) -> Result<JobView, CliError> {
    wait_until(api, job, progress, JobView::is_over).await
}

/// Progress of a job in one line.
pub fn status_line(view: &JobView) -> String {
    let mut text = format!("{} of {} shards settled", view.settled, view.shard_count);
    for (count, what) in [(view.failed, "failed"), (view.cancelled, "cancelled")] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    if view.is_over() {
        return text;
    }
    let pending = if view.pending_reasons.is_empty() {
        stages(view)
    } else {
        view.pending_reasons.join("; ")
    };
    format!("{text}, waiting for: {pending}")
}

/// Stages of the unfinished shards.
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
        (seats(SeatPhase::Assigned), "seats running"),
        (seats(SeatPhase::Committed), "results to reveal"),
        (seats(SeatPhase::Revealed), "results to settle"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if stages.is_empty() {
        "the orchestrator".to_owned()
    } else {
        stages.join(", ")
    }
}

/// # Errors
/// [`CliError::JobFailed`] unless every shard is settled.
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
    fn status_line_names_what_the_job_is_waiting_for() {
        let mut job = job();
        assert_eq!(
            status_line(&job),
            "1 of 4 shards settled, waiting for: 2 shards without seats, 1 seats running, 1 results to reveal"
        );
        job.pending_reasons = vec!["1 of 3 providers free, 3 needed".into()];
        assert_eq!(
            status_line(&job),
            "1 of 4 shards settled, waiting for: 1 of 3 providers free, 3 needed"
        );
        job.failed = 3;
        assert_eq!(status_line(&job), "1 of 4 shards settled, 3 failed");
    }

    #[test]
    fn only_a_job_with_every_shard_settled_has_a_result() {
        let mut job = job();
        assert!(require_paid(&job).is_err());
        job.settled = 4;
        assert!(require_paid(&job).is_ok());
    }
}
