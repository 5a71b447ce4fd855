//! Jobs and shards a second, from many clients who each post the next job as soon as the last is paid.

use crate::figures::{Figures, percentile};
use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use millrace_chain::feed::Feed;
use millrace_chain::instruction::{Mints, open_client, post_job};
use millrace_chain::program::PostJobArgs;
use millrace_chain::{Pubkey, address};
use millrace_cli::funding::mint_tokens;
use millrace_cli::localnet::options::ProviderOptions;
use millrace_cli::mints::transfer_lamports;
use millrace_cli::submit;
use millrace_tests::jobs::{JobFiles, Terms};
use millrace_tests::net::{Kind, Net, PATIENCE};
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_sdk::hash::Hash;
use solana_sdk::signature::{Keypair, Signer};
use solana_sdk::transaction::Transaction;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const AGENTS: usize = 8;
/// Shards that each runs at the same time.
const CAPACITY: u32 = 16;
/// Clients, each with one job at a time.
const CLIENTS: usize = 96;
/// Shards of a large job.
const SHARDS: usize = 16;
/// Until work flows, and how long it is then counted.
const WARM_UP: Duration = Duration::from_secs(5);
const COUNTED: Duration = Duration::from_secs(30);
const LAMPORTS: u64 = 500_000_000;
const TOKENS: u64 = 1_000_000_000;

/// Measures jobs of one shard, then shards of large jobs; one seat each.
pub async fn measure(figures: &mut Figures, validator: &str, kind: Kind) -> Result<()> {
    for (what, shards, clients) in [("jobs", 1, CLIENTS), ("shards", SHARDS, CLIENTS / SHARDS)] {
        let (rate, latency) = run(kind, shards, clients).await?;
        let name = format!("throughput.{what}_per_s.{validator}");
        let remark = format!(
            "{clients} clients, {AGENTS} agents; a job of {shards} paid after {:.2} s (p50), {:.2} s (p99)",
            percentile(&latency, 50),
            percentile(&latency, 99)
        );
        figures.note_with(name, rate * shards as f64, "1/s", remark);
    }
    Ok(())
}

/// What all clients share.
struct Crowd {
    net: Net,
    feed: Feed,
    blockhash: watch::Receiver<Hash>,
    args: PostJobArgs,
    mints: Mints,
    began: Instant,
}

/// Jobs a second, and the seconds that each took from posting to payment.
async fn run(kind: Kind, shards: usize, clients: usize) -> Result<(f64, Vec<f64>)> {
    let net = Net::start_on(kind, |options| {
        let provider = ProviderOptions {
            capacity: CAPACITY,
            max_open_seats: 1_000,
            ..ProviderOptions::default()
        };
        options.providers = vec![provider; AGENTS];
        options.close_after = Duration::from_secs(10);
    })
    .await?;
    let wallets: Vec<Keypair> = (0..clients).map(|_| Keypair::new()).collect();
    fund(&net, &wallets).await?;
    let args = upload(&net, shards).await?;

    let stop = CancellationToken::new();
    let feed = Feed::new(net.rpc());
    let watching = tokio::spawn({
        let (feed, stop) = (feed.clone(), stop.clone());
        async move { feed.run(Duration::from_secs(5), stop).await }
    });
    let (hashes, blockhash) = watch::channel(net.rpc().client().get_latest_blockhash().await?);
    let renewing = tokio::spawn({
        let rpc = net.rpc();
        async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if let Ok(hash) = rpc.client().get_latest_blockhash().await {
                    hashes.send_replace(hash);
                }
            }
        }
    });
    let crowd = Arc::new(Crowd {
        mints: net.local.mints,
        net,
        feed,
        blockhash,
        args,
        began: Instant::now(),
    });
    let each = wallets.into_iter().map(|wallet| {
        let crowd = crowd.clone();
        tokio::spawn(async move { crowd.client(&wallet).await })
    });
    let mut latency = Vec::new();
    for paid in try_join_all(each).await? {
        latency.extend(paid?);
    }
    stop.cancel();
    renewing.abort();
    watching.await?;
    if let Ok(crowd) = Arc::try_unwrap(crowd) {
        crowd.net.stop().await;
    }
    Ok((latency.len() as f64 / COUNTED.as_secs_f64(), latency))
}

impl Crowd {
    /// Posts one job after the other until the time is over; the seconds that the counted ones took.
    async fn client(&self, wallet: &Keypair) -> Result<Vec<f64>> {
        let mut taken = Vec::new();
        let mut nonce = 0;
        while self.began.elapsed() < WARM_UP + COUNTED {
            let posted = Instant::now();
            self.post(wallet, nonce).await?;
            let job = address::job(&wallet.pubkey(), nonce);
            self.wait_until_paid(&job).await?;
            let counted = WARM_UP..WARM_UP + COUNTED;
            if counted.contains(&self.began.elapsed()) {
                taken.push(posted.elapsed().as_secs_f64());
            }
            nonce += 1;
        }
        Ok(taken)
    }

    async fn post(&self, wallet: &Keypair, nonce: u64) -> Result<()> {
        let owner = wallet.pubkey();
        let mut instructions = Vec::new();
        if nonce == 0 {
            instructions.push(open_client(owner, self.mints));
        }
        let args = PostJobArgs {
            nonce,
            ..self.args.clone()
        };
        instructions.push(post_job(owner, self.mints, args));
        let blockhash = *self.blockhash.borrow();
        let signers = [wallet];
        let transaction =
            Transaction::new_signed_with_payer(&instructions, Some(&owner), &signers, blockhash);
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            ..RpcSendTransactionConfig::default()
        };
        let rpc = self.net.rpc();
        rpc.client()
            .send_transaction_with_config(&transaction, config)
            .await?;
        Ok(())
    }

    async fn wait_until_paid(&self, job: &Pubkey) -> Result<()> {
        let mut changes = self.feed.changes();
        let began = Instant::now();
        loop {
            {
                let picture = self.feed.picture().read().await;
                let found = picture.jobs().get(job);
                if found.is_some_and(|job| job.settled == job.shards) {
                    return Ok(());
                }
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "job {job} was not paid within {PATIENCE:?}"
            );
            let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
        }
    }
}

async fn fund(net: &Net, wallets: &[Keypair]) -> Result<()> {
    let deployer = &net.local.keys.deployer.keypair;
    let sender = net.local.sender();
    let each = wallets.iter().map(|wallet| {
        let (sender, key) = (sender.clone(), wallet.pubkey());
        async move {
            let fund = [transfer_lamports(&deployer.pubkey(), &key, LAMPORTS)];
            sender.send("fund a client", &fund, &[deployer]).await?;
            mint_tokens(&sender, deployer, &net.local.mints.payment, &key, TOKENS).await?;
            Ok::<_, anyhow::Error>(())
        }
    });
    try_join_all(each).await?;
    Ok(())
}

/// Uploads what all jobs share, and returns what their clients sign but for the nonce.
async fn upload(net: &Net, shards: usize) -> Result<PostJobArgs> {
    let terms = Terms {
        lines: (0..shards).map(|n| format!("line {n}")).collect(),
        replicas: 1,
        quorum: 1,
        max_replicas: 1,
        ..Terms::default()
    };
    let files = JobFiles::of_wat("tiny", &terms)?;
    let (connection, api) = (net.local.connection().await?, net.api()?);
    let wallet = net.wallet();
    let resolved = submit::load(&files.path(), &api).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    submit::post(&prepared, &api, &net.local.sender(), wallet).await?;
    Ok(prepared.args)
}
