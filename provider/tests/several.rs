//! An agent that works for two orchestrators at the same time.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Agent, COPY, Fake, config, until};
use millrace_protocol::agent::FromAgent;
use millrace_protocol::hash::Digest;
use millrace_provider::Config;
use tempfile::tempdir;

fn both(first: &Fake, second: &Fake, data: &std::path::Path) -> Config {
    Config {
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
async fn a_seat_that_two_orchestrators_ask_for_is_run_once_and_shown_to_whoever_asks() {
    let (mut first, mut second) = (Fake::start().await, Fake::start().await);
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let (mut one, mut two) = (first.agent().await, second.agent().await);
    until(&agent.handle, |status| status.orchestrators == 2).await;
    // Only the second has the blobs.
    let task = second.job(COPY, 1_000_000);
    one.run(&task);
    two.run(&task);
    let told = committed(one.heard().await);
    assert_eq!(committed(two.heard().await), told);
    assert_eq!(agent.handle.status().borrow().done, 1);
    for (fake, link) in [(&first, &mut one), (&second, &mut two)] {
        assert_eq!(fake.puts(), 0, "nobody has asked it yet");
        link.reveal(&task);
        loop {
            // The commitment may be said again, as both have asked for it.
            match link.heard().await {
                FromAgent::Revealed { result, .. } => {
                    assert_eq!(fake.blob(&result.output).unwrap(), b"first");
                    break;
                }
                again => assert_eq!(committed(again), told),
            }
        }
    }
    agent.stop().await;
}

#[tokio::test]
async fn where_one_orchestrator_goes_away_the_work_goes_on_for_the_other() {
    let (mut first, mut second) = (Fake::start().await, Fake::start().await);
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let (one, mut two) = (first.agent().await, second.agent().await);
    let task = second.job(COPY, 1_000_000);
    one.run(&task);
    let told = committed(two.heard().await);
    drop(one);
    drop(first);
    until(&agent.handle, |status| status.orchestrators == 1).await;
    assert!(agent.handle.status().borrow().connected);
    two.run(&task);
    assert_eq!(committed(two.heard().await), told);
    two.reveal(&task);
    assert!(matches!(two.heard().await, FromAgent::Revealed { .. }));
    agent.stop().await;
}

#[tokio::test]
async fn an_orchestrator_of_another_network_is_not_worked_for() {
    let (mut first, mut second) = (Fake::start().await, Fake::start().await);
    let data = tempdir().unwrap();
    let agent = Agent::start(both(&first, &second, data.path()));
    let _one = first.agent().await;
    until(&agent.handle, |status| status.orchestrators == 1).await;
    let mut two = second.connection().await;
    two.challenge([8; 32]);
    assert!(two.hung_up().await.is_empty(), "nothing was signed for it");
    assert_eq!(agent.handle.status().borrow().orchestrators, 1);
    agent.stop().await;
}
