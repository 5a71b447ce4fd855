//! Bad input to the command line tool: each command ends with a non-zero exit code and a message that
//! names the problem, and nothing is lost.

use anyhow::{Context, Result, ensure};
use millrace_client::pda;
use millrace_client::program::state::Client;
use millrace_client::wallet::write_keypair;
use millrace_testkit::jobs::{JobFiles, Terms, manifest};
use millrace_testkit::localnet::Net;
use solana_sdk::signature::{Keypair, Signer};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The command line tool with a home directory of its own, on one network.
struct Shell {
    home: TempDir,
    network: std::path::PathBuf,
}

impl Shell {
    fn new(net: &Net) -> Result<Self> {
        Ok(Self {
            home: tempfile::tempdir()?,
            network: net.local.file_path.clone(),
        })
    }

    fn run(&self, network: &Path, arguments: &[&str]) -> Result<Output> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run this by `make test`")?;
        let mut command = Command::new(binary);
        for variable in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        let command = command.env("HOME", self.home.path()).arg("--network");
        Ok(command.arg(network).args(arguments).output()?)
    }

    /// Runs a command that must be refused with every text of `expected` in its message.
    fn refused(&self, arguments: &[&str], expected: &[&str]) -> Result<()> {
        let network = self.network.clone();
        self.refused_on(&network, arguments, expected)
    }

    fn refused_on(&self, network: &Path, arguments: &[&str], expected: &[&str]) -> Result<()> {
        let output = self.run(network, arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code().is_some_and(|code| code != 0),
            "{arguments:?} was not refused: {errors}"
        );
        for part in expected {
            ensure!(
                errors.contains(part),
                "{arguments:?}: no {part:?} in: {errors}"
            );
        }
        ensure!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        Ok(())
    }
}

/// Everything that a refused job could cost.
async fn client_balances(net: &Net) -> Result<(u64, u64, (u64, u64), u64)> {
    let client: Client = net
        .rpc()
        .get(&pda::client(&net.local.keys.client.pubkey()))
        .await?;
    let (tokens, lamports) = (net.client_tokens().await?, net.client_lamports().await?);
    Ok((tokens, lamports, net.escrow().await?, client.next_nonce))
}

