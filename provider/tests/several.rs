//! An agent that works for two orchestrators at the same time.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Agent, COPY, FakeOrchestrator, config, until};
use millrace_protocol::agent::FromAgent;
use millrace_protocol::hash::Digest;
use millrace_provider::AgentConfig;
use tempfile::tempdir;

fn both(
    first: &FakeOrchestrator,
    second: &FakeOrchestrator,
    data: &std::path::Path,
) -> AgentConfig {
    AgentConfig {
        orchestrators: vec![first.url.clone(), second.url.clone()],
        ..config(first, data)
    }
}

fn committed(message: FromAgent) -> (Digest, [u8; 64]) {
    match message {
        FromAgent::Committed {
            commitment,
            signature,
            ..
        } => (commitment, signature),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_seat_requested_by_two_orchestrators_runs_once_and_is_revealed_to_both() {
    let (mut first, mut second) = (
        FakeOrchestrator::start().await,
        FakeOrchestrator::start().await,
    );
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let (mut one, mut two) = (first.agent().await, second.agent().await);
    until(&agent.handle, |status| status.orchestrators == 2).await;
    // Only the second has the blobs.
    let task = second.job(COPY, 1_000_000);
    one.run(&task);
    two.run(&task);
    let expected = committed(one.receive().await);
    assert_eq!(committed(two.receive().await), expected);
    assert_eq!(agent.handle.status().borrow().computed, 1);
    for (fake, link) in [(&first, &mut one), (&second, &mut two)] {
        assert_eq!(fake.puts(), 0, "nothing was revealed to it yet");
        link.reveal(&task);
        loop {
            // The commitment may be repeated, because both have sent the task.
            match link.receive().await {
                FromAgent::Revealed { result, .. } => {
                    assert_eq!(fake.blob(&result.output).unwrap(), b"first");
                    break;
                }
                again => assert_eq!(committed(again), expected),
            }
        }
    }
    agent.stop().await;
}

#[tokio::test]
async fn work_continues_if_one_orchestrator_disconnects() {
    let (mut first, mut second) = (
        FakeOrchestrator::start().await,
        FakeOrchestrator::start().await,
    );
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let (one, mut two) = (first.agent().await, second.agent().await);
    let task = second.job(COPY, 1_000_000);
    one.run(&task);
    let expected = committed(two.receive().await);
    drop(one);
    drop(first);
    until(&agent.handle, |status| status.orchestrators == 1).await;
    assert!(agent.handle.status().borrow().connected);
    two.run(&task);
    assert_eq!(committed(two.receive().await), expected);
    two.reveal(&task);
    assert!(matches!(two.receive().await, FromAgent::Revealed { .. }));
    agent.stop().await;
}

#[tokio::test]
async fn an_orchestrator_of_another_network_gets_no_signature() {
    let (mut first, mut second) = (
        FakeOrchestrator::start().await,
        FakeOrchestrator::start().await,
    );
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let _one = first.agent().await;
    until(&agent.handle, |status| status.orchestrators == 1).await;
    let mut two = second.connection().await;
    two.challenge([8; 32]);
    assert!(two.closed().await.is_empty(), "nothing is signed for it");
    assert_eq!(agent.handle.status().borrow().orchestrators, 1);
    agent.stop().await;
}
