//! A PostgreSQL server for one test, on a free port of 127.0.0.1 and in a temporary folder. It stops when
//! its value is dropped, and when the test's process ends for any reason.

use std::io::{self, Error, Result};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Debian installs the server's programs here, in one folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The user that Debian's packages create. The server refuses to run as root.
const USER: &str = "postgres";
const START_TIMEOUT: Duration = Duration::from_secs(60);

pub struct PostgresServer {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl PostgresServer {
    /// Creates and starts a server and waits until it answers. Blocks.
    pub fn start() -> Result<Self> {
        Self::start_with(false)
    }

    /// The same, but the server accepts only encrypted connections. Its certificate is for 127.0.0.1 and signed by
    /// itself; see [`PostgresServer::certificate`].
    pub fn start_encrypted() -> Result<Self> {
        Self::start_with(true)
    }

    fn start_with(encrypted: bool) -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("millrace-postgres-")
            .tempdir()?;
        let root = is_root()?;
        if root {
            run(Command::new("chown").arg(USER).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut init = unprivileged(root, &programs.join("initdb"));
        init.args(["--username", "millrace", "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C", "--pgdata"])
            .arg(&data);
        run(&mut init)?;
        if encrypted {
            let mut certify = unprivileged(root, Path::new("openssl"));
            certify
                .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
                .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
                .args(["-subj", "/CN=millrace", "-addext"])
                .args(["subjectAltName=IP:127.0.0.1", "-addext"])
                .args(["basicConstraints=critical,CA:FALSE", "-keyout"])
                .arg(data.join("server.key"))
                .arg("-out")
                .arg(data.join("server.crt"));
            run(&mut certify)?;
            std::fs::write(
                data.join("pg_hba.conf"),
                "hostssl all all 127.0.0.1/32 trust\n",
            )?;
            let certificate = std::fs::read(data.join("server.crt"))?;
            std::fs::write(folder.path().join("server.crt"), certificate)?;
        }
        // Another process may take the port before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut server = unprivileged(root, &programs.join("postgres"));
            server
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-h", "127.0.0.1"])
                // No data of a test has to survive a power cut.
                .args(["-c", "unix_socket_directories=", "-c", "fsync=off"]);
            if encrypted {
                server.args(["-c", "ssl=on"]);
            }
            let mut process = quiet(&mut server).spawn()?;
            if answers(&programs, port, &mut process)? {
                return Ok(Self {
                    process,
                    port,
                    folder,
                });
            }
        }
        Err(Error::other("the PostgreSQL server did not start"))
    }

    /// The URL of a database. The database `postgres` exists from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://millrace@127.0.0.1:{}/{database}", self.port)
    }

    /// The PEM file with the certificate of a server that was started encrypted.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // An immediate shutdown ends all processes of the server. It may have ended already.
        if signal("-QUIT", self.process.id()).is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn signal(name: &str, process: u32) -> Result<()> {
    run(Command::new("kill").arg(name).arg(process.to_string()))
}

/// The folder with the programs of the newest installed version.
fn programs() -> Result<PathBuf> {
    let missing = |_: io::Error| {
        Error::other(format!(
            "no PostgreSQL server is installed in {DEBIAN}: run `make setup`"
        ))
    };
    let versions = std::fs::read_dir(DEBIAN).map_err(missing)?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut programs: Vec<PathBuf> = programs.filter(|bin| bin.join("initdb").exists()).collect();
    programs.sort();
    programs.pop().ok_or_else(|| missing(Error::other("")))
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output()?.stdout;
    Ok(String::from_utf8_lossy(&output).trim() == "0")
}

/// A command that runs as an ordinary user and ends with the thread that starts it.
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

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::other(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// Waits until the server answers. Returns false if it ended instead.
fn answers(programs: &Path, port: u16, process: &mut Child) -> Result<bool> {
    let start = Instant::now();
    while start.elapsed() < START_TIMEOUT {
        if process.try_wait()?.is_some() {
            return Ok(false);
        }
        let mut probe = Command::new(programs.join("pg_isready"));
        probe.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if quiet(&mut probe).status()?.success() {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Error::other("the PostgreSQL server did not answer in time"))
}
