//! Running a test binary until its first failure.

use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How the tests ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// All passed.
    Passed,
    /// This one failed.
    Failed(String),
    /// They took too long.
    TimedOut,
}

/// Runs tests on a program. `folder` is the package's, in which cargo would run them.
pub fn run(
    (binary, folder): (&Path, &Path),
    program: &Path,
    arguments: &[String],
    limit: Duration,
) -> Result<End> {
    let child = Command::new(binary)
        .args(arguments)
        .args(["--test-threads", "1"])
        .current_dir(folder)
        .env("MILLRACE_PROGRAM_SO", program)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.with_context(|| binary.display().to_string())?;
    let output = child.stdout.take().context("no output")?;
    let child = Mutex::new(child);
    let (over, late) = (AtomicBool::new(false), AtomicBool::new(false));
    let failed = thread::scope(|scope| {
        scope.spawn(|| watch(&child, limit, &over, &late));
        let mut failed = None;
        let mut running = String::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let Some(test) = line.strip_prefix("test ") else {
                continue;
            };
            let (name, end) = test.split_once(" ... ").unwrap_or((test, ""));
            running = name.to_owned();
            if end.ends_with("FAILED") {
                failed = Some(running.clone());
                kill(&child);
                break;
            }
        }
        let status = child.lock().wait();
        over.store(true, Ordering::Relaxed);
        // The binary ended without a report: the failed test is the one after the last that passed.
        let silent = failed.is_none() && !status.is_ok_and(|status| status.success());
        failed.or_else(|| silent.then(|| format!("the one after {running}")))
    });
    Ok(match failed {
        _ if late.load(Ordering::Relaxed) => End::TimedOut,
        Some(test) => End::Failed(test),
        None => End::Passed,
    })
}

fn kill(child: &Mutex<Child>) {
    let mut child = child.lock();
    // The process may have ended already.
    let _ = child.kill();
}

/// Ends the tests if they take too long.
fn watch(child: &Mutex<Child>, limit: Duration, over: &AtomicBool, late: &AtomicBool) {
    let began = Instant::now();
    while !over.load(Ordering::Relaxed) {
        if began.elapsed() > limit {
            late.store(true, Ordering::Relaxed);
            kill(child);
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
