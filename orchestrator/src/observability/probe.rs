//! Polls what normal operation does not show: whether each endpoint answers, the payer's balance, whether the
//! store accepts writes, and whether the vaults hold what the accounts record.

use crate::observability::health::{Runway, Spending};
use crate::observability::metrics::{EndpointState, Metrics};
use crate::observability::solvency::{self, VaultBalance, VaultGroups};
use crate::store::Store;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_client::rpc::client::Rpc;
use millrace_client::rpc::redact::redact_url;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// An endpoint that takes longer counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(5);
/// Minimum time between two solvency checks.
const SOLVENCY_CHECK_PAUSE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, Default)]
pub(crate) struct ProbeReport {
    pub endpoints: Vec<EndpointState>,
    /// Lamports of the payer, and how long they last.
    pub payer: Option<(u64, Runway)>,
    /// The chain's clock less this machine's, seconds.
    pub clock_skew: Option<i64>,
    /// Why the last write to the store failed.
    pub store_failure: Option<String>,
    pub vault_balances: Vec<VaultBalance>,
    pub solvency_checked_at: Option<Instant>,
    spending: Spending,
}

#[derive(Clone)]
pub(crate) struct Probe {
    rpc: Rpc,
    endpoints: Arc<[(String, Rpc)]>,
    payer: Pubkey,
    feed: Feed,
    store: Arc<Store>,
    metrics: Metrics,
    started: Instant,
    report: Arc<Mutex<ProbeReport>>,
}

impl Probe {
    pub(crate) fn new(
        rpc: Rpc,
        payer: Pubkey,
        feed: Feed,
        store: Arc<Store>,
        metrics: Metrics,
    ) -> Self {
        let endpoints = rpc.url().split(',').map(str::trim).enumerate();
        let endpoint = |(at, url): (usize, &str)| {
            let name = format!("{}:{}", at + 1, host_of(url));
            (name, Rpc::new(url, rpc.ws_url(at)))
        };
        Self {
            endpoints: endpoints.map(endpoint).collect(),
            rpc,
            payer,
            feed,
            store,
            metrics,
            started: Instant::now(),
            report: Arc::default(),
        }
    }

    /// The last report.
    pub(crate) fn report(&self) -> ProbeReport {
        self.report.lock().clone()
    }

    /// Polls every `interval` until `end`.
    pub(crate) async fn run(&self, interval: Duration, end: CancellationToken) {
        let looking = async {
            loop {
                tokio::time::sleep(interval).await;
                self.poll().await;
            }
        };
        tokio::select! {
            () = end.cancelled() => {}
            () = looking => {}
            () = self.keep_comparing() => {}
        }
    }

    pub(crate) async fn poll(&self) {
        let states = self.endpoints.iter().map(|(name, rpc)| state_of(name, rpc));
        let (endpoints, lamports) = tokio::join!(
            futures_util::future::join_all(states),
            self.rpc.lamports(&self.payer)
        );
        let store_failure = self.write().await;
        let clock_skew = self.feed.now().map(|chain| chain - unix_now());
        let mut report = self.report.lock();
        report.endpoints = endpoints;
        report.store_failure = store_failure;
        report.clock_skew = clock_skew;
        match lamports {
            Ok(lamports) => {
                report.spending.saw(lamports);
                report.spending.landed = self.metrics.landed();
                report.spending.time = self.started.elapsed();
                report.payer = Some((lamports, report.spending.runway(lamports)));
            }
            Err(error) => debug!(%error, "the key's lamports could not be read"),
        }
    }

    async fn write(&self) -> Option<String> {
        let since = Instant::now();
        let failure = self
            .store
            .probe()
            .await
            .err()
            .map(|error| error.to_string());
        self.metrics.store_written(since);
        if let Some(reason) = &failure {
            warn!(reason, "the store takes no writes");
        }
        failure
    }

    async fn keep_comparing(&self) {
        let mut reads = self.feed.full_reads();
        // A read that finished before this poll counts too.
        reads.mark_changed();
        while reads.changed().await.is_ok() {
            let groups = VaultGroups::of(&*self.feed.cache().read().await);
            match solvency::compare(&self.rpc, groups).await {
                Ok(balances) => {
                    let mut report = self.report.lock();
                    report.vault_balances = balances;
                    report.solvency_checked_at = Some(Instant::now());
                }
                Err(error) => debug!(%error, "the vaults could not be read"),
            }
            tokio::time::sleep(SOLVENCY_CHECK_PAUSE).await;
        }
    }
}

async fn state_of(name: &str, rpc: &Rpc) -> EndpointState {
    let asked = tokio::time::timeout(PATIENCE, rpc.client().get_slot()).await;
    let slot = match asked {
        Ok(Ok(slot)) => Ok(slot),
        Ok(Err(error)) => Err(rpc.error("its slot")(error).to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    EndpointState {
        name: name.to_owned(),
        slot,
    }
}

/// Host and port of a URL. The rest may be secret.
fn host_of(url: &str) -> String {
    let shown = redact_url(url);
    let rest = shown
        .split_once("://")
        .map_or(shown.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.to_owned()
}

/// This machine's clock, unix seconds.
fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_endpoint_only_its_host_is_shown() {
        assert_eq!(
            host_of("https://u:p@rpc.host:99/v2/token?api-key=x"),
            "rpc.host:99"
        );
        assert_eq!(host_of("http://127.0.0.1:8899"), "127.0.0.1:8899");
    }
}
