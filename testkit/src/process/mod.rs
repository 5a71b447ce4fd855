//! `millrace` as processes of their own, which can be killed and whose resources can be measured.

mod orchestrator;

pub use orchestrator::OrchestratorProcess;

use crate::localnet::Net;
use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A process that can be restarted with the same arguments and the same data. Dropping it kills it.
pub struct MillraceProcess {
    binary: String,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    data: TempDir,
    child: Child,
}

impl MillraceProcess {
    /// Starts `millrace` with these arguments and `--data` with a new folder.
    pub fn start(mut arguments: Vec<OsString>) -> Result<Self> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run the tests with `make test`")?;
        let data = tempfile::Builder::new()
            .prefix("millrace-process-")
            .tempdir()?;
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

    /// Starts a provider's agent.
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

    /// The folder with the process's data.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, if the process has ended.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Whether the process has ended and its exit status has not been read yet.
    pub fn is_zombie(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()));
        stat.is_ok_and(|stat| {
            stat.rsplit(')')
                .next()
                .is_some_and(|fields| fields.starts_with(" Z"))
        })
    }

    /// Sets the environment variables from the next start on, and removes those that were set before.
    pub fn set_environment<const N: usize>(&mut self, variables: [(&str, &OsStr); N]) {
        let owned = |(name, value): (&str, &OsStr)| (name.into(), value.into());
        self.environment = variables.into_iter().map(owned).collect();
    }

    /// Kills the process, unless it has ended already.
    pub fn kill(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// Kills the process and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.child = spawn(&self.binary, &self.arguments, &self.environment)?;
        Ok(())
    }

    pub fn usage(&self) -> Result<Usage> {
        let folder = format!("/proc/{}", self.id());
        let status = std::fs::read_to_string(format!("{folder}/status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            Ok(number
                .with_context(|| format!("/proc has no field {name}"))?
                .parse()?)
        };
        Ok(Usage {
            resident: field("VmRSS:")? << 10,
            threads: field("Threads:")?,
            files: std::fs::read_dir(format!("{folder}/fd"))?.count() as u64,
        })
    }
}

impl Drop for MillraceProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

/// Resources that a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory, bytes.
    pub resident: u64,
    pub threads: u64,
    /// Open file descriptors.
    pub files: u64,
}

/// Processor time that a process has used since its start.
pub fn cpu_time(process: u32) -> Result<Duration> {
    /// Linux reports processor time in hundredths of a second on every machine.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name in parentheses that may contain spaces; user and system time are the
    // 14th and the 15th field.
    let (_, fields) = stat
        .rsplit_once(')')
        .context("/proc/stat has no process name")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let times: Vec<u32> = times.map(str::parse).collect::<Result<_, _>>()?;
    Ok(TICK * times.iter().sum::<u32>())
}

/// Starts a process without input and output. `MILLRACE_LOUD` keeps the output, so its logs are visible.
fn spawn(
    binary: &str,
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
) -> Result<Child> {
    let mut command = std::process::Command::new(binary);
    command.args(arguments).envs(environment.iter().cloned());
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
