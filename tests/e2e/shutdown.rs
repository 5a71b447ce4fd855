//! An orchestrator that is told to stop: it begins nothing new, lets what is under way end for a while,
//! says what is left, and the next one sees that through.

use anyhow::{Context, Result, ensure};
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longest time from the end of the grace period to the end of the process.
const MARGIN: Duration = Duration::from_secs(10);

/// An orchestrator as a process of its own, behind levers.
struct Process {
    child: Child,
    folder: tempfile::TempDir,
}

impl Process {
    fn spawn(net: &Net, faulty_rpc: &FaultyRpc, grace: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = spawn(net, faulty_rpc, grace, folder.path())?;
        Ok(Self { child, folder })
    }

    fn again(mut self, net: &Net, faulty_rpc: &FaultyRpc) -> Result<Self> {
        self.child = spawn(net, faulty_rpc, "30s", self.folder.path())?;
        Ok(self)
    }

    fn signal(&self) -> Result<()> {
        let id = self.child.id().to_string();
        ensure!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()?
                .success()
        );
        Ok(())
    }

    /// How it ended, and what it said.
    async fn end(&mut self) -> Result<(ExitStatus, String)> {
        let start = Instant::now();
        while start.elapsed() < MARGIN + Duration::from_secs(10) {
            if let Some(status) = self.child.try_wait()? {
                let said = std::fs::read_to_string(self.folder.path().join("log"))?;
                return Ok((status, said));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("it does not end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    net: &Net,
    faulty_rpc: &FaultyRpc,
    grace: &str,
    folder: &std::path::Path,
) -> Result<Child> {
    let address = net.local.orchestrator_url.trim_start_matches("http://");
    let settings = folder.join("orchestrator.toml");
    let text = format!(
        "listen = '{address}'\ndata = '{}'\nreread = '2s'\nlog_format = 'json'\n",
        folder.display()
    );
    std::fs::write(&settings, text)?;
    let mut command = net.command()?;
    command
        .args(["--url", &faulty_rpc.rpc_url, "--ws-url", &net.local.ws_url])
        .args(["orchestrator", "run", "--grace", grace, "--config"])
        .arg(settings)
        .stderr(Stdio::from(std::fs::File::create(folder.join("log"))?));
    Ok(command.spawn()?)
}

async fn net_and_process(grace: &str) -> Result<(Net, FaultyRpc, Process)> {
    let mut net = Net::start(|_| {}).await?;
    let faulty_rpc = FaultyRpc::transparent(&net.local.rpc_url, &net.local.ws_url).await?;
    net.local.stop_orchestrator().await?;
    let process = Process::spawn(&net, &faulty_rpc, grace)?;
    agents_are_back(&net).await?;
    Ok((net, faulty_rpc, process))
}

async fn agents_are_back(net: &Net) -> Result<()> {
    let api = net.api()?;
    let connected = || async { Ok(api.health().await.is_ok_and(|health| health.agents == 3)) };
    net.wait_until("the agents' return", connected).await
}

async fn something_is_under_way(net: &Net) -> Result<()> {
    let api = net.api()?;
    let sent = || async {
        let metrics = api.metrics().await?;
        Ok(metrics.contains("millrace_transactions_in_flight 1.0"))
    };
    net.wait_until("sending a transaction", sent).await
}

async fn it_says_that_it_stops(net: &Net) -> Result<()> {
    let api = net.api()?;
    let stopping = || async {
        let health = api.health().await?;
        Ok(health
            .problems
            .iter()
            .any(|problem| problem.name == "stopping"))
    };
    net.wait_until("saying that it stops", stopping).await
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_left_after_the_grace_period_are_logged_and_resumed() -> Result<()> {
    let (net, faulty_rpc, mut process) = net_and_process("3s").await?;
    faulty_rpc.set(Faults {
        rejects_transactions: true,
        ..Faults::default()
    });
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    something_is_under_way(&net).await?;
    let told = Instant::now();
    process.signal()?;
    it_says_that_it_stops(&net).await?;
    let (status, said) = process.end().await?;
    let took = told.elapsed();
    assert!(status.success(), "{status}: {said}");
    assert!(took >= Duration::from_secs(2) && took < MARGIN, "{took:?}");
    let left = format!("1 actions in flight, which the next start resumes: assign {job} 0");
    assert!(said.contains(&left), "{said}");
    // The log's lines are JSON, and name the act, the job and the shard.
    let line = said
        .lines()
        .find(|line| line.contains("orchestrator started"));
    let line: serde_json::Value = serde_json::from_str(line.context("a first line")?)?;
    assert_eq!(line["level"], "INFO", "{line}");

    faulty_rpc.set(Faults::default());
    let process = process.again(&net, &faulty_rpc)?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    drop(process);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_orchestrator_stops_at_once() -> Result<()> {
    let (net, _faulty_rpc, mut process) = net_and_process("60s").await?;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    net.wait_finished(&job).await?;
    process.signal()?;
    let (status, said) = process.end().await?;
    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("no actions in flight"), "{said}");
    // What was done on chain can be found by the job.
    let acts = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let landed = acts.filter(|line| line["message"] == "landed");
    let found = landed.filter(|line| line["job"] == job.to_string());
    let slots: Vec<u64> = found.filter_map(|line| line["slot"].as_u64()).collect();
    assert!(slots.len() >= 2 && slots.is_sorted(), "{said}");
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_signal_stops_at_once() -> Result<()> {
    let (net, faulty_rpc, mut process) = net_and_process("600s").await?;
    faulty_rpc.set(Faults {
        rejects_transactions: true,
        ..Faults::default()
    });
    net.post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    something_is_under_way(&net).await?;
    process.signal()?;
    it_says_that_it_stops(&net).await?;
    process.signal()?;
    let (status, said) = process.end().await?;
    assert_eq!(status.code(), Some(130), "{said}");
    net.stop().await;
    Ok(())
}
