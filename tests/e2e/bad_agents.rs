//! Agents with false identities, foreign results or malformed messages: they gain nothing, and a job
//! that runs at the same time is not affected.

use anyhow::{Context, Result};
use millrace_cli::api::SeatPhase;
use millrace_cli::localnet::options::ProviderOptions;
use millrace_client::Pubkey;
use millrace_protocol::agent::{FromAgent, MAX_FRAME_BYTES, ShardResult, Task, ToAgent};
use millrace_protocol::commitment::Reveal;
use millrace_protocol::hash::sha256;
use millrace_protocol::receipt::Receipt;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::scripted_agent::{Identity, ScriptedAgent};
use solana_sdk::signature::Keypair;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// The region of the three honest providers.
pub(crate) const GOOD: &str = "good";
/// The region of the provider with the scripted agent, number [`SCRIPTED`].
const BAD: &str = "bad";
/// The provider whose agent is scripted.
pub(crate) const SCRIPTED: usize = 3;

/// Seconds before the end of the commit window at which the valid commitment is sent. The orchestrator has
/// to land its transaction within them.
const LAST_MOMENT: i64 = 10;

/// A network with three honest agents and a provider without an agent, for a scripted one.
pub(crate) async fn net_with_a_scripted_provider() -> Result<Net> {
    Net::start(|options| {
        for provider in &mut options.providers {
            provider.region = Some(GOOD.into());
        }
        options.providers.push(ProviderOptions {
            region: Some(BAD.into()),
            started: false,
            ..ProviderOptions::default()
        });
    })
    .await
}

/// Runs a job on the honest providers and checks that none of them lost anything.
pub(crate) async fn honest_job_is_unaffected(net: &Net) -> Result<()> {
    let terms = Terms {
        region: Some(GOOD.into()),
        ..Terms::default()
    };
    let before = net.provider(0).await?;
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    assert_eq!(net.result(&job).await?, b"turn the wheel\n");
    let after = net.provider(0).await?;
    assert_eq!((after.disagreed, after.late, after.slashed), (0, 0, 0));
    assert_eq!(after.agreed, before.agreed + 1);
    Ok(())
}

