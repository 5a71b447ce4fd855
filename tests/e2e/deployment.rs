//! Deploying and upgrading the program, and changing its authority.

use anyhow::{Context, Result};
use millrace_cli::connection::ephemeral_sender;
use millrace_client::Pubkey;
use millrace_client::deploy::buffer::BufferAddress;
use millrace_client::deploy::image::{chunks, differing_chunks};
use millrace_client::deploy::{instructions, state};
use millrace_client::pda::PROGRAM;
use millrace_client::rpc::client::Rpc;
use millrace_protocol::hash::sha256;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::localnet::agave::program_file;
use millrace_testkit::localnet::bare::{BareChain, PROGRAM_KEY, Wallet, path_str};
use solana_sdk::signature::Signer;
use std::process::Stdio;

const SOL: u64 = 1_000_000_000;
const DEPLOY: [&str; 5] = ["network", "deploy", "--yes", "--program-key", PROGRAM_KEY];

fn buffer_of(wallet: &Wallet, build: &[u8]) -> Pubkey {
    BufferAddress::of(&wallet.keypair.pubkey(), &PROGRAM, &sha256(&[build])).address
}

/// Number of chunks of the build that are in its buffer.
async fn written(rpc: &Rpc, buffer: &Pubkey, build: &[u8]) -> Result<usize> {
    let found = state::read_buffer(rpc, buffer).await?;
    let missing = found.map(|found| differing_chunks(build, &found.bytes).len());
    let all = differing_chunks(build, &[]).len();
    Ok(missing.map_or(0, |missing| all - missing))
}

/// Starts a deployment and kills it once some chunks have landed.
async fn deploy_halfway(chain: &BareChain, wallet: &Wallet, build: &[u8]) -> Result<()> {
    let mut slowly = DEPLOY.to_vec();
    slowly.extend(["--at-once", "2"]);
    let mut process = chain
        .command(wallet, &slowly)?
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (rpc, buffer) = (chain.rpc(), buffer_of(wallet, build));
    let some = chain
        .wait_until("ten chunks in the buffer", async || {
            Ok(written(&rpc, &buffer, build).await? >= 10)
        })
        .await;
    process.kill()?;
    process.wait()?;
    some
}

