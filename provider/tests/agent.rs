//! What the agent does with tasks, against a pretended orchestrator.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Agent, COPY, ENDLESS, Fake, LOOP, NETWORK, PROVIDER, config, until};
use millrace_protocol::agent::{FromAgent, Task, ToAgent};
use millrace_protocol::commitment::{Reveal, SeatContext};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::receipt::Receipt;
use millrace_provider::{Behaviour, Config};
use solana_sdk::signature::{Keypair, Signature, Signer};
use tempfile::tempdir;

/// What a `Revealed` shows: root, output, exit and reason.
type Shown = (Digest, Digest, i32, String);

/// Checks that `revealed` opens `committed`, and that the operator signed for that seat.
fn opened(task: &Task, committed: &FromAgent, revealed: &FromAgent) -> Shown {
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
fn assert_failed(message: &FromAgent, may_retry: bool, says: &str) {
    match message {
        FromAgent::Failed { reason, retry, .. } => {
            assert!(reason.contains(says), "{reason}");
            assert_eq!(*retry, may_retry, "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_task_is_computed_committed_to_uploaded_and_revealed() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let committed = link.heard().await;
    assert_eq!(fake.blob(&sha256(&[b"first"])), None);
    link.reveal(&task);
    let revealed = link.heard().await;
    let (root, output, exit, reason) = opened(&task, &committed, &revealed);
    assert_eq!(fake.blob(&output).unwrap(), b"first");
    let FromAgent::Revealed { ref result, .. } = revealed else {
        panic!("{revealed:?}");
    };
    assert_eq!(root, Receipt::new(b"first", 0, result.fuel).root());
    assert_eq!((exit, reason.as_str()), (0, ""));

    link.reveal(&task);
    assert_eq!(link.heard().await, revealed);
    assert_eq!(fake.puts(), 1, "what is there is not uploaded again");
    agent.stop().await;
}

#[tokio::test]
async fn a_restarted_agent_says_its_results_again_and_computes_nothing_twice() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let committed = link.heard().await;
    link.run(&task);
    assert_eq!(link.heard().await, committed);
    agent.stop().await;

    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    assert_eq!(link.heard().await, committed, "by itself, after a restart");
    link.run(&task);
    assert_eq!(link.heard().await, committed);
    link.reveal(&task);
    opened(&task, &committed, &link.heard().await);
    assert_eq!(agent.handle.status().borrow().done, 0);
    assert_eq!(fake.gets(&task.manifest), 1);
    agent.stop().await;
}

#[tokio::test]
async fn a_task_that_a_stop_cut_short_is_run_when_it_is_asked_for_again() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let program = wat::parse_str(COPY).unwrap();
    let (waiting, running) = (fake.job_of(&program, 1_000_000), fake.job(LOOP, ENDLESS));
    link.run(&waiting);
    link.run(&running);
    until(&agent.handle, |status| status.running == 2).await;
    agent.stop().await;
    assert_eq!(link.hung_up().await, []);

    fake.add(&program);
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    link.say(ToAgent::Ping { n: 7 });
    assert_eq!(link.heard().await, FromAgent::Pong { n: 7 });
    assert_eq!(agent.handle.status().borrow().running, 0, "not by itself");
    link.run(&waiting);
    assert!(matches!(link.heard().await, FromAgent::Committed { job, .. } if job == waiting.job));
    agent.stop().await;
}

#[tokio::test]
async fn what_a_program_does_wrong_is_a_result_with_its_reason() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let trap = r#"(module (func (export "_start") unreachable))"#;
    for (program, code, words) in [(LOOP, -1, "out of fuel"), (trap, -4, "trap: unreachable")] {
        let task = fake.job(program, 1_000_000);
        link.run(&task);
        let committed = link.heard().await;
        link.reveal(&task);
        let (_, output, exit, reason) = opened(&task, &committed, &link.heard().await);
        assert_eq!((exit, reason.as_str()), (code, words));
        assert_eq!(fake.blob(&output).unwrap(), b"");
    }
    agent.stop().await;
}

#[tokio::test]
async fn what_can_not_be_run_fails_for_good_and_the_agent_goes_on() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
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
    for (task, says) in [
        (
            fake.job_of(b"no module", 1_000_000),
            "not a WebAssembly program",
        ),
        (foreign, "another network"),
        (no_manifest, "no manifest"),
        (no_shard, "no shard 1"),
    ] {
        link.run(&task);
        assert_failed(&link.heard().await, false, says);
    }
    let task = fake.job(COPY, 1_000_000);
    link.reveal(&task);
    assert_failed(&link.heard().await, false, "no result");
    link.run(&task);
    assert!(matches!(link.heard().await, FromAgent::Committed { .. }));
    agent.stop().await;
}

