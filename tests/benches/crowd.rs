//! A network with an orchestrator of its own process and a crowd of clients, each with its wallet, who
//! post jobs of one kind.

use crate::exposition::Shown;
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

/// Agents of a crowd at work.
pub const AGENTS: usize = 8;
/// Shards that each agent runs at the same time.
const CAPACITY: u32 = 16;
/// Lamports of a client: rent for some forty open jobs, and fees.
const LAMPORTS: u64 = 250_000_000;
const TOKENS: u64 = 1_000_000_000;
/// Seconds for which a paid job stays on chain, so that its client sees it.
const CLOSE_AFTER: u64 = 5;
/// A transaction that is not seen after so long is sent again.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// What a crowd is made of.
pub struct Setting {
    /// The validator.
    pub kind: ValidatorKind,
    /// Clients.
    pub clients: usize,
    /// Providers, and whether their agents run.
    pub providers: (usize, bool),
    /// What every job asks for.
    pub terms: Terms,
}

/// A job of `shards` shards with `seats` seats each, of which more than half have to agree.
pub fn terms(shards: usize, seats: u8) -> Terms {
    Terms {
        lines: (0..shards).map(|n| format!("line {n}")).collect(),
        replicas: seats,
        quorum: seats / 2 + 1,
        max_replicas: seats,
        ..Terms::default()
    }
}

/// The crowd.
pub struct Crowd {
    /// The network.
    pub net: Net,
    /// Its orchestrator.
    pub orchestrator: OrchestratorProcess,
    /// What its clients share.
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
    /// What each client signs, but for the nonce.
    args: PostJobArgs,
}

struct Client {
    wallet: Keypair,
    next: AtomicU64,
}

/// What a crowd has done within a span of time.
pub struct Worked {
    /// Seconds from posting to payment of the jobs that were paid within it.
    pub latency: Vec<f64>,
    /// Jobs that were posted in all, before it and after it too.
    pub posted: usize,
    /// Its length.
    pub span: Duration,
    /// The orchestrator's metrics and processor times at its begin and at its end.
    pub looks: [Look; 2],
}

/// A look at the processes.
#[derive(Clone, Default)]
pub struct Look {
    /// The orchestrator's metrics.
    pub shown: Shown,
    /// Processor time of the orchestrator.
    orchestrator: Duration,
    /// Of this process: clients and agents, and the validator where it is the embedded one.
    here: Duration,
    /// Of the validator where it is a process of its own.
    validator: Option<Duration>,
}

impl Worked {
    /// Jobs a second.
    pub fn rate(&self) -> f64 {
        self.latency.len() as f64 / self.span.as_secs_f64()
    }

    /// What a sample of the metrics has grown by within the span.
    pub fn grown(&self, sample: &str) -> f64 {
        let [first, last] = &self.looks;
        last.shown.since(&first.shown, sample)
    }

    /// Milliseconds below which `percent` of what a histogram of seconds took in within the span lie.
    pub fn ms(&self, histogram: &str, percent: f64) -> Option<f64> {
        let [first, last] = &self.looks;
        let seconds = last.shown.quantile(&first.shown, histogram, percent)?;
        Some(seconds * 1e3)
    }

    /// Cores that all processes took together.
    pub fn cores(&self) -> f64 {
        let [first, last] = &self.looks;
        let all = |look: &Look| look.orchestrator + look.here + look.validator.unwrap_or_default();
        share(all(first), all(last), self.span)
    }

    /// How much of a core each process took, in words.
    pub fn processors(&self) -> String {
        let [first, last] = &self.looks;
        let orchestrator = share(first.orchestrator, last.orchestrator, self.span);
        let here = share(first.here, last.here, self.span);
        match (first.validator, last.validator) {
            (Some(from), Some(to)) => {
                let validator = share(from, to, self.span);
                format!(
                    "cores: validator {validator:.2}, orchestrator {orchestrator:.2}, agents and clients {here:.2}"
                )
            }
            _ => format!(
                "cores: orchestrator {orchestrator:.2}, validator with agents and clients {here:.2}"
            ),
        }
    }
}

impl Look {
    /// How much of a core the orchestrator took since an earlier look.
    pub fn orchestrator_since(&self, earlier: &Self, span: Duration) -> f64 {
        share(earlier.orchestrator, self.orchestrator, span)
    }
}

/// Which share of a core a process took, by its processor time at the begin and at the end of a span.
fn share(from: Duration, to: Duration, span: Duration) -> f64 {
    to.saturating_sub(from).as_secs_f64() / span.as_secs_f64()
}