async fn pay_a_job(net: &Net) -> Result<()> {
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_deployment_resumes_and_jobs_are_paid_before_and_after_an_upgrade() -> Result<()> {
    let chain = BareChain::start().await?;
    let wallet = chain.wallet("deployer", 20 * SOL).await?;
    let build = std::fs::read(program_file()?)?;
    let (rpc, buffer) = (chain.rpc(), buffer_of(&wallet, &build));
    deploy_halfway(&chain, &wallet, &build).await?;
    assert!(state::read_program(&rpc).await?.is_none());
    let not_there = chain.refused(&wallet, &["network", "verify"]).await?;
    assert!(not_there.contains("no program exists"), "{not_there}");

    // Chunks that landed before the kill are not written again.
    let before = written(&rpc, &buffer, &build).await?;
    let second = chain.succeed(&wallet, &DEPLOY).await?;
    let all = chunks(build.len()).count();
    let wrote = second["written"].as_u64().context("no count")? as usize;
    assert!(before >= 10 && wrote > 0, "{before} {second}");
    assert!(wrote <= all - before, "{wrote} of {all}, {before} before");
    assert!(
        rpc.account(&buffer).await?.is_none(),
        "the buffer is used up"
    );
    let third = chain.succeed(&wallet, &DEPLOY).await?;
    assert_eq!(
        (&third["done"], &third["written"]),
        (&"nothing".into(), &0.into())
    );

    let verified = chain.succeed(&wallet, &["network", "verify"]).await?;
    assert_eq!(verified["same"], true, "{verified}");
    assert_eq!(
        verified["upgrade_authority"],
        wallet.keypair.pubkey().to_string()
    );
    assert!(verified["network_version"].is_null(), "{verified}");

    let deployer = wallet.keypair.insecure_clone();
    let net = Net::start_at(&chain.rpc_url, &chain.ws_url, deployer).await?;
    pay_a_job(&net).await?;
    let verified = chain.succeed(&wallet, &["network", "verify"]).await?;
    assert_eq!(verified["network_version"], verified["build_version"]);

    // The loader ignores bytes after the program's end. This build needs more space than the account
    // has.
    let mut longer = build.clone();
    longer.extend([0xa5; 12_345]);
    let file = chain.file("longer.so", &longer)?;
    let other = ["--program-so", path_str(&file)];
    let differs = chain
        .refused(&wallet, &[&["network", "verify"][..], &other].concat())
        .await?;
    assert!(differs.contains("bytes differ, the first at"), "{differs}");
    let lamports = rpc.lamports(&wallet.keypair.pubkey()).await?;
    let upgrade = [&["network", "upgrade", "--yes"][..], &other].concat();
    let upgraded = chain.succeed(&wallet, &upgrade).await?;
    assert_eq!(upgraded["done"], "upgraded");
    assert_eq!(upgraded["max_len"], longer.len());
    chain
        .succeed(&wallet, &[&["network", "verify"][..], &other].concat())
        .await?;
    let old = chain.refused(&wallet, &["network", "verify"]).await?;
    assert!(old.contains("is not this build"), "{old}");
    // Everything except the additional rent and the fees was returned.
    let spent = lamports - rpc.lamports(&wallet.keypair.pubkey()).await?;
    assert!(spent < SOL / 8, "{spent}");
    pay_a_job(&net).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn former_authority_is_refused_and_a_final_program_is_immutable() -> Result<()> {
    let chain = BareChain::start().await?;
    let old = chain.wallet("old", 20 * SOL).await?;
    let new = chain.wallet("new", 20 * SOL).await?;
    chain.succeed(&old, &DEPLOY).await?;
    let build = std::fs::read(program_file()?)?;
    let file = chain.file("other.so", &[&build[..], &[1]].concat())?;
    let upgrade = [
        "network",
        "upgrade",
        "--yes",
        "--program-so",
        path_str(&file),
    ];

    // An address alone needs `--unchecked`, and a missing confirmation is not asked for without a
    // terminal.
    let hand = ["network", "authority", "--new-authority"];
    let address = new.keypair.pubkey().to_string();
    let unsigned = chain
        .refused(&old, &[&hand[..], &[&address, "--yes"]].concat())
        .await?;
    assert!(unsigned.contains("--unchecked"), "{unsigned}");
    let unasked = chain
        .refused(&old, &[&hand[..], &[path_str(&new.file)]].concat())
        .await?;
    assert!(unasked.contains("confirmation required"), "{unasked}");
    let handed = chain
        .succeed(&old, &[&hand[..], &[path_str(&new.file), "--yes"]].concat())
        .await?;
    assert_eq!(handed["upgrade_authority"], address);

    let refused = chain.refused(&old, &upgrade).await?;
    assert!(refused.contains(&format!("is {address}")), "{refused}");
    let own = old.keypair.pubkey();
    let sender = ephemeral_sender(chain.rpc());
    let back = instructions::set_upgrade_authority(&PROGRAM, &own, Some(&own));
    let on_chain = sender.send("steal", &[back], &[&old.keypair]).await;
    let on_chain = on_chain
        .err()
        .context("the loader accepted it")?
        .to_string();
    assert!(on_chain.contains("ncorrect"), "{on_chain}");

    // The old key can still prepare an upgrade for the new one to execute.
    let propose = [&upgrade[..], &["--propose"]].concat();
    let proposed = chain.succeed(&old, &propose).await?;
    assert_eq!(proposed["done"], "proposed");
    assert_eq!(chain.succeed(&old, &propose).await?["written"], 0);
    let buffer: Pubkey = proposed["buffer"].as_str().context("no buffer")?.parse()?;
    let key = new.keypair.pubkey();
    let carry_out = instructions::upgrade(&PROGRAM, &buffer, &key, &key);
    sender
        .send("upgrade", &[carry_out], &[&new.keypair])
        .await?;
    let verify = ["network", "verify", "--program-so", path_str(&file)];
    chain.succeed(&old, &verify).await?;

    chain
        .succeed(&new, &["network", "authority", "--final", "--yes"])
        .await?;
    let refused = chain
        .refused(&new, &["network", "upgrade", "--yes"])
        .await?;
    assert!(refused.contains("it is immutable"), "{refused}");
    assert!(chain.succeed(&new, &verify).await?["upgrade_authority"].is_null());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deployment_is_checked_before_sending_and_an_abandoned_buffer_is_refunded() -> Result<()> {
    let chain = BareChain::start().await?;
    let rpc = chain.rpc();
    let build = std::fs::read(program_file()?)?;
    let poor = chain.wallet("poor", SOL).await?;
    let mut wrong = DEPLOY.to_vec();
    wrong[4] = path_str(&poor.file);
    let refused = chain.refused(&poor, &wrong).await?;
    assert!(refused.contains(&PROGRAM.to_string()), "{refused}");
    let stranger = chain.file("stranger.so", b"\x7fELF of another address")?;
    let strange = [&DEPLOY[..], &["--program-so", path_str(&stranger)]].concat();
    let refused = chain.refused(&poor, &strange).await?;
    assert!(refused.contains("does not declare"), "{refused}");
    let refused = chain.refused(&poor, &DEPLOY).await?;
    assert!(refused.contains("too little SOL"), "{refused}");
    assert!(refused.contains("rent of the buffer"), "{refused}");
    assert_eq!(rpc.lamports(&poor.keypair.pubkey()).await?, SOL);

    let wallet = chain.wallet("deployer", 20 * SOL).await?;
    deploy_halfway(&chain, &wallet, &build).await?;
    let listed = chain
        .succeed(&wallet, &["network", "buffers", "list"])
        .await?;
    let buffer = buffer_of(&wallet, &build).to_string();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["buffer"], buffer);
    assert_eq!(listed[0]["bytes"], build.len());
    let held = listed[0]["lamports"].as_u64().context("no lamports")?;
    assert!(
        chain
            .succeed(&poor, &["network", "buffers", "list"])
            .await?
            == serde_json::json!([])
    );

    let before = rpc.lamports(&wallet.keypair.pubkey()).await?;
    chain
        .succeed(&wallet, &["network", "buffers", "close", &buffer, "--yes"])
        .await?;
    let after = rpc.lamports(&wallet.keypair.pubkey()).await?;
    assert_eq!(after, before + held - 5_000);
    let none = chain
        .succeed(&wallet, &["network", "buffers", "list"])
        .await?;
    assert_eq!(none, serde_json::json!([]));
    Ok(())
}
