//! Wrong results and silent providers are penalized, and the client still gets its result.

use anyhow::Result;
use millrace_provider::FaultMode;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_result_is_slashed_and_the_client_gets_the_right_one() -> Result<()> {
    let net =
        Net::start(|options| options.providers[1].fault = Some(FaultMode::WrongResult)).await?;
    let stake = net.provider(1).await?.active;
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 2), "{view:#?}");
    assert_eq!(net.result(&job).await?, b"turn the wheel\n");

    let dishonest = net.provider(1).await?;
    // Price cap 10 × 5 units × 25 prices locked, half of it slashed.
    let slashed = 10 * 5 * 25 / 2;
    assert_eq!(
        (dishonest.disagreed, dishonest.agreed, dishonest.earned),
        (1, 0, 0)
    );
    assert_eq!(
        (dishonest.slashed, dishonest.active, dishonest.locked),
        (slashed, stake - slashed, 0)
    );
    for honest in [0, 2] {
        let account = net.provider(honest).await?;
        assert_eq!(
            (
                account.agreed,
                account.disagreed,
                account.earned,
                account.slashed
            ),
            (1, 0, 1, 0)
        );
    }
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_provider_is_expired_and_its_seat_refilled() -> Result<()> {
    let net = Net::start(|options| {
        options.providers.push(options.providers[0].clone());
        options.providers[0].fault = Some(FaultMode::NoCommit);
        options.providers[3].started = false;
    });
    let mut net = net.await?;
    // All three must agree, so the job needs a replacement for the silent provider.
    let terms = Terms {
        quorum: 3,
        max_replicas: 4,
        // The honest providers must commit within the window that the silent one misses.
        commit: 20,
        reveal: 60,
        ..Terms::default()
    };
    let job = net.post(&JobFiles::from_wat("tiny", &terms)?).await?;
    net.wait_for(&job, "seating", |view| view.shards[0].seats.len() == 3)
        .await?;
    net.local.start_agent(3)?;
    let view = net.wait_finished(&job).await?;
    assert_eq!((view.settled, view.paid), (1, 3), "{view:#?}");
    let silent = net.provider(0).await?;
    assert_eq!((silent.late, silent.earned, silent.locked), (1, 0, 0));
    // 5 % of the lock of 10 × 5 × 25.
    assert_eq!(silent.slashed, 10 * 5 * 25 / 20);
    assert_eq!(net.provider(3).await?.agreed, 1);
    net.stop().await;
    Ok(())
}
