//! Payment of a job.

use anyhow::Result;
use millrace_client::pda;
use millrace_testkit::jobs::{JobFiles, Terms, repository};
use millrace_testkit::localnet::Net;
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn job_is_paid_to_the_token_and_all_locked_funds_return() -> Result<()> {
    let net = Net::start(|options| options.close_after = Duration::ZERO).await?;
    // The first job also opens the client's account, which is permanent.
    let first = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    net.wait_closed(&first).await?;

    let (tokens, lamports) = (net.client_tokens().await?, net.client_lamports().await?);
    let earned = net.provider(0).await?.earned;
    let lines = vec!["one".into(), "two".into(), "three".into()];
    let job = net
        .post(&JobFiles::from_wat(
            "tiny",
            &Terms {
                lines,
                ..Terms::default()
            },
        )?)
        .await?;
    let view = net.wait_closed(&job).await?;

    // Three shards with three seats, each paid one base unit for one unit.
    assert_eq!((view.settled, view.paid, view.fee), (3, 9, 0), "{view:#?}");
    assert_eq!(view.deposited, view.paid + view.fee + view.refunded);
    assert_eq!(net.client_tokens().await?, tokens - view.paid - view.fee);
    assert_eq!(net.provider(0).await?.earned, earned + 3);
    assert_eq!(net.provider(0).await?.open_seats, 0);
    assert_eq!(net.escrow().await?, (0, 0));
    // The client paid for one signature, and all rent was returned.
    assert_eq!(net.client_lamports().await?, lamports - 5_000);
    assert!(net.rpc().account(&job).await?.is_none());
    assert!(net.rpc().account(&pda::shard(&job, 0)).await?.is_none());
    assert_eq!(net.result(&job).await?, b"one\ntwo\nthree\n");
    net.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn word_count_example_counts_correctly() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let job = net
        .post_file(&repository().join("examples/word-count/job.toml"))
        .await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!(view.settled, view.shard_count, "{view:#?}");

    let text = std::fs::read_to_string(repository().join("examples/word-count/text.txt"))?;
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    for word in words {
        *expected.entry(word.to_lowercase()).or_default() += 1;
    }
    let counted = String::from_utf8(net.result(&job).await?)?;
    let counted: BTreeMap<String, u64> = counted
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(word, count)| (word.to_owned(), count.parse().unwrap()))
        .collect();
    assert_eq!(counted, expected);
    net.stop().await;
    Ok(())
}
