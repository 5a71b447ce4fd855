//! The orchestrator killed before and after each write to its store, each call of the chain and each
//! message to an agent. The points are those that an undisturbed run comes to, so a new one is covered
//! from its first day on. In the end every token is where it would have been.

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

/// A round waits for this many kills and restarts at most.
const WAIT_TIMEOUT: Duration = Duration::from_secs(900);
/// Rounds in which every point is come to again, for each time that it is to be tried.
const MOST_ROUNDS: u64 = 12;
/// The provider that never says anything.
const SILENT: usize = 3;
/// The signal by which a process ends itself at a point.
const ABORTED: i32 = 6;

/// Three honest providers; a silent one that is cheaper than the honest one beside it; and two for audits.
/// Who gets which seat of equal ones is left to chance, so there are never more than seats.
async fn town() -> Result<Net> {
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

/// What a round consists of. Windows in which somebody has to act outlast the kills. No two rounds have
/// a blob in common, so that each is uploaded.
fn orders(round: usize) -> Vec<Terms> {
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
    // The silent one is asked first, loses its seat, and the other one fills it.
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
        commit: 2,
        reveal: 2,
        within: 8,
        ..good
    };
    vec![three, audited, late, impossible]
}

/// Posts the jobs of a round, however often the orchestrator is gone, and waits until all are closed.
async fn play(net: &Net, round: usize) -> Result<Vec<[u64; 8]>> {
    let start = Instant::now();
    let mut jobs = Vec::new();
    for terms in orders(round) {
        let files = JobFiles::from_wat("tiny", &terms)?;
        jobs.push(loop {
            match net.post(&files).await {
                Ok(job) => break job,
                Err(error) => ensure!(
                    start.elapsed() < WAIT_TIMEOUT,
                    "a job is not taken: {error}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        });
    }
    let mut ends = Vec::new();
    for job in jobs {
        ends.push(end(net, &job, start).await?);
    }
    Ok(ends)
}

async fn end(net: &Net, job: &Pubkey, start: Instant) -> Result<[u64; 8]> {
    let (api, mut last) = (net.api()?, None);
    while start.elapsed() < WAIT_TIMEOUT {
        last = api.job(job).await.ok().flatten().or(last);
        match &last {
            Some(view) if view.state == JobPhase::Closed => return Ok(sums(view)),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    bail!("a job is not closed: {last:#?}")
}

fn sums(view: &JobView) -> [u64; 8] {
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

/// The points that an undisturbed run comes to, in the order of their first time, each as often as it is
/// to be tried.
fn recorded(trace: &str, occurrences: u64) -> VecDeque<String> {
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

/// Starts the orchestrator again each time it ends itself, each time with the next point. Never returns
/// unless something else has ended it.
async fn keep_killing(
    orchestrator: &mut OrchestratorProcess,
    points: &mut VecDeque<String>,
) -> Result<()> {
    loop {
        if let Some(status) = orchestrator.process.exit_status()? {
            ensure!(
                status.signal() == Some(ABORTED),
                "it ended by itself after {:?}: {status}",
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

/// Starts the orchestrator with the next point, or with none.
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
    let mut net = town().await?;
    let (rpc, ws) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
    let mut orchestrator = OrchestratorProcess::take_over(&mut net, (&rpc, &ws), 1).await?;

    // Undisturbed, with a trace.
    let trace = orchestrator.process.data().join("trace");
    let variables = [("MILLRACE_FAIL_TRACE", trace.as_os_str())];
    orchestrator.process.set_environment(variables);
    orchestrator.restart().await?;
    let before = NetworkBalances::read(&net).await?;
    let expected = play(&net, 0).await?;
    let expected_books = NetworkBalances::read(&net).await?.since(&before);
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
    assert_eq!(expected_books.get(&format!("{SILENT}: late")), 1);
    orchestrator.process.kill()?;
    let trace = std::fs::read_to_string(&trace).context("no trace: is this a debug build?")?;
    let mut points = recorded(&trace, occurrences);
    println!("{} points: {points:?}", points.len());
    for part in ["rpc::sendTransaction", "store::journal_begin", "agent::run"] {
        assert!(trace.contains(part), "{part} is no point any more");
    }

    let mut rounds = 0;
    while !points.is_empty() {
        rounds += 1;
        let most = MOST_ROUNDS * occurrences;
        assert!(rounds as u64 <= most, "not come to again: {points:?}");
        let before = NetworkBalances::read(&net).await?;
        arm(&mut orchestrator, &points)?;
        let ends = tokio::select! {
            ends = play(&net, rounds) => ends?,
            killed = keep_killing(&mut orchestrator, &mut points) => return killed,
        };
        assert_eq!(ends, expected, "round {rounds}");
        let books = NetworkBalances::read(&net).await?.since(&before);
        // It is not asked where it has not come back yet from a kill. Asked twice it never is.
        let expected_books = match books.get(&format!("{SILENT}: late")) {
            0 => expected_books.without_lateness_of(SILENT),
            _ => expected_books.clone(),
        };
        assert_eq!(books, expected_books, "round {rounds}");
        // What was not come to in a whole round waits until the others have had their turn.
        if !points.is_empty() {
            points.rotate_left(1);
        }
        println!("round {rounds}: {} points left", points.len());
    }
    drop(orchestrator);
    net.stop().await;
    Ok(())
}
