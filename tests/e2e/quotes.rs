//! Quotes: the cost of a job and whether it can be placed, before anything is signed.

use anyhow::Result;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use serde_json::Value;
use std::ffi::OsStr;

/// Runs `millrace job quote` and returns its exit code, its data and its stderr.
async fn quote(net: &Net, terms: &Terms) -> Result<(Option<i32>, Value, String)> {
    let files = JobFiles::from_wat("tiny", terms)?;
    let path = files.path();
    net.run_json([OsStr::new("job"), OsStr::new("quote"), path.as_os_str()])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn quote_signs_nothing_and_names_why_a_job_cannot_be_placed() -> Result<()> {
    let net = Net::start(|_| {}).await?;
    let before = (net.client_lamports().await?, net.client_tokens().await?);
    let (code, data, stderr) = quote(&net, &Terms::default()).await?;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(data["placeable"], true, "{data}");
    let deposit = data["costs"]["deposit"].as_u64();

    let elsewhere = Terms {
        region: Some("mars".into()),
        ..Terms::default()
    };
    let (code, data, stderr) = quote(&net, &elsewhere).await?;
    assert_eq!(code, Some(3), "{stderr}");
    assert_eq!(data["placeable"], false);
    assert!(
        stderr.contains("3 in another region; 0 free, 3 needed"),
        "{stderr}"
    );
    assert_eq!(
        before,
        (net.client_lamports().await?, net.client_tokens().await?)
    );

    // The job takes the quoted deposit.
    let job = net
        .post(&JobFiles::from_wat("tiny", &Terms::default())?)
        .await?;
    let view = net.wait_finished(&job).await?;
    assert_eq!(Some(view.deposited), deposit);
    net.stop().await;
    Ok(())
}
