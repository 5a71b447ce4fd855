//! An orchestrator as a process of its own, which can be killed as a machine would kill it.

use crate::localnet::{Net, PATIENCE};
use anyhow::{Result, bail};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running orchestrator, or one that was killed. Dropping it kills it.
pub struct Process {
    /// Address of its API; stays the same through restarts.
    pub url: String,
    options: Vec<String>,
    data: TempDir,
    child: Child,
}

impl Process {
    /// Starts one with the network's key on a free port, and waits until it answers. `options` are
    /// further ones of `orchestrator run`.
    pub async fn start(net: &Net, options: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let data = tempfile::Builder::new()
            .prefix("millrace-orchestrator-")
            .tempdir()?;
        let options: Vec<String> = options.iter().map(|text| (*text).to_owned()).collect();
        let child = command(net, &url, data.path(), &options)?.spawn()?;
        let process = Self {
            url,
            options,
            data,
            child,
        };
        process.health("answering", |_| true).await?;
        Ok(process)
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again with the same data.
    pub async fn restart(&mut self, net: &Net) -> Result<()> {
        self.child = command(net, &self.url, self.data.path(), &self.options)?.spawn()?;
        self.health("answering", |_| true).await?;
        Ok(())
    }

    /// Waits until its health fulfils the condition.
    pub async fn health(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Result<Value> {
        let (start, mut last) = (Instant::now(), Value::Null);
        while start.elapsed() < PATIENCE {
            if let Ok(answer) = reqwest::get(format!("{}/v1/health", self.url)).await {
                last = answer.json().await.unwrap_or(Value::Null);
                if last.is_object() && condition(&last) {
                    return Ok(last);
                }
            }
            if is_gone(self.child.id()) {
                bail!(
                    "the orchestrator at {} has ended instead of {what}",
                    self.url
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} is not {what}: {last}", self.url)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.kill();
    }
}

/// Whether a child has ended and only its exit status is left.
fn is_gone(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
    state.is_ok_and(|text| {
        text.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}

fn command(net: &Net, url: &str, data: &Path, options: &[String]) -> Result<Command> {
    let mut command = net.command()?;
    command
        .args(["orchestrator", "run", "--reread", "2"])
        .args(["--listen", url.trim_start_matches("http://")])
        .args(["--close-after", "3600", "--data"])
        .arg(data)
        .args(options);
    Ok(command)
}
