//! Kills the orchestrator before and after each write to its store, each call of the chain and each
//! message to an agent. The failpoints are those that an undisturbed run reaches, so new ones are
//! covered automatically. At the end, every balance must be that of the undisturbed run.

use anyhow::{Context, Result, bail, ensure};
use millrace_cli::api::{JobPhase, JobView};
use millrace_cli::localnet::options::ProviderOptions;
use millrace_client::Pubkey;
use millrace_provider::FaultMode;
use millrace_testkit::env_number;
use millrace_testkit::jobs::{JobFiles, Mode, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::localnet::balances::NetworkBalances;
use millrace_testkit::process::OrchestratorProcess;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// How long a round with all its kills and restarts may take.
const WAIT_TIMEOUT: Duration = Duration::from_secs(900);
/// Maximum number of rounds, for each occurrence of a failpoint that is tried.
const MAX_ROUNDS: u64 = 12;
/// The provider that never commits.
const SILENT: usize = 3;
/// The signal with which a process results itself at a failpoint.
const ABORTED: i32 = 6;

/// Three honest providers; a silent one that is cheaper than the honest one in its region; and two for
/// audits. The assignment of equal seats is random, so no region has more providers than seats.
async fn network() -> Result<Net> {
    Net::start(|options| {
        for provider in &mut options.providers {
            provider.region = Some("good".into());
        }
        let others = [
            ("slow", 1, Some(FaultMode::NoCommit)),
            ("slow", 2, None),
            ("audit", 1, None),
            ("audit", 1, None),
        ];
        for (region, price, fault) in others {
            options.providers.push(ProviderOptions {
                region: Some(region.into()),
                price,
                fault,
                ..ProviderOptions::default()
            });
        }
    })
    .await
}

/// The jobs of a round. Their windows outlast the kills, except where a seat has to be late. No two
/// rounds share a blob, so everything is uploaded in each.
fn round_jobs(round: usize) -> Vec<Terms> {
    let lines = |lines: &[&str]| lines.iter().map(|line| format!("{line} {round}")).collect();
    let good = Terms {
        region: Some("good".into()),
        commit: 200,
        reveal: 200,
        within: 1_200,
        lines: lines(&["one"]),
        ..Terms::default()
    };
    let three = Terms {
        lines: lines(&["one", "two", "three"]),
        ..good.clone()
    };
    let audited = Terms {
        mode: Mode::Audit(10_000),
        region: Some("audit".into()),
        ..good.clone()
    };
    // The silent provider is asked first and loses its seat to the other one.
    let late = Terms {
        region: Some("slow".into()),
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        commit: 25,
        ..good.clone()
    };
    let impossible = Terms {
        region: Some("mars".into()),
        commit: 5,
        reveal: 5,
        within: 16,
        ..good
    };
    vec![three, audited, late, impossible]
}

/// Posts the jobs of a round, retrying while the orchestrator is down, and waits until all are closed.
async fn run_round(net: &Net, round: usize) -> Result<Vec<[u64; 8]>> {
    let start = Instant::now();
    let mut jobs = Vec::new();
    for terms in round_jobs(round) {
        let files = JobFiles::from_wat("tiny", &terms)?;
        jobs.push(loop {
            match net.post(&files).await {
                Ok(job) => break job,
                Err(error) => ensure!(
                    start.elapsed() < WAIT_TIMEOUT,
                    "a job was not posted: {error}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        });
    }
    let mut results = Vec::new();
    for job in jobs {
        results.push(wait_closed(net, &job, start).await?);
    }
    Ok(results)
}

async fn wait_closed(net: &Net, job: &Pubkey, start: Instant) -> Result<[u64; 8]> {
    let (api, mut last) = (net.api()?, None);
    while start.elapsed() < WAIT_TIMEOUT {
        last = api.job(job).await.ok().flatten().or(last);
        match &last {
            Some(view) if view.state == JobPhase::Closed => return Ok(amounts(view)),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    bail!("a job is not closed: {last:#?}")
}

fn amounts(view: &JobView) -> [u64; 8] {
    let counts = [view.settled, view.failed, view.cancelled].map(u64::from);
    let [settled, failed, cancelled] = counts;
    let (deposited, paid) = (view.deposited, view.paid);
    let (fee, refunded, compensated) = (view.fee, view.refunded, view.compensated);
    [
        settled,
        failed,
        cancelled,
        deposited,
        paid,
        fee,
        refunded,
        compensated,
    ]
}

/// The failpoints of the undisturbed run in the order of their first occurrence, each with the first
/// `occurrences` of them.
fn failpoints(trace: &str, occurrences: u64) -> VecDeque<String> {
    let mut times: HashMap<&str, u64> = HashMap::new();
    let mut points = VecDeque::new();
    for name in trace.lines() {
        let time = times.entry(name).or_default();
        *time += 1;
        if *time <= occurrences {
            points.push_back(format!("{name}#{time}"));
        }
    }
    points
}

/// Restarts the orchestrator with the next failpoint whenever it has ended itself. Returns only if it
/// ended in another way.
async fn keep_killing(
    orchestrator: &mut OrchestratorProcess,
    points: &mut VecDeque<String>,
) -> Result<()> {
    loop {
        if let Some(status) = orchestrator.process.exit_status()? {
            ensure!(
                status.signal() == Some(ABORTED),
                "the orchestrator ended by itself after {:?}: {status}",
                points.front()
            );
            let done = points.pop_front();
            println!(
                "ended at {}, {} left",
                done.unwrap_or_default(),
                points.len()
            );
            arm(orchestrator, points)?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Restarts the orchestrator with the next failpoint, or with none.
fn arm(orchestrator: &mut OrchestratorProcess, points: &VecDeque<String>) -> Result<()> {
    match points.front() {
        Some(point) => {
            let point: &OsStr = point.as_ref();
            orchestrator
                .process
                .set_environment([("MILLRACE_FAIL", point)]);
        }
        None => orchestrator.process.set_environment([]),
    }
    orchestrator.process.restart()
}

#[tokio::test(flavor = "multi_thread")]
async fn orchestrator_killed_at_every_failpoint_reaches_the_same_balances() -> Result<()> {
    let occurrences = env_number("MILLRACE_OCCURRENCES", 1)?;
    let mut net = network().await?;
    let (rpc, ws) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
    let mut orchestrator = OrchestratorProcess::take_over(&mut net, (&rpc, &ws), 1).await?;

    // The undisturbed run, with a trace of its failpoints.
    let trace = orchestrator.process.data().join("trace");
    let variables = [("MILLRACE_FAIL_TRACE", trace.as_os_str())];
    orchestrator.process.set_environment(variables);
    orchestrator.restart().await?;
    let before = NetworkBalances::read(&net).await?;
    let expected = run_round(&net, 0).await?;
    let expected_balances = NetworkBalances::read(&net).await?.since(&before);
    assert_eq!(
        expected[0][..5],
        [3, 0, 0, expected[0][3], 9],
        "{expected:?}"
    );
    assert_eq!(
        expected[1][..5],
        [1, 0, 0, expected[1][3], 2],
        "{expected:?}"
    );
    assert_eq!(
        expected[2][..5],
        [1, 0, 0, expected[2][3], 2],
        "{expected:?}"
    );
    assert_eq!(
        expected[3][..5],
        [0, 1, 0, expected[3][3], 0],
        "{expected:?}"
    );
    assert_eq!(expected_balances.get(&format!("{SILENT}: late")), 1);
    orchestrator.process.kill()?;
    let trace = std::fs::read_to_string(&trace)
        .context("there is no trace: failpoints need a debug build")?;
    let mut points = failpoints(&trace, occurrences);
    println!("{} points: {points:?}", points.len());
    for part in ["rpc::sendTransaction", "store::journal_begin", "agent::run"] {
        assert!(trace.contains(part), "{part} is not a failpoint any more");
    }

    let mut rounds = 0;
    while !points.is_empty() {
        rounds += 1;
        let most = MAX_ROUNDS * occurrences;
        assert!(rounds as u64 <= most, "not reached again: {points:?}");
        let before = NetworkBalances::read(&net).await?;
        arm(&mut orchestrator, &points)?;
        let results = tokio::select! {
            results = run_round(&net, rounds) => results?,
            killed = keep_killing(&mut orchestrator, &mut points) => return killed,
        };
        assert_eq!(results, expected, "round {rounds}");
        let balances = NetworkBalances::read(&net).await?.since(&before);
        // The silent provider is not asked if it has not reconnected yet after a kill, and it is never
        // asked twice.
        let expected_balances = match balances.get(&format!("{SILENT}: late")) {
            0 => expected_balances.without_lateness_of(SILENT),
            _ => expected_balances.clone(),
        };
        assert_eq!(balances, expected_balances, "round {rounds}");
        // A failpoint that was not reached in a whole round is tried after the others.
        if !points.is_empty() {
            points.rotate_left(1);
        }
        println!("round {rounds}: {} points left", points.len());
    }
    drop(orchestrator);
    net.stop().await;
    Ok(())
}
