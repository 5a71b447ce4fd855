//! The orchestrator as a process of its own: it can be killed as a machine would kill it, and what it
//! takes can be seen from outside.

pub mod orchestrator;

use crate::localnet::{Net, PATIENCE};
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A process that is started again and again with the same arguments. Dropping it kills it.
pub struct Process {
    binary: String,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    data: TempDir,
    child: Child,
}

impl Process {
    /// Starts the command line with arguments; `--data` and a new folder are added.
    pub fn start(mut arguments: Vec<OsString>) -> Result<Self> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run this by `make test`")?;
        let data = tempfile::tempdir()?;
        arguments.extend(["--data".into(), data.path().into()]);
        let child = spawn(&binary, &arguments, &[])?;
        Ok(Self {
            binary,
            arguments,
            environment: Vec::new(),
            data,
            child,
        })
    }

    /// The agent of a provider.
    pub fn agent(net: &Net, provider: usize) -> Result<Self> {
        let account = net.local.provider(provider).context("no such provider")?;
        let operator = &net.local.keys.providers[provider].operator.file;
        let mut arguments: Vec<OsString> = vec!["--network".into()];
        arguments.push(net.local.file_path.clone().into());
        arguments.extend(["provider", "run", "--provider"].map(OsString::from));
        arguments.push(account.to_string().into());
        arguments.extend(["--operator".into(), operator.clone().into()]);
        arguments.extend(["--capacity", "4"].map(OsString::from));
        Self::start(arguments)
    }

    /// Its data.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// From its next start on, it finds this in its environment, and nothing else that was given so.
    pub fn set_environment<const N: usize>(&mut self, variables: [(&str, &OsStr); N]) {
        let own = |(name, value): (&str, &OsStr)| (name.into(), value.into());
        self.environment = variables.into_iter().map(own).collect();
    }

    /// Kills it, if it has not ended by itself.
    pub fn kill(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// Kills it and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.child = spawn(&self.binary, &self.arguments, &self.environment)?;
        Ok(())
    }

    /// What it takes of the machine now.
    pub fn usage(&self) -> Result<Usage> {
        let folder = format!("/proc/{}", self.id());
        let status = std::fs::read_to_string(format!("{folder}/status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            Ok(number.context("a field of /proc is missing")?.parse()?)
        };
        Ok(Usage {
            resident: field("VmRSS:")? << 10,
            threads: field("Threads:")?,
            files: std::fs::read_dir(format!("{folder}/fd"))?.count() as u64,
        })
    }
}

/// Processor time that a process has taken since its start.
pub fn cpu_time(process: u32) -> Result<Duration> {
    /// Of a second: what Linux counts in, whatever its clock.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name in brackets, which may hold spaces; user and system time are the 14th
    // and the 15th.
    let (_, fields) = stat.rsplit_once(')').context("an odd /proc/stat")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let times: Vec<u32> = times.map(str::parse).collect::<Result<_, _>>()?;
    Ok(TICK * times.iter().sum::<u32>())
}

/// What a process takes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of memory.
    pub resident: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub files: u64,
}

fn spawn(
    binary: &str,
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
) -> Result<Child> {
    let mut command = std::process::Command::new(binary);
    command.args(arguments).envs(environment.iter().cloned());
    // `MILLRACE_LOUD` shows what it logs.
    let silent = std::env::var_os("MILLRACE_LOUD").is_none();
    let output = || {
        if silent {
            Stdio::null()
        } else {
            Stdio::inherit()
        }
    };
    command
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output());
    Ok(command.spawn()?)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.kill();
    }
}

/// The orchestrator of a network, in the place of the one in this process.
pub struct Orchestrator {
    /// Its process.
    pub process: Process,
    url: String,
}

impl Orchestrator {
    /// Takes over from the one in this process, sees the chain by the given addresses, and closes jobs
    /// so many seconds after their end.
    pub async fn take_over(
        net: &mut Net,
        (rpc_url, ws_url): (&str, &str),
        close_after: u64,
    ) -> Result<Self> {
        net.local.stop_orchestrator().await?;
        let url = net.local.orchestrator_url.clone();
        let mut arguments: Vec<OsString> = vec!["--network".into()];
        arguments.push(net.local.file_path.clone().into());
        let address = url.trim_start_matches("http://");
        for argument in ["--url", rpc_url, "--ws-url", ws_url, "orchestrator", "run"] {
            arguments.push(argument.into());
        }
        for argument in ["--listen", address, "--reread", "2", "--close-after"] {
            arguments.push(argument.into());
        }
        arguments.push(close_after.to_string().into());
        let process = Process::start(arguments)?;
        let mut this = Self { process, url };
        this.listens().await?;
        Ok(this)
    }

    /// The address of something that it serves.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Kills it and starts it again.
    pub async fn die(&mut self) -> Result<()> {
        self.process.restart()?;
        self.listens().await
    }

    /// Waits until it answers. One that a bad network kept from starting is started again.
    pub async fn listens(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if reqwest::get(format!("{}/v1/health", self.url))
                .await
                .is_ok()
            {
                return Ok(());
            }
            if self.process.ended()?.is_some() {
                self.process.restart()?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the orchestrator does not answer at {}", self.url)
    }
}
