//! Misbehaving programs fail their shard with a reason, and the agents survive.

use anyhow::Result;
use millrace_cli::api::ShardPhase;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;

#[tokio::test(flavor = "multi_thread")]
async fn misbehaving_programs_fail_with_a_reason_and_agents_survive() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let fuel = 2_000_000_000;
    let cases = [
        ("loop", -1, "fuel"),
        ("eat-memory", -2, "memory"),
        ("print-forever", -3, "output"),
        ("trap", -4, "unreachable"),
    ];
    for (name, exit, word) in cases {
        let job = net
            .post(&JobFiles::from_wat(
                name,
                &Terms {
                    fuel,
                    // Three agents run the loop at the same time, which takes long on a busy machine.
                    commit: 150,
                    ..Terms::default()
                },
            )?)
            .await?;
        let view = net.wait_finished(&job).await?;
        let shard = &view.shards[0];
        assert_eq!(
            (shard.state, shard.exit),
            (ShardPhase::Settled, Some(exit)),
            "{view:#?}"
        );
        let reason = shard.reason.clone().unwrap_or_default();
        assert!(reason.contains(word), "{name}: {reason}");
        assert!(net.result(&job).await.is_err(), "{name} has no result");
    }
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    net.wait_finished(&job).await?;
    assert_eq!(net.result(&job).await?, b"turn the wheel\n");
    for index in 0..3 {
        assert!(net.local.agent_status(index).unwrap().borrow().connected);
    }
    net.stop().await;
    Ok(())
}
