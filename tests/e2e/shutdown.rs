//! Shutdown of an orchestrator: it starts no new actions, waits for pending ones until its shutdown timeout,
//! logs those that are left, and resumes them after the next start.

use anyhow::{Context, Result, ensure};
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, WAIT_TIMEOUT};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// An orchestrator process with a log file, behind a faulty proxy.
struct LoggedOrchestrator {
    child: Child,
    folder: tempfile::TempDir,
}

impl LoggedOrchestrator {
    fn start(net: &Net, faulty_rpc: &FaultyRpc, timeout: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = spawn(net, faulty_rpc, timeout, folder.path())?;
        Ok(Self { child, folder })
    }

    fn start_again(mut self, net: &Net, faulty_rpc: &FaultyRpc) -> Result<Self> {
        self.child = spawn(net, faulty_rpc, "30s", self.folder.path())?;
        Ok(self)
    }

    fn terminate(&self) -> Result<()> {
        let id = self.child.id().to_string();
        ensure!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()?
                .success()
        );
        Ok(())
    }

    /// Waits for the end of the process and returns its exit status and its log.
    async fn wait_for_end(&mut self) -> Result<(ExitStatus, String)> {
        let start = Instant::now();
        while start.elapsed() < WAIT_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("log"))?;
                return Ok((status, log));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("the orchestrator did not end within {WAIT_TIMEOUT:?}")
    }
}

impl Drop for LoggedOrchestrator {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    net: &Net,
    faulty_rpc: &FaultyRpc,
    timeout: &str,
    folder: &std::path::Path,
) -> Result<Child> {
    let address = net.local.orchestrator_url.trim_start_matches("http://");
    let settings = folder.join("orchestrator.toml");
    let text = format!(
        "listen = '{address}'\ndata = '{}'\nfull_read_interval = '2s'\nlog_format = 'json'\n",
        folder.display()
    );
    std::fs::write(&settings, text)?;
    let mut command = net.command()?;
    command
        .args(["--url", &faulty_rpc.rpc_url, "--ws-url", &net.local.ws_url])
        .args([
            "orchestrator",
            "run",
            "--shutdown-timeout",
            timeout,
            "--config",
        ])
        .arg(settings)
        .stderr(Stdio::from(std::fs::File::create(folder.join("log"))?));
    Ok(command.spawn()?)
}

async fn net_and_orchestrator(timeout: &str) -> Result<(Net, FaultyRpc, LoggedOrchestrator)> {
    let mut net = Net::start(|_| {}).await?;
    let faulty_rpc = FaultyRpc::transparent(&net.local.rpc_url, &net.local.ws_url).await?;
    net.local.stop_orchestrator().await?;
    let process = LoggedOrchestrator::start(&net, &faulty_rpc, timeout)?;
    wait_for_agents(&net).await?;
    Ok((net, faulty_rpc, process))
}

async fn wait_for_agents(net: &Net) -> Result<()> {
    let api = net.api()?;
    let connected = || async { Ok(api.health().await.is_ok_and(|health| health.agents == 3)) };
    net.wait_until("the agents' connections", connected).await
}

async fn wait_for_a_pending_transaction(net: &Net) -> Result<()> {
    let api = net.api()?;
    let sent = || async {
        let metrics = api.metrics().await?;
        let mut lines = metrics.lines();
        let pending = lines.find_map(|line| line.strip_prefix("millrace_transactions_in_flight "));
        Ok(pending.is_some_and(|count| count != "0.0"))
    };
    net.wait_until("a pending transaction", sent).await
}

async fn wait_until_stopping(net: &Net) -> Result<()> {
    let api = net.api()?;
    let stopping = || async {
        let health = api.health().await?;
        Ok(health
            .problems
            .iter()
            .any(|problem| problem.name == "stopping"))
    };
    net.wait_until("the problem stopping", stopping).await
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_left_after_the_grace_period_are_logged_and_resumed() -> Result<()> {
    let (net, faulty_rpc, mut process) = net_and_orchestrator("10s").await?;
    faulty_rpc.set(Faults {
        rejects_transactions: true,
        ..Faults::default()
    });
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    wait_for_a_pending_transaction(&net).await?;
    let signalled = Instant::now();
    process.terminate()?;
    wait_until_stopping(&net).await?;
    let (status, log) = process.wait_for_end().await?;
    let took = signalled.elapsed();
    assert!(status.success(), "{status}: {log}");
    assert!(took >= Duration::from_secs(10), "{took:?}");
    let left = format!("1 actions in flight, which the next start resumes: assign {job} 0");
    assert!(log.contains(&left), "{log}");
    // The log consists of JSON lines.
    let line = log
        .lines()
        .find(|line| line.contains("orchestrator started"));
    let line: serde_json::Value = serde_json::from_str(line.context("a first line")?)?;
    assert_eq!(line["level"], "INFO", "{line}");

    faulty_rpc.set(Faults::default());
    let process = process.start_again(&net, &faulty_rpc)?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    drop(process);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_orchestrator_stops_at_once() -> Result<()> {
    let (net, _faulty_rpc, mut process) = net_and_orchestrator("600s").await?;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    net.wait_finished(&job).await?;
    process.terminate()?;
    let (status, log) = process.wait_for_end().await?;
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("no actions in flight"), "{log}");
    // Landed actions are logged with their job.
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let landed = lines.filter(|line| line["message"] == "action landed");
    let found = landed.filter(|line| line["job"] == job.to_string());
    let slots: Vec<u64> = found.filter_map(|line| line["slot"].as_u64()).collect();
    assert!(slots.len() >= 2 && slots.is_sorted(), "{log}");
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_signal_stops_at_once() -> Result<()> {
    let (net, faulty_rpc, mut process) = net_and_orchestrator("600s").await?;
    faulty_rpc.set(Faults {
        rejects_transactions: true,
        ..Faults::default()
    });
    net.post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    wait_for_a_pending_transaction(&net).await?;
    process.terminate()?;
    wait_until_stopping(&net).await?;
    process.terminate()?;
    let (status, log) = process.wait_for_end().await?;
    assert_eq!(status.code(), Some(130), "{log}");
    net.stop().await;
    Ok(())
}
