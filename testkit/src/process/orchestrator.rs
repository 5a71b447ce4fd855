//! An orchestrator as a process of its own.

use super::MillraceProcess;
use crate::localnet::{Net, WAIT_TIMEOUT};
use anyhow::{Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A running or killed orchestrator. Dropping it kills it.
pub struct OrchestratorProcess {
    pub process: MillraceProcess,
    /// The address of its API, which stays the same after restarts.
    pub url: String,
}

impl OrchestratorProcess {
    /// Starts an orchestrator with the network's key on a free port, and waits until it answers. `options`
    /// are added to `orchestrator run`.
    pub async fn start(net: &Net, options: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let mut arguments = run_arguments(net, &url, &[], 3_600);
        arguments.extend(options.iter().map(OsString::from));
        let process = MillraceProcess::start(arguments)?;
        let this = Self { process, url };
        this.wait_for_health("answering", |_| true).await?;
        Ok(this)
    }

    /// Replaces the orchestrator that runs in this process. The new one uses the given endpoints of the
    /// chain and closes jobs `close_after` seconds after their end.
    pub async fn take_over(
        net: &mut Net,
        (rpc_url, ws_url): (&str, &str),
        close_after: u64,
    ) -> Result<Self> {
        net.local.stop_orchestrator().await?;
        let url = net.local.orchestrator_url.clone();
        let endpoints = ["--url", rpc_url, "--ws-url", ws_url];
        let arguments = run_arguments(net, &url, &endpoints, close_after);
        let process = MillraceProcess::start(arguments)?;
        let mut this = Self { process, url };
        this.wait_until_up().await?;
        Ok(this)
    }

    /// The URL of a route of its API.
    pub fn route(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Kills the process, starts it again with the same data, and waits until it answers.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.restart()?;
        self.wait_until_up().await
    }

    /// Waits until the process answers. A process that ended, because a faulty network kept it from
    /// starting, is started again.
    pub async fn wait_until_up(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < WAIT_TIMEOUT {
            if reqwest::get(self.route("/v1/health")).await.is_ok() {
                return Ok(());
            }
            if self.process.exit_status()?.is_some() {
                self.process.restart()?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the orchestrator does not answer at {}", self.url)
    }

    /// Waits until its health meets the condition. Fails if the process ends.
    pub async fn wait_for_health(
        &self,
        what: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let (start, mut last) = (Instant::now(), Value::Null);
        while start.elapsed() < WAIT_TIMEOUT {
            if let Ok(answer) = reqwest::get(self.route("/v1/health")).await {
                last = answer.json().await.unwrap_or(Value::Null);
                if last.is_object() && condition(&last) {
                    return Ok(last);
                }
            }
            if self.process.is_zombie() {
                bail!(
                    "the orchestrator at {} has ended instead of {what}",
                    self.url
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the orchestrator at {} is not {what}: {last}", self.url)
    }
}

/// Arguments of an orchestrator that listens at `url`. `global` precedes the subcommand.
fn run_arguments(net: &Net, url: &str, global: &[&str], close_after: u64) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["--network".into()];
    arguments.push(net.local.file_path.clone().into());
    arguments.extend(global.iter().map(OsString::from));
    arguments.extend(["orchestrator", "run", "--full-read-interval", "2"].map(OsString::from));
    let address = url.trim_start_matches("http://");
    arguments.extend(["--listen", address, "--close-after"].map(OsString::from));
    arguments.push(close_after.to_string().into());
    arguments
}
