//! A network with an orchestrator process and many clients that post jobs of one kind.

mod result;

pub(crate) use result::{LoadResult, Sample};

use crate::metrics::Metrics;
use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use millrace_cli::job::submit;
use millrace_cli::localnet::options::ProviderOptions;
use millrace_cli::tokens::funding::mint_tokens;
use millrace_cli::tokens::mints::transfer_lamports;
use millrace_client::cache::subscription::Feed;
use millrace_client::instructions::{Mints, open_client, post_job};
use millrace_client::pda;
use millrace_client::program::PostJobArgs;
use millrace_client::rpc::client::Rpc;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, ValidatorKind, WAIT_TIMEOUT};
use millrace_testkit::process::{OrchestratorProcess, cpu_time};
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_sdk::hash::Hash;
use solana_sdk::signature::{Keypair, Signer};
use solana_sdk::transaction::Transaction;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Number of agents, if they run.
pub(crate) const AGENTS: usize = 8;
const CAPACITY: u32 = 16;
/// Lamports of a client: rent for about forty open jobs, and fees.
const LAMPORTS: u64 = 250_000_000;
const TOKENS: u64 = 1_000_000_000;
/// How long a paid job stays on chain so that its client sees it, seconds.
const CLOSE_AFTER: u64 = 5;
/// A transaction that is not seen for this long is sent again.
const RESEND_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) struct LoadOptions {
    pub kind: ValidatorKind,
    /// Number of clients.
    pub clients: usize,
    /// Number of providers, and whether their agents run.
    pub providers: (usize, bool),
    /// The terms of every job.
    pub terms: Terms,
}

/// Terms of a job of `shards` shards with `seats` seats each, more than half of which have to agree.
pub(crate) fn terms(shards: usize, seats: u8) -> Terms {
    Terms {
        lines: (0..shards).map(|n| format!("line {n}")).collect(),
        replicas: seats,
        quorum: seats / 2 + 1,
        max_replicas: seats,
        ..Terms::default()
    }
}

pub(crate) struct Load {
    pub net: Net,
    pub orchestrator: OrchestratorProcess,
    /// State shared by all clients.
    shared: Arc<Shared>,
    clients: Vec<Arc<Client>>,
    watching: JoinHandle<()>,
    _stop: DropGuard,
}

struct Shared {
    rpc: Rpc,
    feed: Feed,
    blockhash: watch::Receiver<Hash>,
    mints: Mints,
    /// The arguments of every job, except the nonce.
    args: PostJobArgs,
}

struct Client {
    wallet: Keypair,
    next: AtomicU64,
}

impl Load {
    /// Starts a network with an orchestrator process, funds the clients, and runs one job, so
    /// everything that is created once exists.
    pub(crate) async fn start(options: LoadOptions) -> Result<Self> {
        let (providers, started) = options.providers;
        let mut net = Net::start_on(options.kind, |options| {
            let provider = ProviderOptions {
                capacity: CAPACITY,
                max_open_seats: 1_000,
                started,
                ..ProviderOptions::default()
            };
            options.providers = vec![provider; providers];
        })
        .await?;
        let (rpc_url, ws_url) = (net.local.rpc_url.clone(), net.local.ws_url.clone());
        let orchestrator =
            OrchestratorProcess::take_over(&mut net, (&rpc_url, &ws_url), CLOSE_AFTER);
        let orchestrator = orchestrator.await?;
        let agents = if started { providers } else { 0 };
        let connected = || async {
            let answer = reqwest::get(orchestrator.route("/v1/agents")).await?;
            let agents_of: Vec<serde_json::Value> = serde_json::from_str(&answer.text().await?)?;
            Ok(agents_of.len() == agents)
        };
        net.wait_until("connecting the agents", connected).await?;

        let wallets: Vec<Keypair> = (0..options.clients).map(|_| Keypair::new()).collect();
        fund(&net, &wallets).await?;
        let client = |wallet| {
            let next = AtomicU64::new(0);
            Arc::new(Client { wallet, next })
        };
        let clients = wallets.into_iter().map(client).collect();
        let stop = CancellationToken::new();
        let (feed, rpc) = (Feed::new(net.rpc()), net.rpc());
        let watching = tokio::spawn({
            let (feed, stop) = (feed.clone(), stop.clone());
            async move { feed.run(Duration::from_secs(5), stop).await }
        });
        let shared = Shared {
            blockhash: watch_blockhash(&rpc, &stop).await?,
            args: upload(&net, &options.terms).await?,
            mints: net.local.mints,
            rpc,
            feed,
        };
        let load = Self {
            net,
            orchestrator,
            shared: Arc::new(shared),
            clients,
            watching,
            _stop: stop.drop_guard(),
        };
        if started {
            load.wait_until_closed().await?;
        }
        Ok(load)
    }

