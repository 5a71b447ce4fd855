//! What changes on chain: subscriptions for speed, full reads for truth.
//!
//! The cache is shared; whoever waits is woken by a counter. Losing every notification costs the
//! interval between two full reads, never a change.

use crate::cache::accounts::AccountCache;
use crate::error::ChainError;
use crate::pda::PROGRAM;
use crate::rpc::client::{ChainTime, Rpc};
use crate::rpc::redact::redact_text;
use futures_util::StreamExt;
use rand::Rng;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::RpcProgramAccountsConfig;
use solana_sdk::pubkey::Pubkey;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{RwLock, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(15);
/// A subscription that is silent this long is taken down and made anew.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often, and how many times, an endpoint that lags is asked for what was just changed.
const REFRESH_INTERVAL: Duration = Duration::from_millis(100);
const MAX_REFRESHES: u32 = 10;
/// How often the cluster's clock is read.
const CLOCK_INTERVAL: Duration = Duration::from_millis(500);

/// A live cache of the chain.
#[derive(Clone)]
pub struct Feed {
    rpc: Rpc,
    cache: Arc<RwLock<AccountCache>>,
    changes: watch::Sender<u64>,
    clock: watch::Sender<Option<Clock>>,
    /// When everything was last read.
    full_read: watch::Sender<Option<Instant>>,
    full_read_requested: Arc<tokio::sync::Notify>,
    stale: Arc<StaleNotifications>,
}

/// Accounts of which a notification told something older than what is known.
#[derive(Default)]
struct StaleNotifications {
    keys: Mutex<BTreeSet<Pubkey>>,
    more: tokio::sync::Notify,
}

impl StaleNotifications {
    /// A poisoned lock still holds whole keys.
    fn keys(&self) -> MutexGuard<'_, BTreeSet<Pubkey>> {
        self.keys.lock().unwrap_or_else(|held| held.into_inner())
    }

    fn add(&self, key: Pubkey) {
        self.keys().insert(key);
        self.more.notify_one();
    }

    async fn next(&self) -> Vec<Pubkey> {
        loop {
            let keys = std::mem::take(&mut *self.keys());
            if !keys.is_empty() {
                return keys.into_iter().collect();
            }
            self.more.notified().await;
        }
    }
}

#[derive(Clone, Copy)]
struct Clock {
    time: ChainTime,
    read: Instant,
}

impl Feed {
    /// A feed of the program's accounts; [`Feed::run`] makes it live.
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

    /// A counter that rises with every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The cluster's unix time now: the last clock read, and what has passed since. `None` before the
    /// first read.
    pub fn now(&self) -> Option<i64> {
        let clock = (*self.clock.borrow())?;
        // At most two seconds are added: a stalled cluster's clock stands still.
        let passed = clock.read.elapsed().as_secs().min(2);
        Some(clock.time.unix.saturating_add_unsigned(passed))
    }

    /// Whether the clock was read within `span`.
    pub fn is_fresh(&self, span: Duration) -> bool {
        self.clock
            .borrow()
            .is_some_and(|clock| clock.read.elapsed() < span)
    }

    /// Time since the clock was last read; `None` before the first time.
    pub fn clock_age(&self) -> Option<Duration> {
        (*self.clock.borrow()).map(|clock| clock.read.elapsed())
    }

    /// Time since everything was last read; `None` before the first time.
    pub fn full_read_age(&self) -> Option<Duration> {
        (*self.full_read.borrow()).map(|read| read.elapsed())
    }

    /// Changes with every full read.
    pub fn full_reads(&self) -> watch::Receiver<Option<Instant>> {
        self.full_read.subscribe()
    }

    /// The slot of the last clock read.
    pub fn slot(&self) -> u64 {
        self.clock.borrow().map_or(0, |clock| clock.time.slot)
    }

    /// Asks for a full read soon, after an act whose result does not notify (a closed account).
    pub fn request_full_read(&self) {
        self.full_read_requested.notify_one();
    }

