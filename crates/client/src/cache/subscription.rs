//! Keeps the account cache current: subscriptions for speed, full reads for correctness.
//!
//! If every notification is lost, changes arrive late by the interval between two full reads; none is
//! missed.

use crate::cache::accounts::AccountCache;
use crate::error::{BoxError, ChainError};
use crate::pda::PROGRAM;
use crate::rpc::client::{ChainTime, Rpc};
use crate::rpc::redact::redact_text;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::StreamExt;
use parking_lot::Mutex;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::RpcProgramAccountsConfig;
use solana_sdk::pubkey::Pubkey;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, RwLock, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// Pauses between two connection attempts, before jitter, which adds up to the same again.
const MIN_BACKOFF: Duration = Duration::from_millis(150);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A subscription that is silent for this long is replaced.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often, and how many times, an endpoint that lags is asked for accounts that were just changed.
const REFRESH_INTERVAL: Duration = Duration::from_millis(100);
const MAX_REFRESHES: u32 = 10;
const CLOCK_INTERVAL: Duration = Duration::from_millis(500);
/// Most accounts of one read.
const MAX_ACCOUNTS: usize = 100;

/// Keeps a cache of the program's accounts and the cluster's clock current. Cheap to clone; clones share
/// all state.
#[derive(Clone)]
pub struct Feed {
    rpc: Rpc,
    cache: Arc<RwLock<AccountCache>>,
    changes: watch::Sender<u64>,
    clock: watch::Sender<Option<Clock>>,
    /// When all accounts were last read.
    full_read: watch::Sender<Option<Instant>>,
    full_read_requested: Arc<Notify>,
    stale: Arc<StaleNotifications>,
}

/// Accounts whose last notification was older than their cached state.
#[derive(Default)]
struct StaleNotifications {
    keys: Mutex<BTreeSet<Pubkey>>,
    added: Notify,
}

impl StaleNotifications {
    fn add(&self, key: Pubkey) {
        self.keys.lock().insert(key);
        self.added.notify_one();
    }

    /// Waits for at least one account, and takes all.
    async fn next(&self) -> Vec<Pubkey> {
        loop {
            let keys = std::mem::take(&mut *self.keys.lock());
            if !keys.is_empty() {
                return keys.into_iter().collect();
            }
            self.added.notified().await;
        }
    }
}

#[derive(Clone, Copy)]
struct Clock {
    time: ChainTime,
    read_at: Instant,
}

impl Feed {
    /// A feed with an empty cache. [`Feed::run`] keeps it current.
    pub fn new(rpc: Rpc) -> Self {
        Self {
            rpc,
            cache: Arc::default(),
            changes: watch::Sender::new(0),
            clock: watch::Sender::new(None),
            full_read: watch::Sender::new(None),
            full_read_requested: Arc::default(),
            stale: Arc::default(),
        }
    }

    /// The cache.
    pub fn cache(&self) -> &RwLock<AccountCache> {
        &self.cache
    }

    /// A counter that rises with every change of the cache or the clock.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The cluster's time now, unix seconds: the last clock read plus at most two seconds that have
    /// passed since. `None` before the first read.
    pub fn now(&self) -> Option<i64> {
        let clock = (*self.clock.borrow())?;
        // Not more, because the clock of a stalled cluster does not advance.
        let passed = clock.read_at.elapsed().as_secs().min(2);
        Some(clock.time.unix.saturating_add_unsigned(passed))
    }

    /// Time since the clock was last read; `None` before the first read.
    pub fn clock_age(&self) -> Option<Duration> {
        (*self.clock.borrow()).map(|clock| clock.read_at.elapsed())
    }

    /// Time since the last full read; `None` before the first one.
    pub fn full_read_age(&self) -> Option<Duration> {
        (*self.full_read.borrow()).map(|read_at| read_at.elapsed())
    }

    /// Notifies of every full read.
    pub fn full_reads(&self) -> watch::Receiver<Option<Instant>> {
        self.full_read.subscribe()
    }

    /// The slot of the last clock read; 0 before the first one.
    pub fn slot(&self) -> u64 {
        self.clock.borrow().map_or(0, |clock| clock.time.slot)
    }

    /// Requests a full read soon, for changes that send no notification, such as a closed account.
    pub fn request_full_read(&self) {
        self.full_read_requested.notify_one();
    }

