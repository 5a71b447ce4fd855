//! Small jobs, written as the files that a client would write.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A job in a temporary folder.
pub struct JobFiles {
    folder: TempDir,
}

/// The terms of a small job.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Lines of input, one for each shard.
    pub lines: Vec<String>,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree.
    pub quorum: u8,
    pub max_replicas: u8,
    /// Commit window, seconds.
    pub commit: u32,
    /// Reveal window, seconds.
    pub reveal: u32,
    /// Deadline, seconds after posting.
    pub within: u32,
    /// Fuel limit of a shard.
    pub fuel: u64,
    /// The region that the job requires.
    pub region: Option<String>,
    /// Price cap of a unit, tokens.
    pub price: String,
    /// How results are verified. Audits and challenges start with one seat.
    pub mode: Mode,
}

/// A verification mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Quorum,
    /// The probability of an audit, basis points.
    Audit(u16),
    /// The challenge window, seconds.
    Challenge(u32),
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lines: vec!["turn the wheel".into()],
            replicas: 3,
            quorum: 2,
            max_replicas: 3,
            commit: 60,
            reveal: 60,
            within: 600,
            fuel: 5_000_000,
            region: None,
            price: "0.00001".into(),
            mode: Mode::Quorum,
        }
    }
}

impl JobFiles {
    /// A job that runs a WebAssembly text module of `examples/hostile`.
    pub fn from_wat(name: &str, terms: &Terms) -> Result<Self> {
        let source = repository()
            .join("examples/hostile")
            .join(format!("{name}.wat"));
        let wasm = wat::parse_file(&source).with_context(|| source.display().to_string())?;
        let folder = tempfile::Builder::new().prefix("millrace-job-").tempdir()?;
        std::fs::write(folder.path().join("program.wasm"), wasm)?;
        let text: String = terms.lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(folder.path().join("input.txt"), text)?;
        let job = Self { folder };
        job.write_manifest(&manifest(name, terms))?;
        Ok(job)
    }

    pub fn write_manifest(&self, manifest: &str) -> Result<()> {
        Ok(std::fs::write(self.path(), manifest)?)
    }

    /// The path of the manifest.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("job.toml")
    }
}

pub fn manifest(name: &str, terms: &Terms) -> String {
    let region = terms.region.as_ref();
    let requirement = region
        .map(|r| format!("[requirement]\nregion = {r:?}\n"))
        .unwrap_or_default();
    let (verify, challenge) = match terms.mode {
        Mode::Quorum => (
            format!("mode = \"quorum\"\nreplicas = {}", terms.replicas),
            String::new(),
        ),
        Mode::Audit(bps) => (
            format!("mode = \"audit\"\naudit_bps = {bps}"),
            String::new(),
        ),
        Mode::Challenge(seconds) => (
            "mode = \"challenge\"".to_owned(),
            format!("challenge = \"{seconds} s\""),
        ),
    };
    format!(
        r#"name = "{name}"
program = "program.wasm"
[shards]
split = "lines"
source = "input.txt"
size = 1
[join]
with = "concat"
output = "output.txt"
[limits]
fuel = {fuel}
memory = "16 MiB"
output = "64 KiB"
wall = "1 m"
[verify]
{verify}
quorum = {quorum}
max_replicas = {max_replicas}
[price]
max_per_unit = "{price}"
[windows]
{challenge}
commit = "{commit} s"
reveal = "{reveal} s"
[deadline]
within = "{within} s"
{requirement}"#,
        fuel = terms.fuel,
        quorum = terms.quorum,
        max_replicas = terms.max_replicas,
        price = terms.price,
        commit = terms.commit,
        reveal = terms.reveal,
        within = terms.within,
    )
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
