//! How the agent handles tasks, tested against a scripted orchestrator.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Agent, COPY, ENDLESS, FakeOrchestrator, LOOP, NETWORK, PROVIDER, config, until};
use millrace_protocol::agent::{FromAgent, Task, ToAgent};
use millrace_protocol::commitment::{Reveal, SeatContext};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::receipt::Receipt;
use millrace_provider::AgentConfig;
#[cfg(feature = "faults")]
use millrace_provider::FaultMode;
use solana_sdk::signature::{Keypair, Signature, Signer};
use tempfile::tempdir;

/// Root, output, exit and reason of a `Revealed` message.
type RevealedFields = (Digest, Digest, i32, String);

/// Checks that `revealed` matches `committed`, and that the operator signed for the task's seat.
fn check_reveal(task: &Task, committed: &FromAgent, revealed: &FromAgent) -> RevealedFields {
    let (
        FromAgent::Committed {
            commitment,
            signature,
            seat: 2,
            ..
        },
        FromAgent::Revealed { result, .. },
    ) = (committed, revealed)
    else {
        panic!("{committed:?} {revealed:?}");
    };
    let seat = SeatContext {
        network_id: &NETWORK,
        program: &task.program.0,
        job: &task.job.0,
        shard: task.shard,
        attempt: task.attempt,
        provider: &PROVIDER.to_bytes(),
    };
    let reveal = Reveal {
        root: &result.root,
        units: result.units,
        salt: &result.salt,
    };
    assert_eq!(*commitment, seat.commitment(&reveal));
    let operator = Keypair::new_from_array([4; 32]).pubkey();
    let signature = Signature::from(*signature);
    assert!(signature.verify(operator.as_ref(), &seat.statement(commitment)));
    (
        result.root,
        result.output,
        result.exit,
        result.reason.clone(),
    )
}

#[track_caller]
fn assert_failed(message: &FromAgent, retryable: bool, text: &str) {
    match message {
        FromAgent::Failed { reason, retry, .. } => {
            assert!(reason.contains(text), "{reason}");
            assert_eq!(*retry, retryable, "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_task_is_computed_committed_to_uploaded_and_revealed() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let committed = link.receive().await;
    assert_eq!(fake.blob(&sha256(&[b"first"])), None);
    link.reveal(&task);
    let revealed = link.receive().await;
    let (root, output, exit, reason) = check_reveal(&task, &committed, &revealed);
    assert_eq!(fake.blob(&output).unwrap(), b"first");
    let FromAgent::Revealed { ref result, .. } = revealed else {
        panic!("{revealed:?}");
    };
    assert_eq!(root, Receipt::new(b"first", 0, result.fuel).root());
    assert_eq!((exit, reason.as_str()), (0, ""));

    link.reveal(&task);
    assert_eq!(link.receive().await, revealed);
    assert_eq!(fake.puts(), 1, "an uploaded output is not uploaded again");
    agent.stop().await;
}

#[tokio::test]
async fn a_restarted_agent_repeats_its_commitments_and_computes_nothing_twice() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let committed = link.receive().await;
    link.run(&task);
    assert_eq!(link.receive().await, committed);
    agent.stop().await;

    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    assert_eq!(
        link.receive().await,
        committed,
        "sent unasked after a restart"
    );
    link.run(&task);
    assert_eq!(link.receive().await, committed);
    link.reveal(&task);
    check_reveal(&task, &committed, &link.receive().await);
    assert_eq!(agent.handle.status().borrow().computed, 0);
    assert_eq!(fake.gets(&task.manifest), 1);
    agent.stop().await;
}

#[tokio::test]
async fn a_task_that_a_stop_interrupted_runs_again_on_request() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let program = wat::parse_str(COPY).unwrap();
    let (waiting, running) = (fake.job_of(&program, 1_000_000), fake.job(LOOP, ENDLESS));
    link.run(&waiting);
    link.run(&running);
    until(&agent.handle, |status| status.running == 2).await;
    agent.stop().await;
    assert_eq!(link.closed().await, []);

    fake.add(&program);
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    link.send(ToAgent::Ping { n: 7 });
    assert_eq!(link.receive().await, FromAgent::Pong { n: 7 });
    assert_eq!(
        agent.handle.status().borrow().running,
        0,
        "not without a request"
    );
    link.run(&waiting);
    assert!(matches!(link.receive().await, FromAgent::Committed { job, .. } if job == waiting.job));
    agent.stop().await;
}

#[tokio::test]
async fn a_failing_program_is_a_result_with_a_reason() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let trap = r#"(module (func (export "_start") unreachable))"#;
    for (program, code, words) in [(LOOP, -1, "out of fuel"), (trap, -4, "trap: unreachable")] {
        let task = fake.job(program, 1_000_000);
        link.run(&task);
        let committed = link.receive().await;
        link.reveal(&task);
        let (_, output, exit, reason) = check_reveal(&task, &committed, &link.receive().await);
        assert_eq!((exit, reason.as_str()), (code, words));
        assert_eq!(fake.blob(&output).unwrap(), b"");
    }
    agent.stop().await;
}