impl Crowd {
    /// Starts a network with an orchestrator of its own process, funds the clients, and has one job run to
    /// its end, so that all that is made once is there.
    pub async fn gather(setting: Setting) -> Result<Self> {
        let (providers, started) = setting.providers;
        let mut net = Net::start_on(setting.kind, |options| {
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

        let wallets: Vec<Keypair> = (0..setting.clients).map(|_| Keypair::new()).collect();
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
            blockhash: keep_blockhash(&rpc, &stop).await?,
            args: upload(&net, &setting.terms).await?,
            mints: net.local.mints,
            rpc,
            feed,
        };
        let crowd = Self {
            net,
            orchestrator,
            shared: Arc::new(shared),
            clients,
            watching,
            _stop: stop.drop_guard(),
        };
        if started {
            crowd.wait_until_closed().await?;
        }
        Ok(crowd)
    }

    /// The first so many clients post one job after the other, each as soon as the last is paid. What is paid
    /// within `span`, after `warm_up`, is counted.
    pub async fn work(&self, clients: usize, warm_up: Duration, span: Duration) -> Result<Worked> {
        let begin = Instant::now() + warm_up;
        let end = begin + span;
        let each = self.clients.iter().take(clients).map(|client| {
            let (shared, client) = (self.shared.clone(), client.clone());
            tokio::spawn(async move { shared.keep_posting(&client, begin, end).await })
        });
        let looks = async {
            tokio::time::sleep_until(begin.into()).await;
            let first = self.look().await?;
            tokio::time::sleep_until(end.into()).await;
            Ok::<_, anyhow::Error>([first, self.look().await?])
        };
        let all = async { Ok::<_, anyhow::Error>(try_join_all(each).await?) };
        let (all, looks) = tokio::try_join!(all, looks)?;
        let (mut latency, mut posted) = (Vec::new(), 0);
        for one in all {
            let (taken, jobs) = one?;
            latency.extend(taken);
            posted += jobs;
        }
        ensure!(!latency.is_empty(), "no job was paid within {span:?}");
        Ok(Worked {
            latency,
            posted,
            span,
            looks,
        })
    }

    /// Every client posts so many jobs, each once the last is on chain.
    pub async fn post_all(&self, jobs: usize) -> Result<()> {
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

    /// A look at the processes.
    pub async fn look(&self) -> Result<Look> {
        let validator = self.net.validator_process();
        Ok(Look {
            orchestrator: cpu_time(self.orchestrator.process.id())?,
            here: cpu_time(std::process::id())?,
            validator: validator.map(cpu_time).transpose()?,
            shown: Shown::at(&self.orchestrator.route("/metrics")).await?,
        })
    }

    /// Lamports of the orchestrator's key, and of all clients together.
    pub async fn lamports(&self) -> Result<(u64, u64)> {
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

    /// Waits until no job is on chain, and no act under way.
    pub async fn wait_until_closed(&self) -> Result<()> {
        let closed = || async {
            if !self.shared.feed.cache().read().await.jobs().is_empty() {
                return Ok(false);
            }
            let shown = self.look().await?.shown;
            Ok(shown.value("millrace_acts{state=\"running\"}") == 0.0
                && shown.value("millrace_jobs{state=\"finished\"}") == 0.0)
        };
        self.net.wait_until("closing all jobs", closed).await
    }

    /// Ends all of it.
    pub async fn disperse(self) -> Result<()> {
        drop(self._stop);
        self.watching.await?;
        drop(self.orchestrator);
        self.net.stop().await;
        Ok(())
    }
}

impl Shared {
    /// Posts one job after the other until `end`; the seconds that each took of those that were paid from
    /// `begin` on, and how many there were in all.
    async fn keep_posting(
        &self,
        client: &Client,
        begin: Instant,
        end: Instant,
    ) -> Result<(Vec<f64>, usize)> {
        let (mut taken, mut jobs) = (Vec::new(), 0);
        while Instant::now() < end {
            let posted = Instant::now();
            let job = self.post_unseen(client).await?;
            let paid = |cache: &millrace_client::cache::accounts::AccountCache| {
                let job = cache.jobs().get(&job);
                job.is_some_and(|job| job.settled == job.shards)
            };
            let within = self.sees(paid, WAIT_TIMEOUT).await;
            ensure!(within, "job {job} was not paid within {WAIT_TIMEOUT:?}");
            jobs += 1;
            if (begin..end).contains(&Instant::now()) {
                taken.push(posted.elapsed().as_secs_f64());
            }
        }
        Ok((taken, jobs))
    }

    /// Posts a job, and waits until it is on chain. What the validator does not take is sent again: ten
    /// thousand of them are much for it.
    async fn post(&self, client: &Client) -> Result<()> {
        let began = Instant::now();
        loop {
            let sent = self.post_unseen(client).await;
            if let Ok(job) = &sent {
                let there = |cache: &millrace_client::cache::accounts::AccountCache| {
                    cache.jobs().contains_key(job)
                };
                if self.sees(there, LOST_AFTER).await {
                    return Ok(());
                }
            }
            ensure!(
                began.elapsed() < WAIT_TIMEOUT,
                "a job did not come on chain: {sent:?}"
            );
            client.next.fetch_sub(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Sends the transaction of a client's next job; where it will be.
    async fn post_unseen(&self, client: &Client) -> Result<millrace_client::Pubkey> {
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

    /// Whether the cache fulfils a condition within `patience`.
    async fn sees(
        &self,
        condition: impl Fn(&millrace_client::cache::accounts::AccountCache) -> bool,
        patience: Duration,
    ) -> bool {
        let mut changes = self.feed.changes();
        let began = Instant::now();
        while began.elapsed() < patience {
            if condition(&*self.feed.cache().read().await) {
                return true;
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
        }
        false
    }
}

/// The cluster's last blockhash, read once a second until `stop`.
async fn keep_blockhash(rpc: &Rpc, stop: &CancellationToken) -> Result<watch::Receiver<Hash>> {
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

/// Gives each wallet what it needs, and its books on chain.
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
            sender
                .send("open a client's books", &open, &[wallet])
                .await?;
            Ok::<_, anyhow::Error>(())
        }
    });
    try_join_all(each).await?;
    Ok(())
}

/// Uploads what all jobs share by posting one of them, and returns what clients sign but for the nonce.
async fn upload(net: &Net, terms: &Terms) -> Result<PostJobArgs> {
    let files = JobFiles::from_wat("tiny", terms)?;
    let (connection, api) = (net.local.connection().await?, net.api()?);
    let wallet = net.wallet();
    let resolved = submit::load(&files.path(), &api).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    submit::post(&prepared, &api, &net.local.sender(), wallet).await?;
    Ok(prepared.args)
}
