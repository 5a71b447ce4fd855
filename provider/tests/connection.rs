//! How the agent keeps its connection, and which configurations it refuses.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Agent, COPY, FakeOrchestrator, NETWORK, config, until};
use millrace_protocol::agent::{FromAgent, PROTOCOL_VERSION, ToAgent};
use millrace_provider::{AgentConfig, AgentError, start};
use tempfile::tempdir;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_result_computed_while_disconnected_is_committed_after_reconnecting() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let link = fake.agent().await;
    let program = wat::parse_str(COPY).unwrap();
    let task = fake.job_of(&program, 1_000_000);
    link.run(&task);
    until(&agent.handle, |status| status.running == 1).await;
    drop(link);
    until(&agent.handle, |status| !status.connected).await;
    fake.add(&program);
    until(&agent.handle, |status| status.computed == 1).await;
    let mut link = fake.agent().await;
    assert!(matches!(link.receive().await, FromAgent::Committed { .. }));
    agent.stop().await;
}

#[tokio::test]
async fn a_refused_agent_reconnects() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.connection().await;
    link.challenge(NETWORK);
    link.receive().await;
    link.send(ToAgent::Refused {
        reason: "register first".to_owned(),
    });
    link.closed().await;
    let status = until(&agent.handle, |status| {
        status.last_event.contains("register first")
    })
    .await;
    assert!(!status.connected);
    let _link = fake.agent().await;
    until(&agent.handle, |status| status.connected).await;
    agent.stop().await;
}

#[tokio::test]
async fn an_orchestrator_of_another_protocol_version_gets_no_signature() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.connection().await;
    link.send(ToAgent::Challenge {
        protocol: PROTOCOL_VERSION + 1,
        nonce: [9; 32],
        network_id: NETWORK,
        genesis: "test".to_owned(),
    });
    assert_eq!(link.closed().await, []);
    until(&agent.handle, |status| {
        status
            .last_event
            .contains("the orchestrator speaks version 2 of the agent protocol")
    })
    .await;
    agent.stop().await;
}

#[tokio::test]
async fn nothing_is_signed_for_another_network() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let link = fake.agent().await;
    until(&agent.handle, |status| status.connected).await;
    drop(link);
    let mut link = fake.connection().await;
    link.challenge([0; 32]);
    assert_eq!(link.closed().await, []);
    until(&agent.handle, |status| {
        status.last_event.contains("another network")
    })
    .await;
    let _link = fake.agent().await;
    agent.stop().await;
}

#[tokio::test]
async fn an_invalid_configuration_is_refused() {
    let (fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let refused = |config: AgentConfig| start(config, CancellationToken::new()).unwrap_err();
    let agent = Agent::start(config(&fake, data.path()));
    assert!(matches!(
        refused(config(&fake, data.path())),
        AgentError::Locked { folder } if folder == data.path()
    ));
    agent.stop().await;
    assert!(matches!(
        refused(AgentConfig {
            capacity: 0,
            ..config(&fake, data.path())
        }),
        AgentError::NoCapacity
    ));
    assert!(matches!(
        refused(AgentConfig {
            orchestrators: vec!["example.com".to_owned()],
            ..config(&fake, data.path())
        }),
        AgentError::Address { .. }
    ));
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(refused(config(&fake, &file)), AgentError::File(_)));
    Agent::start(config(&fake, data.path())).stop().await;
}