#[tokio::test]
async fn a_task_that_cannot_run_fails_permanently_and_the_agent_continues() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    fake.add(b"no module");
    let foreign = Task {
        network_id: [0; 32],
        ..fake.job(COPY, 2_000_000)
    };
    let mut no_manifest = fake.job(COPY, 3_000_000);
    no_manifest.manifest = fake.add(b"no manifest");
    let no_shard = Task {
        shard: 1,
        ..fake.job(COPY, 4_000_000)
    };
    for (task, text) in [
        (
            fake.job_of(b"no module", 1_000_000),
            "not a valid WebAssembly program",
        ),
        (foreign, "another network"),
        (no_manifest, "not a manifest"),
        (no_shard, "shard 1 does not exist"),
    ] {
        link.run(&task);
        assert_failed(&link.receive().await, false, text);
    }
    let task = fake.job(COPY, 1_000_000);
    link.reveal(&task);
    assert_failed(&link.receive().await, false, "no result is stored");
    link.run(&task);
    assert!(matches!(link.receive().await, FromAgent::Committed { .. }));
    agent.stop().await;
}

#[tokio::test]
async fn missing_data_is_a_retryable_failure() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = Task {
        commit_by: 0,
        ..fake.job_of(b"a program that no one has", 1_000_000)
    };
    link.run(&task);
    assert_failed(&link.receive().await, true, "does not have it");
    agent.stop().await;
}

#[tokio::test]
async fn a_blob_with_another_hash_is_not_run() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let program = wat::parse_str(COPY).unwrap();
    let (task, name) = (fake.job_of(&program, 1_000_000), sha256(&[&program]));
    fake.add_as(&name, &wat::parse_str(LOOP).unwrap());
    link.run(&task);
    while fake.gets(&name) < 2 {
        tokio::task::yield_now().await;
    }
    fake.add(&program);
    let committed = link.receive().await;
    link.reveal(&task);
    let (_, output, ..) = check_reveal(&task, &committed, &link.receive().await);
    assert_eq!(fake.blob(&output).unwrap(), b"first");
    agent.stop().await;
}

#[tokio::test]
async fn a_release_ends_the_run_and_removes_the_seat() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let (done, endless) = (fake.job(COPY, 1_000_000), fake.job(LOOP, ENDLESS));
    link.run(&done);
    link.receive().await;
    link.run(&endless);
    until(&agent.handle, |status| status.running == 1).await;
    link.release(&done);
    link.release(&endless);
    until(&agent.handle, |status| status.running == 0).await;
    for task in [done, endless] {
        link.reveal(&task);
        assert_failed(&link.receive().await, false, "no result");
    }
    agent.stop().await;
    assert_eq!(
        fs::read_dir(data.path().join("results")).unwrap().count(),
        0
    );
}

#[tokio::test]
async fn the_capacity_limits_the_running_shards() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(AgentConfig {
        capacity: 1,
        ..config(&fake, data.path())
    });
    let mut link = fake.agent().await;
    let (first, second) = (fake.job(LOOP, ENDLESS), fake.job(LOOP, ENDLESS - 1));
    link.run(&first);
    until(&agent.handle, |status| status.running == 1).await;
    link.run(&second);
    let name = format!("{}-0-1", second.job);
    let task_file = data.path().join("results").join(name).join("task.json");
    while !task_file.exists() {
        tokio::task::yield_now().await;
    }
    // The second task is accepted; without the limit it would start before these are answered.
    for n in 0..20 {
        link.send(ToAgent::Ping { n });
        assert_eq!(link.receive().await, FromAgent::Pong { n });
        assert_eq!(agent.handle.status().borrow().running, 1);
    }
    link.release(&first);
    let started = format!("running shard 0 of {}", second.job);
    until(&agent.handle, |status| status.last_event == started).await;
    agent.stop().await;
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_wrong_result_differs_from_an_honest_one_only_in_its_output() {
    let mut fake = FakeOrchestrator::start().await;
    let task = fake.job(COPY, 1_000_000);
    let mut results = Vec::new();
    for fault in [None, Some(FaultMode::WrongResult)] {
        let data = tempdir().unwrap();
        let agent = Agent::start(AgentConfig {
            fault,
            ..config(&fake, data.path())
        });
        let mut link = fake.agent().await;
        link.run(&task);
        let committed = link.receive().await;
        link.reveal(&task);
        let revealed = link.receive().await;
        let (root, output, ..) = check_reveal(&task, &committed, &revealed);
        let FromAgent::Revealed { result, .. } = revealed else {
            panic!("{revealed:?}");
        };
        let (units, fuel) = (result.units, result.fuel);
        let content = fake.blob(&output).unwrap();
        assert_eq!(root, Receipt::new(&content, 0, fuel).root());
        results.push((root, units, fuel));
        agent.stop().await;
    }
    assert_ne!(results[0].0, results[1].0);
    assert_eq!((results[0].1, results[0].2), (results[1].1, results[1].2));
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn an_agent_that_never_commits_accepts_a_task_and_sends_nothing() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(AgentConfig {
        fault: Some(FaultMode::NoCommit),
        ..config(&fake, data.path())
    });
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    until(&agent.handle, |status| status.running == 1).await;
    link.reveal(&task);
    link.release(&task);
    until(&agent.handle, |status| status.running == 0).await;
    assert_eq!(agent.handle.status().borrow().computed, 0);
    agent.stop().await;
    assert_eq!(link.closed().await, []);
}

#[tokio::test]
async fn a_damaged_result_is_quarantined_and_computed_again() {
    let (mut fake, data) = (FakeOrchestrator::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let before = link.receive().await;
    agent.stop().await;
    let folder = data
        .path()
        .join("results")
        .join(format!("{}-0-1", task.job));
    fs::write(folder.join("output.bin"), "damaged").unwrap();

    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    link.run(&task);
    let after = link.receive().await;
    assert_ne!(after, before, "a new salt");
    assert_eq!(
        fs::read_dir(data.path().join("corrupt")).unwrap().count(),
        1
    );
    link.reveal(&task);
    check_reveal(&task, &after, &link.receive().await);
    agent.stop().await;
}
