//! Everything at once: a bad network, and an orchestrator that is killed in the middle of every job.
//! `make chaos` plays it longer; `MILLRACE_SEED` plays a run again.

use anyhow::{Context, Result, bail};
use millrace_tests::jobs::{JobFiles, Terms};
use millrace_tests::net::{Net, PATIENCE};
use millrace_tests::proxy::{Faults, Proxy};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::process::Child;
use std::time::{Duration, Instant};

/// The orchestrator as a process of its own, which can be killed as a machine would kill it.
struct Victim<'a> {
    net: &'a Net,
    proxy: &'a Proxy,
    data: tempfile::TempDir,
    child: Child,
}

impl<'a> Victim<'a> {
    async fn start(net: &'a Net, proxy: &'a Proxy) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let child = Self::spawn(net, proxy, data.path())?;
        let mut victim = Self {
            net,
            proxy,
            data,
            child,
        };
        victim.listens().await?;
        Ok(victim)
    }

    fn spawn(net: &Net, proxy: &Proxy, data: &std::path::Path) -> Result<Child> {
        let address = net.local.orchestrator_url.trim_start_matches("http://");
        let mut command = net.command()?;
        command
            .args(["--url", &proxy.rpc_url, "--ws-url", &proxy.ws_url])
            .args(["orchestrator", "run", "--listen", address, "--reread", "2"])
            .args(["--close-after", "3600", "--data"])
            .arg(data);
        Ok(command.spawn()?)
    }

    /// Kills it and starts it again.
    async fn die(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = Self::spawn(self.net, self.proxy, self.data.path())?;
        self.listens().await
    }

    /// Waits until it answers. One that the bad network kept from starting is started again.
    async fn listens(&mut self) -> Result<()> {
        let (url, start) = (&self.net.local.orchestrator_url, Instant::now());
        while start.elapsed() < PATIENCE {
            if reqwest::get(format!("{url}/v1/health")).await.is_ok() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                self.child = Self::spawn(self.net, self.proxy, self.data.path())?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the orchestrator does not answer at {url}")
    }
}

impl Drop for Victim<'_> {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn from_environment(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Err(_) => Ok(otherwise),
        Ok(said) => said
            .parse()
            .with_context(|| format!("{name} is {said:?}: give a number")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_once_however_often_the_orchestrator_is_killed_on_a_bad_network() -> Result<()> {
    let (seed, jobs) = (
        from_environment("MILLRACE_SEED", 7)?,
        from_environment("MILLRACE_JOBS", 5)?,
    );
    println!("MILLRACE_SEED={seed} MILLRACE_JOBS={jobs}");
    let faults = Faults {
        lost: 30,
        repeated: 10,
        late: 20,
        cut: 2,
        limited: 2,
        failing: 3,
        unanswered: 5,
        stale: 10,
        ..Faults::default()
    };
    let mut dice = StdRng::seed_from_u64(seed);
    let mut net = Net::start(|_| {}).await?;
    let proxy = Proxy::start(&net.local.rpc_url, &net.local.ws_url, faults, seed).await?;
    net.local.stop_orchestrator().await?;
    let mut victim = Victim::start(&net, &proxy).await?;
    net.local.wait_for_agents().await?;

    let mut posted = Vec::new();
    for number in 0..jobs {
        let lines = (0..3).map(|part| format!("{part} of {number}")).collect();
        let terms = Terms {
            lines,
            ..Terms::default()
        };
        posted.push(net.post(&JobFiles::of_wat("tiny", &terms)?).await?);
        let moment = Duration::from_millis(dice.random_range(0..1_500));
        tokio::time::sleep(moment).await;
        victim.die().await?;
    }
    let (mut paid, mut settled) = (0, 0);
    for job in &posted {
        let view = net.wait_over(job).await?;
        assert_eq!(view.settled + view.failed, 3, "{view:#?}");
        paid += view.paid;
        settled += view.settled;
    }
    let mut earned = 0;
    for provider in 0..3 {
        let books = net.provider(provider).await?;
        assert_eq!((books.wrong, books.open_seats), (0, 0), "{books:?}");
        earned += books.earned;
    }
    assert_eq!(earned, paid, "what was paid was paid once");
    let (vault, held) = net.escrow().await?;
    assert_eq!(vault, held);
    // A shard fails only where nobody could be heard in time, and a kill is short.
    assert_eq!(u64::from(settled), 3 * jobs);
    drop(victim);
    net.stop().await;
    Ok(())
}
