//! A PostgreSQL server of a test's own: on a free port of 127.0.0.1, in a temporary folder, ended with
//! the value, and with the test's process however that ends.

use std::io::{self, Error, Result};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian has the server's programs, below the version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The user that Debian's packages make: the server refuses to run as root.
const USER: &str = "postgres";
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub struct PostgresServer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl PostgresServer {
    /// Makes and starts a server, and waits until it answers. Blocks.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("millrace-postgres-")
            .tempdir()?;
        let root = is_root()?;
        if root {
            must(Command::new("chown").arg(USER).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut init = unprivileged(root, &programs.join("initdb"));
        init.args(["--username", "millrace", "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C", "--pgdata"])
            .arg(&data);
        must(&mut init)?;
        // The port may be taken between asking for it and using it.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut server = unprivileged(root, &programs.join("postgres"));
            server
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-h", "127.0.0.1"])
                // Nothing of a test has to survive a power cut.
                .args(["-c", "unix_socket_directories=", "-c", "fsync=off"]);
            let mut process = quiet(&mut server).spawn()?;
            if answers(&programs, port, &mut process)? {
                return Ok(Self {
                    process,
                    port,
                    _folder: folder,
                });
            }
        }
        Err(Error::other("the PostgreSQL server does not start"))
    }

    /// Address of a database; "postgres" is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://millrace@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Its immediate shutdown, which ends all its processes. It may have ended by itself.
        if signal("-QUIT", self.process.id()).is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn signal(name: &str, process: u32) -> Result<()> {
    must(Command::new("kill").arg(name).arg(process.to_string()))
}

/// The folder of the newest server's programs.
fn programs() -> Result<PathBuf> {
    let missing = |_: io::Error| {
        Error::other(format!(
            "there is no PostgreSQL server below {DEBIAN}: run `make setup`, which installs Debian's"
        ))
    };
    let versions = std::fs::read_dir(DEBIAN).map_err(missing)?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut programs: Vec<PathBuf> = programs.filter(|bin| bin.join("initdb").exists()).collect();
    programs.sort();
    programs.pop().ok_or_else(|| missing(Error::other("")))
}

fn is_root() -> Result<bool> {
    let said = Command::new("id").arg("-u").output()?.stdout;
    Ok(String::from_utf8_lossy(&said).trim() == "0")
}

/// A command as an ordinary user, which ends when the thread that starts it does.
fn unprivileged(root: bool, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if root {
        command.args([
            &format!("--reuid={USER}"),
            &format!("--regid={USER}"),
            "--clear-groups",
        ]);
    }
    command.arg("--pdeathsig=QUIT").arg(program);
    command.current_dir("/");
    command
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn must(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Error::other(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        ))),
    }
}

/// Waits until the server answers; false where it has ended instead.
fn answers(programs: &Path, port: u16, process: &mut Child) -> Result<bool> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if process.try_wait()?.is_some() {
            return Ok(false);
        }
        let mut ask = Command::new(programs.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if quiet(&mut ask).status()?.success() {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Error::other("the PostgreSQL server does not answer"))
}
