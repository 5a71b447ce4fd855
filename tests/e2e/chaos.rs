//! A bad network, and an orchestrator and agents that are killed at random while several jobs run.
//! `make chaos` runs it longer; `MILLRACE_SEED` repeats the same choices.

use anyhow::{Result, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use millrace_cli::api::{JobPhase, JobView};
use millrace_cli::localnet::options::ProviderOptions;
use millrace_client::Pubkey;
use millrace_testkit::env_number;
use millrace_testkit::faulty_rpc::{Faults, FaultyRpc};
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::Net;
use millrace_testkit::process::{MillraceProcess, OrchestratorProcess};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a job may take that waits for others, restarts and windows.
const WAIT_TIMEOUT: Duration = Duration::from_secs(600);
/// One agent more than a shard has seats, so work continues without one.
const AGENTS: usize = 4;
const SHARDS: usize = 2;

struct Killer {
    orchestrator: OrchestratorProcess,
    agents: Vec<MillraceProcess>,
    rng: StdRng,
    kills: [u32; 2],
}

impl Killer {
    async fn take_over(net: &mut Net, proxy: &FaultyRpc, seed: u64) -> Result<Self> {
        let way = (proxy.rpc_url.as_str(), proxy.ws_url.as_str());
        // Jobs are closed at once. If closing waited longer, kills would rarely let it happen.
        let orchestrator = OrchestratorProcess::take_over(net, way, 0).await?;
        let agents = (0..AGENTS).map(|index| MillraceProcess::agent(net, index));
        Ok(Self {
            orchestrator,
            agents: agents.collect::<Result<_>>()?,
            rng: StdRng::seed_from_u64(seed),
            kills: [0, 0],
        })
    }

    /// Returns only if a process ended by itself that should not have.
    async fn kill_at_random(&mut self, longest_pause: Duration) -> Result<()> {
        loop {
            let pause = self.rng.random_range(Duration::ZERO..longest_pause);
            let again = Instant::now() + pause;
            while Instant::now() < again {
                self.restart_ended()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // The orchestrator is killed as often as all agents together.
            match self.rng.random_range(0..2 * AGENTS) {
                index if index < AGENTS => {
                    self.agents[index].restart()?;
                    self.kills[1] += 1;
                }
                _ => {
                    self.orchestrator.process.restart()?;
                    self.kills[0] += 1;
                }
            }
        }
    }

    /// Restarts an orchestrator that the bad network kept from starting, as a supervisor does. Agents
    /// must not end by themselves.
    fn restart_ended(&mut self) -> Result<()> {
        if self.orchestrator.process.exit_status()?.is_some() {
            self.orchestrator.process.restart()?;
        }
        for agent in &mut self.agents {
            if let Some(status) = agent.exit_status()? {
                bail!("an agent ended by itself: {status}");
            }
        }
        Ok(())
    }
}

/// Posts a job and waits until it is closed on chain. Jobs are posted one after the other because two
/// must not use the same nonce.
async fn one_job(net: &Net, number: u64, posting: &Mutex<()>) -> Result<JobView> {
    let lines = (0..SHARDS)
        .map(|part| format!("{part} of {number}"))
        .collect();
    let terms = Terms {
        lines,
        commit: 60,
        reveal: 60,
        ..Terms::default()
    };
    let files = JobFiles::from_wat("tiny", &terms)?;
    let start = Instant::now();
    let job = {
        let _turn = posting.lock().await;
        loop {
            match net.post(&files).await {
                Ok(job) => break job,
                Err(error) => ensure!(start.elapsed() < WAIT_TIMEOUT, "job {number}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let view = closed(net, &job).await?;
    let spent = view.paid + view.fee + view.refunded;
    ensure!(view.deposited == spent, "job {number}: {view:#?}");
    let shards = view.settled + view.failed;
    ensure!(shards as usize == SHARDS, "job {number}: {view:#?}");
    println!(
        "job {number}: {} settled, {:?}",
        view.settled,
        start.elapsed()
    );
    Ok(view)
}

async fn closed(net: &Net, job: &Pubkey) -> Result<JobView> {
    let (api, start, mut last) = (net.api()?, Instant::now(), None);
    while start.elapsed() < WAIT_TIMEOUT {
        last = api.job(job).await.ok().flatten().or(last);
        match last {
            Some(view) if view.state == JobPhase::Closed => return Ok(view),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    bail!("a job is not closed: {last:#?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_once_despite_random_kills_on_a_bad_network() -> Result<()> {
    let seed = env_number("MILLRACE_SEED", 7)?;
    let jobs = env_number("MILLRACE_JOBS", 6)?;
    let at_once = env_number("MILLRACE_AT_ONCE", 6)?;
    let pause = env_number("MILLRACE_PAUSE_MS", 3_000)?;
    println!(
        "MILLRACE_SEED={seed} MILLRACE_JOBS={jobs} MILLRACE_AT_ONCE={at_once} MILLRACE_PAUSE_MS={pause}"
    );
    let faults = Faults {
        lost: 30,
        repeated: 10,
        late: 20,
        cut: 2,
        rate_limited: 2,
        failing: 3,
        unanswered: 5,
        stale: 10,
        ..Faults::default()
    };
    let mut net = Net::start(|options| {
        options.providers = vec![
            ProviderOptions {
                started: false,
                capacity: 4,
                ..ProviderOptions::default()
            };
            AGENTS
        ];
    })
    .await?;
    let proxy = FaultyRpc::start(&net.local.rpc_url, &net.local.ws_url, faults, seed).await?;
    let mut killer = Killer::take_over(&mut net, &proxy, seed).await?;
    let (tokens, start, posting) = (net.client_tokens().await?, Instant::now(), Mutex::default());

    let all = stream::iter(0..jobs).map(|number| one_job(&net, number, &posting));
    let all = all.buffer_unordered(usize::try_from(at_once)?);
    let views: Vec<JobView> = tokio::select! {
        views = all.try_collect() => views?,
        ended = killer.kill_at_random(Duration::from_millis(pause)) => return ended,
    };
    let sum = |part: fn(&JobView) -> u64| views.iter().map(part).sum::<u64>();
    let paid = sum(|view| view.paid);
    let settled = sum(|view| view.settled.into());
    println!(
        "{jobs} jobs in {:?}: {settled} of {} shards settled, {:?} kills of orchestrator and agents, {:?}",
        start.elapsed(),
        jobs * SHARDS as u64,
        killer.kills,
        proxy.counts()
    );

    let (mut earned, mut late) = (0, 0);
    for index in 0..AGENTS {
        let account = net.provider(index).await?;
        assert_eq!(
            (account.disagreed, account.open_seats, account.locked),
            (0, 0, 0),
            "{account:?}"
        );
        earned += account.earned;
        late += account.late;
    }
    println!("{late} seats were late");
    assert_eq!(earned, paid, "what was paid was paid once");
    let (vault, held) = net.escrow().await?;
    assert_eq!((vault, held), (0, 0));
    let (fee, back) = (sum(|view| view.fee), sum(|view| view.compensated));
    assert_eq!(net.client_tokens().await? + paid + fee, tokens + back);
    // A shard fails only if too few seats reveal in time, and kills are short.
    assert!(
        settled * 10 >= jobs * SHARDS as u64 * 9,
        "{settled} settled"
    );
    drop(killer);
    net.stop().await;
    Ok(())
}