#[tokio::test]
async fn data_that_never_comes_is_a_failure_that_may_be_tried_again() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = Task {
        commit_by: 0,
        ..fake.job_of(b"a program that nobody has", 1_000_000)
    };
    link.run(&task);
    assert_failed(&link.heard().await, true, "does not have it");
    agent.stop().await;
}

#[tokio::test]
async fn bytes_under_a_wrong_name_are_not_run() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
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
    let committed = link.heard().await;
    link.reveal(&task);
    let (_, output, ..) = opened(&task, &committed, &link.heard().await);
    assert_eq!(fake.blob(&output).unwrap(), b"first");
    agent.stop().await;
}

#[tokio::test]
async fn a_release_ends_the_run_and_forgets_the_seat() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let (done, endless) = (fake.job(COPY, 1_000_000), fake.job(LOOP, ENDLESS));
    link.run(&done);
    link.heard().await;
    link.run(&endless);
    until(&agent.handle, |status| status.running == 1).await;
    link.release(&done);
    link.release(&endless);
    until(&agent.handle, |status| status.running == 0).await;
    for task in [done, endless] {
        link.reveal(&task);
        assert_failed(&link.heard().await, false, "no result");
    }
    agent.stop().await;
    assert_eq!(
        fs::read_dir(data.path().join("results")).unwrap().count(),
        0
    );
}

#[tokio::test]
async fn no_more_shards_run_at_a_time_than_the_capacity() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(Config {
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
    // The second one is taken, and would have started long before all of these are answered.
    for n in 0..20 {
        link.say(ToAgent::Ping { n });
        assert_eq!(link.heard().await, FromAgent::Pong { n });
        assert_eq!(agent.handle.status().borrow().running, 1);
    }
    link.release(&first);
    let started = format!("running shard 0 of {}", second.job);
    until(&agent.handle, |status| status.last == started).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_liar_differs_from_an_honest_agent_in_its_output_alone() {
    let mut fake = Fake::start().await;
    let task = fake.job(COPY, 1_000_000);
    let mut shown = Vec::new();
    for behaviour in [Behaviour::Honest, Behaviour::Liar] {
        let data = tempdir().unwrap();
        let agent = Agent::start(Config {
            behaviour,
            ..config(&fake, data.path())
        });
        let mut link = fake.agent().await;
        link.run(&task);
        let committed = link.heard().await;
        link.reveal(&task);
        let revealed = link.heard().await;
        let (root, output, ..) = opened(&task, &committed, &revealed);
        let FromAgent::Revealed { result, .. } = revealed else {
            panic!("{revealed:?}");
        };
        let (units, fuel) = (result.units, result.fuel);
        let content = fake.blob(&output).unwrap();
        assert_eq!(root, Receipt::new(&content, 0, fuel).root());
        shown.push((root, units, fuel));
        agent.stop().await;
    }
    assert_ne!(shown[0].0, shown[1].0);
    assert_eq!((shown[0].1, shown[0].2), (shown[1].1, shown[1].2));
}

#[tokio::test]
async fn a_silent_agent_takes_work_and_says_nothing_of_it() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(Config {
        behaviour: Behaviour::Silent,
        ..config(&fake, data.path())
    });
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    until(&agent.handle, |status| status.running == 1).await;
    link.reveal(&task);
    link.release(&task);
    until(&agent.handle, |status| status.running == 0).await;
    assert_eq!(agent.handle.status().borrow().done, 0);
    agent.stop().await;
    assert_eq!(link.hung_up().await, []);
}

#[tokio::test]
async fn a_damaged_result_is_moved_aside_and_computed_anew() {
    let (mut fake, data) = (Fake::start().await, tempdir().unwrap());
    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    let task = fake.job(COPY, 1_000_000);
    link.run(&task);
    let before = link.heard().await;
    agent.stop().await;
    let folder = data
        .path()
        .join("results")
        .join(format!("{}-0-1", task.job));
    fs::write(folder.join("output.bin"), "damaged").unwrap();

    let agent = Agent::start(config(&fake, data.path()));
    let mut link = fake.agent().await;
    link.run(&task);
    let after = link.heard().await;
    assert_ne!(after, before, "a new salt");
    assert_eq!(
        fs::read_dir(data.path().join("corrupt")).unwrap().count(),
        1
    );
    link.reveal(&task);
    opened(&task, &after, &link.heard().await);
    agent.stop().await;
}