/// A job of one seat for the scripted provider, and the task that its agent receives.
async fn scripted_task(
    net: &Net,
    agent: &mut ScriptedAgent,
    commit: u32,
) -> Result<(Pubkey, Task)> {
    let terms = Terms {
        region: Some(BAD.into()),
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        commit,
        reveal: 120,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    let task_of_this_job = |message| match message {
        ToAgent::Run { task } if task.job.0 == job.to_bytes() => Some(task),
        _ => None,
    };
    let task = agent.wait_for(task_of_this_job).await?;
    Ok((job, task))
}

const SALT: [u8; 32] = [9; 32];
const FUEL: u64 = 1_000;

fn revealed(task: &Task, root: [u8; 32], output: &[u8]) -> FromAgent {
    FromAgent::Revealed {
        job: task.job,
        shard: task.shard,
        attempt: task.attempt,
        seat: task.seat,
        result: ShardResult {
            root,
            units: 1,
            salt: SALT,
            output: sha256(&[output]),
            output_bytes: output.len() as u64,
            fuel: FUEL,
            exit: 0,
            reason: "x".repeat(100_000),
        },
    }
}

/// The phase of the scripted seat on chain.
async fn scripted_seat(net: &Net, job: &Pubkey) -> Result<SeatPhase> {
    let view = net
        .api()?
        .job(job)
        .await?
        .context("the job does not exist")?;
    let seats = &view.shards[0].seats;
    Ok(seats.first().context("the shard has no seat")?.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_without_proof_of_its_identity_is_refused() -> Result<()> {
    let net = net_with_a_scripted_provider().await?;
    let (own, victim) = (Identity::of(&net, SCRIPTED)?, Identity::of(&net, 0)?);

    // The answer to an earlier challenge does not answer another one.
    let mut first = ScriptedAgent::connect(&net).await?;
    let recorded = own.hello(&first.network_id, &first.nonce);
    first.send(&recorded).await?;
    assert!(matches!(
        first.receive().await?,
        Some(ToAgent::Welcome { .. })
    ));
    let mut again = ScriptedAgent::connect(&net).await?;
    assert_ne!(again.nonce, first.nonce);
    let reason = again.send_refused(&recorded).await?;
    assert!(reason.contains("challenge"), "{reason}");
    again.wait_closed().await?;

    let mut newer = ScriptedAgent::connect(&net).await?;
    let mut hello = own.hello(&newer.network_id, &newer.nonce);
    if let FromAgent::Hello { protocol, .. } = &mut hello {
        *protocol += 1;
    }
    let reason = newer.send_refused(&hello).await?;
    assert!(
        reason.contains("version 2 of the agent protocol"),
        "{reason}"
    );
    newer.wait_closed().await?;

    let as_provider = |provider, operator: &Keypair| Identity {
        provider,
        operator: operator.insecure_clone(),
    };
    let mint = net.local.mints.stake;
    let impostors = [
        // Another party's provider with its own key.
        (as_provider(victim.provider, &own.operator), "operator key"),
        // Its own provider with another party's key.
        (as_provider(own.provider, &victim.operator), "operator key"),
        // Not a provider: an account of another program.
        (as_provider(mint, &own.operator), "not a provider"),
    ];
    for (impostor, word) in impostors {
        let mut agent = ScriptedAgent::connect(&net).await?;
        let hello = impostor.hello(&agent.network_id, &agent.nonce);
        let reason = agent.send_refused(&hello).await?;
        assert!(reason.contains(word), "{reason}");
    }
    // An account of another program is never read as one of ours.
    let snapshot = net.rpc().snapshot_owned(&[mint]).await?;
    assert!(snapshot.accounts[0].1.is_empty());

    // A hello for this network that was signed for another one.
    let mut agent = ScriptedAgent::connect(&net).await?;
    let hello = own.hello(&[1; 32], &agent.nonce);
    agent.send_refused(&hello).await?;
    // No message may precede the hello.
    let mut agent = ScriptedAgent::connect(&net).await?;
    let reason = agent.send_refused(&FromAgent::Draining).await?;
    assert!(reason.contains("hello"), "{reason}");

    // The attempts do not affect the honest agents' connections.
    honest_job_is_unaffected(&net).await?;
    first.sync().await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_are_ignored_until_there_are_too_many() -> Result<()> {
    let net = net_with_a_scripted_provider().await?;
    let own = Identity::of(&net, SCRIPTED)?;
    let mut agent = ScriptedAgent::connect_as(&net, &own).await?;
    let hello = own.hello(&agent.network_id, &agent.nonce);
    let nested = "[".repeat(100_000);
    let frames = [
        Message::text("no json"),
        Message::text(r#"{"type":"committed","job":"#),
        Message::text(format!(r#"{{"type":{nested}"#)),
        Message::text(nested),
        Message::text(r#"{"type":"welcome"}"#),
        Message::text(r#"{"type":"pong","n":-1}"#),
        Message::text("\u{0}\u{fffd}"),
        Message::binary(vec![0xff; 10_000]),
        Message::text(millrace_protocol::agent::encode(&hello)?),
    ];
    for frame in frames {
        agent.send_frame(frame).await?;
    }
    // The agent is still connected, and so are the others.
    agent.sync().await?;
    honest_job_is_unaffected(&net).await?;

    // A frame above the limit closes the connection at once.
    let large = Message::text("x".repeat(MAX_FRAME_BYTES + 1));
    let mut other = ScriptedAgent::connect_as(&net, &own).await?;
    // The connection may be closed while the frame is being sent.
    let _ = other.send_frame(large).await;
    other.wait_closed().await?;

    // Too many mistakes close the connection too.
    let mut other = ScriptedAgent::connect_as(&net, &own).await?;
    for _ in 0..1_000 {
        if other.send_frame(Message::text("no json")).await.is_err() {
            break;
        }
    }
    let refused = other.wait_for(|message| match message {
        ToAgent::Refused { reason } => Some(reason),
        _ => None,
    });
    // The reason may be lost with the connection.
    if let Ok(reason) = refused.await {
        assert!(reason.contains("invalid"), "{reason}");
    }
    let mut other = ScriptedAgent::connect(&net).await?;
    let hello = own.hello(&other.network_id, &other.nonce);
    let reason = other.send_refused(&hello).await?;
    assert!(reason.contains("banned"), "{reason}");
    honest_job_is_unaffected(&net).await?;
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_agents_own_result_is_accepted_until_the_last_moment() -> Result<()> {
    let net = net_with_a_scripted_provider().await?;
    let (own, victim) = (Identity::of(&net, SCRIPTED)?, Identity::of(&net, 0)?);
    let mut agent = ScriptedAgent::connect_as(&net, &own).await?;
    // The windows outlast the honest job, which takes long on a busy machine.
    let (other_job, other_task) = scripted_task(&net, &mut agent, 300).await?;
    let (job, task) = scripted_task(&net, &mut agent, 60).await?;

    let output = b"turn the wheel\n";
    let root = Receipt::new(output, 0, FUEL).root();
    let reveal = Reveal {
        root: &root,
        units: 1,
        salt: &SALT,
    };
    // Another agent's signature, a commitment of another job, another seat, and a missing shard.
    let by_another = Identity {
        provider: own.provider,
        operator: victim.operator.insecure_clone(),
    };
    agent.send(&by_another.committed(&task, &reveal)).await?;
    let mut misplaced = own.committed(&other_task, &reveal);
    if let FromAgent::Committed { job, .. } = &mut misplaced {
        *job = task.job;
    }
    agent.send(&misplaced).await?;
    let elsewhere = Task { seat: 1, ..task };
    agent.send(&own.committed(&elsewhere, &reveal)).await?;
    let nowhere = Task { shard: 7, ..task };
    agent.send(&own.committed(&nowhere, &reveal)).await?;
    // A failure of a shard without a seat of this agent is not recorded.
    agent
        .send(&FromAgent::Failed {
            job: task.job,
            shard: 7,
            attempt: 0,
            reason: "x".repeat(MAX_FRAME_BYTES / 2),
            retry: false,
        })
        .await?;
    agent.sync().await?;
    honest_job_is_unaffected(&net).await?;
    assert_eq!(scripted_seat(&net, &job).await?, SeatPhase::Assigned);

    // The valid commitment, shortly before the end of the window.
    while net.rpc().time().await?.unix < task.commit_by - LAST_MOMENT {
        // The orchestrator closes a connection that sends nothing for 30 seconds.
        agent.send(&FromAgent::Pong { n: 0 }).await?;
        agent.sync().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    agent.send(&own.committed(&task, &reveal)).await?;
    let asked = |message| matches!(message, ToAgent::Reveal { job: of, .. } if of == task.job);
    agent
        .wait_for(|message| asked(message).then_some(()))
        .await?;

    // An output that was not uploaded, one with another root, and a root that was not committed.
    agent.send(&revealed(&task, root, b"never sent")).await?;
    let api = net.api()?;
    api.put_blob(&sha256(&[b"wrong"]), b"wrong").await?;
    agent.send(&revealed(&task, root, b"wrong")).await?;
    let other_root = Receipt::new(b"wrong", 0, FUEL).root();
    agent.send(&revealed(&task, other_root, b"wrong")).await?;
    let mut replayed = revealed(&task, root, output);
    if let FromAgent::Revealed { job, .. } = &mut replayed {
        *job = other_task.job;
    }
    agent.send(&replayed).await?;
    agent.sync().await?;
    honest_job_is_unaffected(&net).await?;
    assert_eq!(scripted_seat(&net, &job).await?, SeatPhase::Committed);

    api.put_blob(&sha256(&[output]), output).await?;
    agent.send(&revealed(&task, root, output)).await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 1), "{view:#?}");
    assert_eq!(net.result(&job).await?, output);
    // The reason is shortened.
    let reason = view.shards[0].reason.clone().unwrap_or_default();
    assert!(reason.len() <= 500, "{} bytes", reason.len());
    assert_eq!(scripted_seat(&net, &other_job).await?, SeatPhase::Assigned);
    assert_eq!(net.provider(SCRIPTED).await?.disagreed, 0);
    net.stop().await;
    Ok(())
}