    /// Keeps the cache live until `stop`: full reads every `interval` and at each (re)connection.
    pub async fn run(&self, interval: Duration, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_reading(interval) => {}
            () = self.keep_subscribed() => {}
            () = self.refetch_stale() => {}
            () = self.keep_time() => {}
        }
    }

    async fn keep_reading(&self, interval: Duration) {
        loop {
            self.read_all().await;
            tokio::select! {
                () = sleep(interval) => {}
                () = self.full_read_requested.notified() => {}
            }
        }
    }

    /// Reads everything once; a failure is left to the next read.
    pub async fn read_all(&self) {
        match self.rpc.snapshot_all().await {
            Ok(reading) => {
                self.cache.write().await.replace(&reading);
                self.full_read.send_replace(Some(Instant::now()));
                self.changed();
            }
            Err(error) => warn!(%error, "full read failed"),
        }
    }

    /// Reads chosen accounts at once, after an act that changed them.
    pub async fn refresh(&self, keys: &[Pubkey]) -> Result<(), ChainError> {
        self.read_chosen(keys).await.map(drop)
    }

    /// As [`Feed::refresh`], as they are after `slot`: an endpoint that is not there yet is asked again
    /// for some moments, so that an act that landed is not planned once more.
    pub async fn refresh_after(&self, keys: &[Pubkey], slot: u64) -> Result<(), ChainError> {
        for _ in 0..MAX_REFRESHES {
            if self.read_chosen(keys).await? >= slot {
                break;
            }
            sleep(REFRESH_INTERVAL).await;
        }
        Ok(())
    }

    /// Returns the oldest slot that was read at.
    async fn read_chosen(&self, keys: &[Pubkey]) -> Result<u64, ChainError> {
        let mut oldest = u64::MAX;
        for some in keys.chunks(100) {
            let reading = self.rpc.snapshot_owned(some).await?;
            oldest = oldest.min(reading.slot);
            let mut cache = self.cache.write().await;
            for (address, data) in &reading.accounts {
                cache.update(reading.slot, *address, data);
            }
        }
        self.changed();
        Ok(oldest)
    }

    async fn keep_time(&self) {
        loop {
            match self.rpc.time().await {
                Ok(time) => {
                    let clock = Clock {
                        time,
                        read: Instant::now(),
                    };
                    self.clock.send_modify(|known| {
                        // A lagging endpoint must not turn time back.
                        if known.is_none_or(|known| known.time.slot <= time.slot) {
                            *known = Some(clock);
                        }
                    });
                    self.changed();
                }
                Err(error) => debug!(%error, "reading the clock failed"),
            }
            sleep(CLOCK_INTERVAL).await;
        }
    }

    async fn keep_subscribed(&self) {
        let mut backoff = MIN_BACKOFF;
        for attempt in 0.. {
            let start = Instant::now();
            match self.subscribe(attempt).await {
                Ok(()) => info!("subscription ended, connecting again"),
                Err(error) => {
                    let error = redact_text(&error.to_string());
                    debug!(error, "subscription failed, connecting again");
                }
            }
            if start.elapsed() > SILENCE_TIMEOUT {
                backoff = MIN_BACKOFF;
            }
            let jitter = rand::rng().random_range(0.5..1.5);
            sleep(backoff.mul_f64(jitter)).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    }

    async fn subscribe(
        &self,
        attempt: usize,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let client = PubsubClient::new(self.rpc.ws_url(attempt)).await?;
        let config = RpcProgramAccountsConfig {
            account_config: Rpc::account_config(),
            ..RpcProgramAccountsConfig::default()
        };
        let (mut stream, _unsubscribe) = client.program_subscribe(&PROGRAM, Some(config)).await?;
        // What changed before the subscription stood is in this read.
        self.request_full_read();
        while let Ok(Some(note)) = timeout(SILENCE_TIMEOUT, stream.next()).await {
            let (Ok(address), Some(data)) =
                (note.value.pubkey.parse(), note.value.account.data.decode())
            else {
                continue;
            };
            let mut cache = self.cache.write().await;
            let taken = cache.update(note.context.slot, address, &data);
            drop(cache);
            match taken {
                true => self.changed(),
                // A hint that something has changed, if not a fact: some nodes tell of an old slot.
                false => self.stale.add(address),
            }
        }
        Ok(())
    }

    /// Reads what notifications were too old to tell. Those that come meanwhile are read together.
    async fn refetch_stale(&self) {
        loop {
            let keys = self.stale.next().await;
            if let Err(error) = self.refresh(&keys).await {
                debug!(%error, "accounts could not be read; the next full read will");
            }
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
