//! Thousands of connections, floods, clients that do not read, and endless uploads: the orchestrator's
//! memory stays bounded, and a job that runs at the same time is not affected.

use crate::bad_agents::{SCRIPTED, honest_job_is_unaffected, net_with_a_scripted_provider};
use anyhow::Result;
use millrace_protocol::agent::{FromAgent, ToAgent};
use millrace_protocol::hash::sha256;
use millrace_protocol::key::Key;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::process::OrchestratorProcess;
use millrace_testkit::scripted_agent::{Identity, ScriptedAgent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Allowed growth of the orchestrator's memory under attack, bytes. It keeps some hundred connections
/// with a few kilobytes each.
const MAX_GROWTH: u64 = 128 << 20;
/// Allowed open files: the limited connections, and the orchestrator's own files.
const MAX_FILES: u64 = 512 + 100;

async fn net_to_attack() -> Result<(Net, OrchestratorProcess)> {
    let mut net = net_with_a_scripted_provider().await?;
    let (rpc, ws) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
    let orchestrator = OrchestratorProcess::take_over(&mut net, (&rpc, &ws), 3_600).await?;
    net.local.wait_for_agents().await?;
    honest_job_is_unaffected(&net).await?;
    Ok((net, orchestrator))
}

/// Runs a job during the attack, and checks the orchestrator's memory and open files.
async fn attack_is_contained(
    net: &Net,
    orchestrator: &OrchestratorProcess,
    before: u64,
) -> Result<()> {
    honest_job_is_unaffected(net).await?;
    let usage = orchestrator.process.usage()?;
    println!("{usage:?}, {before} bytes before");
    assert!(
        usage.resident < before + MAX_GROWTH,
        "{usage:?}, {before} before"
    );
    assert!(usage.files < MAX_FILES, "{usage:?}");
    Ok(())
}

async fn tcp(net: &Net) -> Result<TcpStream> {
    let address = net.local.orchestrator_url.trim_start_matches("http://");
    Ok(TcpStream::connect(address).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn excess_connections_evict_only_each_other() -> Result<()> {
    let (mut net, orchestrator) = net_to_attack().await?;
    let before = orchestrator.process.usage()?.resident;
    let mut held = Vec::new();
    let mut agents = Vec::new();
    for number in 0..1_000 {
        match number % 3 {
            0 => held.push(tcp(&net).await?),
            1 => {
                let mut half = tcp(&net).await?;
                half.write_all(b"GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-")
                    .await?;
                held.push(half);
            }
            _ => agents.push(ScriptedAgent::connect(&net).await?),
        }
    }
    attack_is_contained(&net, &orchestrator, before).await?;
    // The first connections were evicted, and a new agent is admitted.
    let mut first = held.swap_remove(0);
    assert_eq!(first.read(&mut [0]).await.unwrap_or(0), 0);
    net.local.stop_agent(0).await?;
    net.local.start_agent(0)?;
    net.local.wait_for_agents().await?;

    // An agent with a valid identity connects a thousand times: only the newest connection of a
    // provider stays.
    let own = Identity::of(&net, SCRIPTED)?;
    let mut entered = Vec::new();
    for _ in 0..1_000 {
        entered.push(ScriptedAgent::connect_as(&net, &own).await?);
    }
    attack_is_contained(&net, &orchestrator, before).await?;
    entered.remove(0).wait_closed().await?;
    if let Some(newest) = entered.last_mut() {
        newest.sync().await?;
    }
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn flooding_agent_is_disconnected_and_temporarily_banned() -> Result<()> {
    let (net, orchestrator) = net_to_attack().await?;
    let before = orchestrator.process.usage()?.resident;
    let own = Identity::of(&net, SCRIPTED)?;
    let mut agent = ScriptedAgent::connect_as(&net, &own).await?;
    let progress = FromAgent::Progress {
        job: Key([1; 32]),
        shard: 0,
        attempt: 0,
        fuel: 1,
        fuel_limit: 2,
    };
    let mut sent = 0;
    while sent < 100_000 && agent.send(&progress).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 100_000, "the connection was never closed");
    attack_is_contained(&net, &orchestrator, before).await?;
    let mut again = ScriptedAgent::connect(&net).await?;
    let hello = own.hello(&again.network_id, &again.nonce);
    let reason = again.send_refused(&hello).await?;
    assert!(reason.contains("rate limit"), "{reason}");
    // The ban is temporary.
    net.wait_until("the end of the ban", || async {
        Ok(ScriptedAgent::connect_as(&net, &own).await.is_ok())
    })
    .await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_readers_and_endless_uploads_delay_no_one() -> Result<()> {
    let (net, orchestrator) = net_to_attack().await?;
    let before = orchestrator.process.usage()?.resident;
    // An agent that sends and reads nothing although it receives messages.
    let own = Identity::of(&net, SCRIPTED)?;
    let idle = ScriptedAgent::connect_as(&net, &own).await?;

    // Responses of 16 MiB that are not read: more than the socket buffers hold.
    let blob = vec![7; 16 << 20];
    let name = sha256(&[&blob]);
    net.api()?.put_blob(&name, &blob).await?;
    let hex = hex::encode(name);
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut reader = tcp(&net).await?;
        let head = format!("GET /v1/blobs/{hex} HTTP/1.1\r\nhost: x\r\n\r\n");
        reader.write_all(head.as_bytes()).await?;
        held.push(reader);
    }
    // Uploads that stall.
    for _ in 0..50 {
        let mut upload = tcp(&net).await?;
        let head =
            format!("PUT /v1/blobs/{hex} HTTP/1.1\r\nhost: x\r\ncontent-length: 60000000\r\n\r\nx");
        upload.write_all(head.as_bytes()).await?;
        held.push(upload);
    }
    attack_is_contained(&net, &orchestrator, before).await?;
    // An endless upload is cut at the maximum size of a blob.
    let mut endless = tcp(&net).await?;
    let head =
        format!("PUT /v1/blobs/{hex} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    endless.write_all(head.as_bytes()).await?;
    let part = [b"100000\r\n".to_vec(), vec![0; 1 << 20], b"\r\n".to_vec()].concat();
    let mut sent = 0;
    while sent < 1_000 && endless.write_all(&part).await.is_ok() {
        sent += 1;
    }
    assert!((64..200).contains(&sent), "{sent} MiB were taken");
    // Stalled uploads are cut and leave no files.
    let folder = orchestrator.process.data().join("blobs");
    net.wait_until("the removal of the stalled uploads", || async {
        let files = std::fs::read_dir(&folder)?.filter_map(Result::ok);
        Ok(!files
            .map(|file| file.path())
            .any(|path| path.extension().is_some()))
    })
    .await?;
    attack_is_contained(&net, &orchestrator, before).await?;
    drop((idle, held));
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_agent_loses_its_seat_and_the_job_is_refunded() -> Result<()> {
    let (net, _orchestrator) = net_to_attack().await?;
    let own = Identity::of(&net, SCRIPTED)?;
    let mut silent = ScriptedAgent::connect_as(&net, &own).await?;
    let terms = Terms {
        region: Some("bad".into()),
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        // The deadline leaves time for posting on a busy machine, but none for a second round.
        commit: 15,
        reveal: 5,
        within: 30,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    silent
        .wait_for(|message| matches!(message, ToAgent::Run { .. }).then_some(()))
        .await?;
    honest_job_is_unaffected(&net).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.failed, view.paid), (1, 0), "{view:#?}");
    assert_eq!(net.provider(SCRIPTED).await?.late, 1);
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    net.stop().await;
    Ok(())
}