/// A small job with one change in its manifest.
fn changed(from: &str, to: &str) -> Result<JobFiles> {
    let files = JobFiles::from_wat("tiny", &Terms::default())?;
    let text = manifest("tiny", &Terms::default());
    ensure!(text.contains(from), "the manifest has no {from:?}");
    files.write_manifest(&text.replace(from, to))?;
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_manifests_are_refused_by_name_and_cost_nothing() -> Result<()> {
    let net = Net::start(|options| options.parameters.max_shards = 4).await?;
    let first = JobFiles::from_wat("tiny", &Terms::default())?;
    let first = net.post(&first).await?;
    net.wait_finished(&first).await?;
    let shell = Shell::new(&net)?;
    let before = client_balances(&net).await?;
    let missing = format!("program = \"sha256:{}\"", "ab".repeat(32));
    let native = changed("program.wasm", "input.txt")?;
    let too_many_shards = JobFiles::from_wat(
        "tiny",
        &Terms {
            lines: vec!["a line".into(); 5],
            ..Terms::default()
        },
    )?;
    let cases = [
        (
            changed("[verify]", "[verify]\ncolour = 1")?,
            &["unknown field", "colour"][..],
        ),
        (
            changed("program = \"program.wasm\"", &missing)?,
            &["the blob", "is not available"],
        ),
        (
            changed("program.wasm", "none.wasm")?,
            &["cannot read the file", "none.wasm"],
        ),
        (native, &["is not a WebAssembly module"]),
        (
            changed("0.00001", "0.0000001")?,
            &["price.max_per_unit", "decimals"],
        ),
        (
            changed("quorum = 2", "quorum = 4")?,
            &["`verify.quorum` is 4"],
        ),
        (too_many_shards, &["5 shards", "at most 4"]),
        (
            changed("within = \"600 s\"", "within = \"1 s\"")?,
            &["`deadline.within` is 1 s"],
        ),
        (
            changed("within = \"600 s\"", "within = \"-5 s\"")?,
            &["line 27", "\"-5 s\" is not a duration"],
        ),
    ];
    for (files, expected) in &cases {
        let path = files.path();
        let path = path.to_str().context("the path is not UTF-8")?;
        shell.refused(&["job", "submit", path, "--yes"], expected)?;
    }
    assert_eq!(client_balances(&net).await?, before);
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn price_cap_below_every_ask_is_refused_with_the_lowest_ask() -> Result<()> {
    let net = Net::start(|options| {
        for provider in &mut options.providers {
            provider.price = 7;
        }
    });
    let net = net.await?;
    let files = JobFiles::from_wat(
        "tiny",
        &Terms {
            price: "0.000006".into(),
            ..Terms::default()
        },
    )?;
    let path = files.path();
    let path = path.to_str().context("the path is not UTF-8")?;
    let expected = ["no provider works for this price", "0.000007", "0.000006"];
    Shell::new(&net)?.refused(&["job", "submit", path, "--yes"], &expected)?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_is_told_what_it_lacks_before_anything_is_sent() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let shell = Shell::new(&net)?;
    let (poor, file) = (Keypair::new(), shell.home.path().join("poor.json"));
    write_keypair(&file, &poor)?;
    let file = file.to_str().context("the path is not UTF-8")?;
    let job = JobFiles::from_wat("tiny", &Terms::default())?;
    let path = job.path();
    let path = path.to_str().context("the path is not UTF-8")?;
    let submit = ["--keypair", file, "job", "submit", path, "--yes"];
    let wallet = poor.pubkey().to_string();
    shell.refused(
        &submit,
        &[&wallet, "too little SOL", "it has 0 SOL", "are missing"],
    )?;

    let fund = ["wallet", "fund", &wallet, "--sol", "1", "--tokens", "0"];
    let funded = shell.run(&shell.network, &fund)?;
    assert!(funded.status.success(), "{funded:?}");
    let lamports = net.rpc().lamports(&poor.pubkey()).await?;
    // 10 × 5 units × 3 seats, and their fee.
    let expected = ["too few tokens", "it has 0", "0.000153", "are missing"];
    shell.refused(&submit, &expected)?;
    assert_eq!(net.rpc().lamports(&poor.pubkey()).await?, lamports);

    let register = ["--keypair", file, "provider", "register", "--price", "1"];
    let operator = shell.home.path().join("operator.json");
    let operator = operator.to_str().context("the path is not UTF-8")?;
    let registered = [&register[..], &["--operator", operator]].concat();
    let registered = shell.run(&shell.network, &registered)?;
    assert!(registered.status.success(), "{registered:?}");
    let stake = ["--keypair", file, "provider", "stake", "99"];
    shell.refused(&stake, &["99", "minimum of 100", "1 tokens more"])?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_endpoints_ports_and_stores_are_named() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let shell = Shell::new(&net)?;
    let down = ["--url", "http://127.0.0.1:1", "network", "show"];
    shell.refused(&down, &["http://127.0.0.1:1", "does not answer"])?;
    // Errors that need no network are reported without one.
    let submit = [&down[..2], &["job", "submit", "absent.toml"]].concat();
    shell.refused(&submit, &["cannot read the manifest", "absent.toml"])?;

    let mut other = net.local.file.clone();
    other.network_id = "00".repeat(32);
    let folder = tempfile::tempdir()?;
    let path = other.save(folder.path())?;
    shell.refused_on(
        &path,
        &["job", "list"],
        &["is not the one in", "expected 00"],
    )?;
    other.genesis = "11111111111111111111111111111111".into();
    let path = other.save(folder.path())?;
    shell.refused_on(&path, &["job", "list"], &["another cluster", "genesis"])?;

    let port = net.local.orchestrator_url.rsplit(':').next();
    let port = port.context("no port")?;
    let listen = format!("127.0.0.1:{port}");
    shell.refused(
        &["up", "--port", port],
        &[&format!("port {port} is in use"), "--port"],
    )?;
    let run = ["orchestrator", "run", "--listen", &listen];
    shell.refused(&run, &[&listen, "failed to listen on", "--listen"])?;

    let data = folder.path().join("orchestrator");
    std::fs::create_dir(&data)?;
    std::fs::write(
        data.join("store.db"),
        b"this is no database, but long enough".repeat(40),
    )?;
    let data = data.to_str().context("the path is not UTF-8")?;
    let run = [
        "orchestrator",
        "run",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
    ];
    shell.refused(&run, &["store.db", "is corrupt", "move it away"])?;
    net.stop().await;
    Ok(())
}
