//! Several orchestrators for one network. Those that share a store share the work, and one takes over
//! if the other victim. Independent ones compete, and the chain prevents double payments.

use anyhow::{Context, Result};
use millrace_cli::tokens::mints::transfer_lamports;
use millrace_client::Pubkey;
use millrace_client::instructions::register_orchestrator;
use millrace_client::wallet::write_keypair;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::postgres::PostgresServer;
use millrace_testkit::process::OrchestratorProcess;
use serde_json::Value;
use solana_sdk::signature::{Keypair, Signer};
use std::cell::RefCell;

/// A job of three shards whose windows outlast a takeover.
async fn post(net: &Net, number: usize) -> Result<Pubkey> {
    let lines = (0..3).map(|part| format!("{part} of {number}")).collect();
    let terms = Terms {
        lines,
        commit: 60,
        reveal: 60,
        ..Terms::default()
    };
    net.post(&JobFiles::from_wat("tiny", &terms)?).await
}

/// Stops the network's own orchestrator and connects the agents to these instead.
async fn replace_orchestrator(net: &mut Net, orchestrators: &[&OrchestratorProcess]) -> Result<()> {
    net.local.stop_orchestrator().await?;
    let urls: Vec<String> = orchestrators.iter().map(|o| o.url.clone()).collect();
    net.local.add_orchestrators(&urls);
    net.local.orchestrator_url.clone_from(&urls[0]);
    for agent in 0..3 {
        net.local.stop_agent(agent).await?;
        net.local.start_agent(agent)?;
    }
    for orchestrator in orchestrators {
        let all_agents = |health: &Value| health["agents"] == 3;
        orchestrator
            .wait_for_health("known to all agents", all_agents)
            .await?;
    }
    Ok(())
}

/// Checks that every job is paid in full: three seats for each shard, each paid one base unit.
async fn all_are_paid_once(net: &Net, jobs: &[Pubkey]) -> Result<()> {
    for job in jobs {
        let view = net.wait_finished(job).await?;
        assert_eq!(
            (view.settled, view.failed, view.paid),
            (3, 0, 9),
            "{view:#?}"
        );
    }
    let shards = 3 * jobs.len() as u64;
    for provider in 0..3 {
        let account = net.provider(provider).await?;
        assert_eq!(
            (account.earned, u64::from(account.agreed)),
            (shards, shards)
        );
        assert_eq!(
            (account.disagreed, account.late, account.slashed),
            (0, 0, 0)
        );
        assert_eq!(account.open_seats, 0);
    }
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    Ok(())
}

/// Reads one text from the shared database.
async fn query_text(url: &str, select: &str) -> Result<Option<String>> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let running = tokio::spawn(connection);
    let row = client.query_opt(select, &[]).await?;
    drop(client);
    running.await??;
    Ok(row.and_then(|row| row.get(0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn orchestrator_takes_over_the_jobs_of_a_dead_one_that_shares_its_store() -> Result<()> {
    let database = PostgresServer::start()?;
    let store = database.url("postgres");
    let mut net = Net::start(|_| {}).await?;
    let blobs = tempfile::tempdir()?;
    let blobs = blobs.path().display().to_string();
    let options = ["--store", &store, "--blobs", &blobs];
    let first = OrchestratorProcess::start(&net, &options).await?;
    let second = OrchestratorProcess::start(&net, &options).await?;
    // There are 128 partitions: 64 for jobs of any orchestrator, and 64 for jobs of this key.
    let half = |health: &Value| health["leases"] == 64;
    first.wait_for_health("holding half", half).await?;
    second.wait_for_health("holding half", half).await?;
    replace_orchestrator(&mut net, &[&first, &second]).await?;

    let mut jobs = Vec::new();
    for number in 0..3 {
        jobs.push(post(&net, number).await?);
    }
    let at_work = "SELECT member FROM leases WHERE bucket = (SELECT min(bucket) FROM seats)";
    // The same query must find the work and its orchestrator: the shard may be settled before another one.
    let holder = RefCell::new(None);
    net.wait_until("work on the jobs", || async {
        let found = query_text(&store, at_work).await?;
        let is_found = found.is_some();
        holder.replace(found);
        Ok(is_found)
    })
    .await?;
    let holder = holder.into_inner().context("no lease was found")?;
    let health = first.wait_for_health("a member", |_| true).await?;
    let (mut victim, survivor) = if health["member"] == holder {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(
        victim.wait_for_health("a member", |_| true).await?["member"],
        holder
    );
    victim.kill()?;
    net.local.orchestrator_url.clone_from(&survivor.url);
    jobs.push(post(&net, 3).await?);
    survivor
        .wait_for_health("holding everything", |health| health["leases"] == 128)
        .await?;
    all_are_paid_once(&net, &jobs).await?;
    for (number, job) in jobs.iter().enumerate() {
        let expected = format!("0 of {number}\n1 of {number}\n2 of {number}\n");
        assert_eq!(net.result(job).await?, expected.as_bytes());
    }
    // The transactions that the dead orchestrator had signed are finished.
    net.wait_until("an empty journal", || async {
        Ok(query_text(&store, "SELECT min(signature) FROM journal")
            .await?
            .is_none())
    })
    .await?;

    // The restarted orchestrator gets its share back while jobs run.
    jobs.push(post(&net, 4).await?);
    victim.restart().await?;
    victim.wait_for_health("holding half", half).await?;
    survivor.wait_for_health("holding half", half).await?;
    // Each of them serves every job.
    net.local.orchestrator_url.clone_from(&victim.url);
    jobs.push(post(&net, 5).await?);
    all_are_paid_once(&net, &jobs).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn independent_orchestrators_pay_every_job_once() -> Result<()> {
    let mut net = Net::start(|_| {}).await?;
    let (other, deployer) = (Keypair::new(), &net.local.keys.deployer.keypair);
    let register = [
        register_orchestrator(deployer.pubkey(), other.pubkey(), net.local.mints),
        transfer_lamports(&deployer.pubkey(), &other.pubkey(), 1_000_000_000),
    ];
    let sender = net.local.sender();
    sender.send("another", &register, &[deployer]).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("other.json");
    write_keypair(&file, &other)?;

    // Clients upload to one orchestrator. Here both use the same blobs, each has its own store, and
    // both assign seats at every shard.
    let blobs = tempfile::tempdir()?;
    let (blobs, keypair) = (blobs.path().display(), file.display());
    let (blobs, keypair) = (blobs.to_string(), keypair.to_string());
    let first = OrchestratorProcess::start(&net, &["--blobs", &blobs]).await?;
    let options = ["--blobs", &blobs, "--keypair", &keypair];
    let second = OrchestratorProcess::start(&net, &options).await?;
    let key = |health: &Value| health["key"] == other.pubkey().to_string();
    second.wait_for_health("of the other key", key).await?;
    replace_orchestrator(&mut net, &[&first, &second]).await?;

    let mut jobs = Vec::new();
    for number in 0..6 {
        let to = if number % 2 == 0 { &first } else { &second };
        net.local.orchestrator_url.clone_from(&to.url);
        jobs.push(post(&net, number).await?);
    }
    all_are_paid_once(&net, &jobs).await?;
    net.stop().await;
    Ok(())
}
