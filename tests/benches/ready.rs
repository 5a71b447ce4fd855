//! The time until `millrace up` accepts jobs.

use crate::figures::{Figures, percentile};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Instant;

const STARTS: usize = 5;
/// Target for a start, seconds.
const MAX_SECS: f64 = 5.0;

/// Starts the built `millrace up` several times and waits for its ready message.
pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let mut taken = Vec::new();
    for _ in 0..STARTS {
        taken.push(start()?);
    }
    let most = format!("at most {MAX_SECS} s wanted");
    figures.note_with("up.ready", percentile(&taken, 50), "s", most);
    Ok(())
}

fn start() -> Result<f64> {
    let binary = std::env::var("MILLRACE_BIN")
        .context("MILLRACE_BIN is not set: run this by `make bench`")?;
    let (rpc, api) = (two_free_ports()?, two_free_ports()?);
    let start = Instant::now();
    let mut child = Command::new(binary)
        .args(["--json", "up", "--port", &rpc.to_string()])
        .args(["--orchestrator-port", &api.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut first_line = String::new();
    let output = child.stdout.take().context("no output")?;
    BufReader::new(output).read_line(&mut first_line)?;
    let ready = start.elapsed().as_secs_f64();
    // The signal of Ctrl-C, so the process removes its folder.
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    child.wait()?;
    ensure!(
        first_line.starts_with('{'),
        "`millrace up` did not start: {first_line}"
    );
    Ok(ready)
}

/// Two consecutive free ports.
fn two_free_ports() -> Result<u16> {
    for _ in 0..50 {
        let first = TcpListener::bind("127.0.0.1:0")?;
        let port = first.local_addr()?.port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no two ports in a row are free")
}