    /// Clients post one job after the other, each as soon as the last one is paid. Jobs paid within
    /// `span`, after `warm_up`, are counted.
    pub(crate) async fn run(
        &self,
        clients: usize,
        warm_up: Duration,
        span: Duration,
    ) -> Result<LoadResult> {
        let begin = Instant::now() + warm_up;
        let end = begin + span;
        let each = self.clients.iter().take(clients).map(|client| {
            let (shared, client) = (self.shared.clone(), client.clone());
            tokio::spawn(async move { shared.post_repeatedly(&client, begin, end).await })
        });
        let samples = async {
            tokio::time::sleep_until(begin.into()).await;
            let first = self.sample().await?;
            tokio::time::sleep_until(end.into()).await;
            Ok::<_, anyhow::Error>([first, self.sample().await?])
        };
        let all = async { Ok::<_, anyhow::Error>(try_join_all(each).await?) };
        let (all, samples) = tokio::try_join!(all, samples)?;
        let (mut latency, mut posted) = (Vec::new(), 0);
        for one in all {
            let (taken, jobs) = one?;
            latency.extend(taken);
            posted += jobs;
        }
        ensure!(!latency.is_empty(), "no job was paid within {span:?}");
        Ok(LoadResult {
            latency,
            posted,
            span,
            samples,
        })
    }

    /// Every client posts `jobs` jobs, each as soon as the last one is on chain.
    pub(crate) async fn post_all(&self, jobs: usize) -> Result<()> {
        let each = self.clients.iter().map(|client| {
            let (shared, client) = (self.shared.clone(), client.clone());
            tokio::spawn(async move {
                for _ in 0..jobs {
                    shared.post(&client).await?;
                }
                Ok::<_, anyhow::Error>(())
            })
        });
        for posted in try_join_all(each).await? {
            posted?;
        }
        Ok(())
    }

    /// Metrics and processor times at one time.
    pub(crate) async fn sample(&self) -> Result<Sample> {
        let validator = self.net.validator_process();
        Ok(Sample {
            orchestrator: cpu_time(self.orchestrator.process.id())?,
            here: cpu_time(std::process::id())?,
            validator: validator.map(cpu_time).transpose()?,
            metrics: Metrics::fetch(&self.orchestrator.route("/metrics")).await?,
        })
    }

    /// Lamports of the orchestrator's key, and of all clients together.
    pub(crate) async fn lamports(&self) -> Result<(u64, u64)> {
        let orchestrator = self.net.local.keys.orchestrator.pubkey();
        let rpc = &self.shared.rpc;
        let clients = self.clients.iter().map(|client| client.wallet.pubkey());
        let clients: Vec<_> = clients.collect();
        let mut of_clients = 0;
        for some in clients.chunks(100) {
            let found = rpc.accounts(some).await?.into_iter().flatten();
            of_clients += found.map(|account| account.lamports).sum::<u64>();
        }
        Ok((rpc.lamports(&orchestrator).await?, of_clients))
    }

    /// Waits until no job is on chain and no action is pending.
    pub(crate) async fn wait_until_closed(&self) -> Result<()> {
        let closed = || async {
            if !self.shared.feed.cache().read().await.jobs().is_empty() {
                return Ok(false);
            }
            let metrics = self.sample().await?.metrics;
            Ok(metrics.value("millrace_actions{state=\"running\"}") == 0.0
                && metrics.value("millrace_jobs{state=\"finished\"}") == 0.0)
        };
        self.net.wait_until("closing all jobs", closed).await
    }

    pub(crate) async fn stop(self) -> Result<()> {
        drop(self._stop);
        self.watching.await?;
        drop(self.orchestrator);
        self.net.stop().await;
        Ok(())
    }
}