    /// Keeps cache and clock current until `stop`. All accounts are read every `interval` and after each
    /// (re)connection.
    pub async fn run(&self, interval: Duration, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.run_full_reads(interval) => {}
            () = self.run_subscription() => {}
            () = self.refetch_stale() => {}
            () = self.run_clock() => {}
        }
    }

    async fn run_full_reads(&self, interval: Duration) {
        loop {
            self.read_all().await;
            tokio::select! {
                () = sleep(interval) => {}
                () = self.full_read_requested.notified() => {}
            }
        }
    }

    /// Reads all accounts once. An error is logged and left to the next full read.
    pub async fn read_all(&self) {
        match self.rpc.snapshot_all().await {
            Ok(snapshot) => {
                self.cache.write().await.replace(&snapshot);
                self.full_read.send_replace(Some(Instant::now()));
                self.notify_changed();
            }
            Err(error) => warn!(%error, "failed to read all accounts"),
        }
    }

    /// Reads accounts at once, after a transaction that changed them.
    ///
    /// # Errors
    /// Errors of the endpoint.
    pub async fn refresh(&self, keys: &[Pubkey]) -> Result<(), ChainError> {
        self.read_accounts(keys).await.map(drop)
    }

    /// Reads accounts as of `slot` or later, so that a transaction that landed in that slot is not
    /// planned a second time. An endpoint that lags is asked again for about a second; after that, its
    /// older state is accepted.
    ///
    /// # Errors
    /// Errors of the endpoint.
    pub async fn refresh_after(&self, keys: &[Pubkey], slot: u64) -> Result<(), ChainError> {
        for _ in 0..MAX_REFRESHES {
            if self.read_accounts(keys).await? >= slot {
                break;
            }
            sleep(REFRESH_INTERVAL).await;
        }
        Ok(())
    }

    /// Returns the oldest slot at which any of the accounts was read.
    async fn read_accounts(&self, keys: &[Pubkey]) -> Result<u64, ChainError> {
        let mut oldest = u64::MAX;
        for some in keys.chunks(MAX_ACCOUNTS) {
            let snapshot = self.rpc.snapshot_owned(some).await?;
            oldest = oldest.min(snapshot.slot);
            let mut cache = self.cache.write().await;
            for (address, data) in &snapshot.accounts {
                cache.update(snapshot.slot, *address, data);
            }
        }
        self.notify_changed();
        Ok(oldest)
    }

    async fn run_clock(&self) {
        loop {
            match self.rpc.time().await {
                Ok(time) => {
                    let clock = Clock {
                        time,
                        read_at: Instant::now(),
                    };
                    self.clock.send_modify(|known| {
                        // An endpoint that lags must not turn back the time.
                        if known.is_none_or(|known| known.time.slot <= time.slot) {
                            *known = Some(clock);
                        }
                    });
                    self.notify_changed();
                }
                Err(error) => debug!(%error, "failed to read the cluster's clock"),
            }
            sleep(CLOCK_INTERVAL).await;
        }
    }

    async fn run_subscription(&self) {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(MIN_BACKOFF)
            .with_max_delay(MAX_BACKOFF)
            .with_jitter()
            .without_max_times();
        let mut delays = backoff.build();
        for attempt in 0.. {
            let start = Instant::now();
            match self.subscribe(attempt).await {
                Ok(()) => info!("subscription ended; reconnecting"),
                Err(error) => {
                    let error = redact_text(&error.to_string());
                    debug!(error, "failed to subscribe; reconnecting");
                }
            }
            if start.elapsed() > SILENCE_TIMEOUT {
                delays = backoff.build();
            }
            sleep(delays.next().unwrap_or(MAX_BACKOFF)).await;
        }
    }

    /// Applies notifications until the subscription ends or is silent for [`SILENCE_TIMEOUT`].
    async fn subscribe(&self, attempt: usize) -> Result<(), BoxError> {
        let client = PubsubClient::new(self.rpc.ws_url(attempt)).await?;
        let config = RpcProgramAccountsConfig {
            account_config: Rpc::account_config(),
            ..RpcProgramAccountsConfig::default()
        };
        let (mut stream, _unsubscribe) = client.program_subscribe(&PROGRAM, Some(config)).await?;
        // Finds what changed before the subscription was active.
        self.request_full_read();
        while let Ok(Some(note)) = timeout(SILENCE_TIMEOUT, stream.next()).await {
            let (Ok(address), Some(data)) =
                (note.value.pubkey.parse(), note.value.account.data.decode())
            else {
                continue;
            };
            let mut cache = self.cache.write().await;
            let applied = cache.update(note.context.slot, address, &data);
            drop(cache);
            if applied {
                self.notify_changed();
            } else {
                // Some nodes report an old slot: not proof of a change, but a reason to read the account.
                self.stale.add(address);
            }
        }
        Ok(())
    }

    /// Reads accounts whose notifications were stale. Those that arrive during a read are read together.
    async fn refetch_stale(&self) {
        loop {
            let keys = self.stale.next().await;
            if let Err(error) = self.refresh(&keys).await {
                debug!(%error, "failed to read accounts; leaving them to the next full read");
            }
        }
    }

    fn notify_changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
