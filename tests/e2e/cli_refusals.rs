//! Bad input, typed into the real command line tool: each ends with a non-zero exit and words that name
//! what is wrong, and nothing is lost by it.

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

/// The command line tool with a home of its own, on one network.
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

    fn type_in(&self, network: &Path, words: &[&str]) -> Result<Output> {
        let binary = std::env::var("MILLRACE_BIN")
            .context("MILLRACE_BIN is not set: run this by `make test`")?;
        let mut command = Command::new(binary);
        for variable in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        let command = command.env("HOME", self.home.path()).arg("--network");
        Ok(command.arg(network).args(words).output()?)
    }

    /// Types it in; it has to be refused, with every one of `said`.
    fn refused(&self, words: &[&str], said: &[&str]) -> Result<()> {
        let network = self.network.clone();
        self.refused_on(&network, words, said)
    }

    fn refused_on(&self, network: &Path, words: &[&str], said: &[&str]) -> Result<()> {
        let output = self.type_in(network, words)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code().is_some_and(|code| code != 0),
            "{words:?} was not refused: {errors}"
        );
        for part in said {
            ensure!(errors.contains(part), "{words:?}: no {part:?} in: {errors}");
        }
        ensure!(!errors.contains("panicked"), "{words:?}: {errors}");
        Ok(())
    }
}

/// What could be lost by a refused job.
async fn belongings(net: &Net) -> Result<(u64, u64, (u64, u64), u64)> {
    let client: Client = net
        .rpc()
        .get(&pda::client(&net.local.keys.client.pubkey()))
        .await?;
    let (tokens, lamports) = (net.client_tokens().await?, net.client_lamports().await?);
    Ok((tokens, lamports, net.escrow().await?, client.next_nonce))
}

/// A small job whose manifest is changed in one place.
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
    let before = belongings(&net).await?;
    let missing = format!("program = \"sha256:{}\"", "ab".repeat(32));
    let native = changed("program.wasm", "input.txt")?;
    let crowd = JobFiles::from_wat(
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
        (crowd, &["5 shards", "at most 4"]),
        (
            changed("within = \"600 s\"", "within = \"1 s\"")?,
            &["`deadline.within` is 1 s"],
        ),
        (
            changed("within = \"600 s\"", "within = \"-5 s\"")?,
            &["line 27", "\"-5 s\" is not a duration"],
        ),
    ];
    for (files, said) in &cases {
        let path = files.path();
        let path = path.to_str().context("an odd path")?;
        shell.refused(&["job", "submit", path, "--yes"], said)?;
    }
    assert_eq!(belongings(&net).await?, before);
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
    let path = path.to_str().context("an odd path")?;
    let said = ["no provider works for this price", "0.000007", "0.000006"];
    Shell::new(&net)?.refused(&["job", "submit", path, "--yes"], &said)?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_is_told_what_it_lacks_before_anything_is_sent() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let shell = Shell::new(&net)?;
    let (poor, file) = (Keypair::new(), shell.home.path().join("poor.json"));
    write_keypair(&file, &poor)?;
    let file = file.to_str().context("an odd path")?;
    let job = JobFiles::from_wat("tiny", &Terms::default())?;
    let path = job.path();
    let path = path.to_str().context("an odd path")?;
    let submit = ["--keypair", file, "job", "submit", path, "--yes"];
    let wallet = poor.pubkey().to_string();
    shell.refused(
        &submit,
        &[&wallet, "too little SOL", "it has 0 SOL", "are missing"],
    )?;

    let fund = ["wallet", "fund", &wallet, "--sol", "1", "--tokens", "0"];
    let funded = shell.type_in(&shell.network, &fund)?;
    assert!(funded.status.success(), "{funded:?}");
    let lamports = net.rpc().lamports(&poor.pubkey()).await?;
    // 10 × 5 units × 3 seats, and the fee on it.
    let said = ["too few tokens", "it has 0", "0.000153", "are missing"];
    shell.refused(&submit, &said)?;
    assert_eq!(net.rpc().lamports(&poor.pubkey()).await?, lamports);

    let register = ["--keypair", file, "provider", "register", "--price", "1"];
    let operator = shell.home.path().join("operator.json");
    let operator = operator.to_str().context("an odd path")?;
    let registered = [&register[..], &["--operator", operator]].concat();
    let registered = shell.type_in(&shell.network, &registered)?;
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
    // What can be told without a network is told without it.
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
    shell.refused_on(&path, &["job", "list"], &["another network", "genesis"])?;

    let port = net.local.orchestrator_url.rsplit(':').next();
    let port = port.context("no port")?;
    let listen = format!("127.0.0.1:{port}");
    shell.refused(
        &["up", "--port", port],
        &[&format!("port {port} is in use"), "--port"],
    )?;
    let run = ["orchestrator", "run", "--listen", &listen];
    shell.refused(&run, &[&listen, "can't be listened on", "--listen"])?;

    let data = folder.path().join("orchestrator");
    std::fs::create_dir(&data)?;
    std::fs::write(
        data.join("store.db"),
        b"this is no database, but long enough".repeat(40),
    )?;
    let data = data.to_str().context("an odd path")?;
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