impl Shared {
    /// Posts one job after the other until `end`. Returns the seconds of the jobs that were paid after
    /// `begin`, and the number of all jobs.
    async fn post_repeatedly(
        &self,
        client: &Client,
        begin: Instant,
        end: Instant,
    ) -> Result<(Vec<f64>, usize)> {
        let (mut taken, mut jobs) = (Vec::new(), 0);
        while Instant::now() < end {
            let posted = Instant::now();
            let job = self.send_post(client).await?;
            let paid = |cache: &millrace_client::cache::accounts::AccountCache| {
                let job = cache.jobs().get(&job);
                job.is_some_and(|job| job.settled == job.shards)
            };
            let within = self.wait_for_cache(paid, WAIT_TIMEOUT).await;
            ensure!(within, "job {job} was not paid within {WAIT_TIMEOUT:?}");
            jobs += 1;
            if (begin..end).contains(&Instant::now()) {
                taken.push(posted.elapsed().as_secs_f64());
            }
        }
        Ok((taken, jobs))
    }

    /// Posts a job and waits until it is on chain. A transaction that the overloaded validator does not
    /// accept is sent again.
    async fn post(&self, client: &Client) -> Result<()> {
        let start = Instant::now();
        loop {
            let sent = self.send_post(client).await;
            if let Ok(job) = &sent {
                let there = |cache: &millrace_client::cache::accounts::AccountCache| {
                    cache.jobs().contains_key(job)
                };
                if self.wait_for_cache(there, RESEND_INTERVAL).await {
                    return Ok(());
                }
            }
            ensure!(
                start.elapsed() < WAIT_TIMEOUT,
                "a job did not land: {sent:?}"
            );
            client.next.fetch_sub(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Sends the transaction of a client's next job without waiting, and returns the job's address.
    async fn send_post(&self, client: &Client) -> Result<millrace_client::Pubkey> {
        let owner = client.wallet.pubkey();
        let nonce = client.next.fetch_add(1, Ordering::Relaxed);
        let args = PostJobArgs {
            nonce,
            ..self.args.clone()
        };
        let transaction = Transaction::new_signed_with_payer(
            &[post_job(owner, self.mints, args)],
            Some(&owner),
            &[&client.wallet],
            *self.blockhash.borrow(),
        );
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            ..RpcSendTransactionConfig::default()
        };
        let client = self.rpc.client();
        client
            .send_transaction_with_config(&transaction, config)
            .await?;
        Ok(pda::job(&owner, nonce))
    }

    /// Waits until the cache meets a condition; false after `timeout`.
    async fn wait_for_cache(
        &self,
        condition: impl Fn(&millrace_client::cache::accounts::AccountCache) -> bool,
        timeout: Duration,
    ) -> bool {
        let mut changes = self.feed.changes();
        let start = Instant::now();
        while start.elapsed() < timeout {
            if condition(&*self.feed.cache().read().await) {
                return true;
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
        }
        false
    }
}

/// The latest blockhash, read once a second until `stop`.
async fn watch_blockhash(rpc: &Rpc, stop: &CancellationToken) -> Result<watch::Receiver<Hash>> {
    let (hashes, blockhash) = watch::channel(rpc.client().get_latest_blockhash().await?);
    let (rpc, stop) = (rpc.clone(), stop.clone());
    let keep = async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Ok(hash) = rpc.client().get_latest_blockhash().await {
                hashes.send_replace(hash);
            }
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(keep).await });
    Ok(blockhash)
}

/// Funds each wallet and opens its client account.
async fn fund(net: &Net, wallets: &[Keypair]) -> Result<()> {
    let deployer = &net.local.keys.deployer.keypair;
    let (sender, mints) = (net.local.sender(), net.local.mints);
    let each = wallets.iter().map(|wallet| {
        let (sender, key) = (sender.clone(), wallet.pubkey());
        async move {
            let fund = [transfer_lamports(&deployer.pubkey(), &key, LAMPORTS)];
            sender.send("fund a client", &fund, &[deployer]).await?;
            mint_tokens(&sender, deployer, &mints.payment, &key, TOKENS).await?;
            let open = [open_client(key, mints)];
            sender.send("open a client", &open, &[wallet]).await?;
            Ok::<_, anyhow::Error>(())
        }
    });
    try_join_all(each).await?;
    Ok(())
}

/// Uploads the shared blobs by posting one job, and returns the arguments of every job.
async fn upload(net: &Net, terms: &Terms) -> Result<PostJobArgs> {
    let files = JobFiles::from_wat("tiny", terms)?;
    let (connection, api) = (net.local.connection().await?, net.api()?);
    let wallet = net.wallet();
    let resolved = submit::load(&files.path(), &api).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    submit::post(&prepared, &api, &net.local.sender(), wallet).await?;
    Ok(prepared.args)
}
