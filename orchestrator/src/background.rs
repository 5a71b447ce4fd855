//! Tasks that run beside the planning loop until the orchestrator ends.

use crate::events::Events;
use crate::submissions::gc::JobGc;
use millrace_client::cache::finalized::FinalizedCache;
use millrace_client::cache::subscription::Feed;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::payer::Payer;
use millrace_client::tx::sender::Sender;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Time between two reads of the payer's balance.
const BALANCE_INTERVAL: Duration = Duration::from_secs(5);

/// Follows the chain and maintains the caches and the store.
pub(crate) struct Background {
    pub rpc: Rpc,
    pub feed: Feed,
    pub finalized: FinalizedCache,
    pub sender: Sender,
    pub payer: Payer,
    pub events: Events,
    pub job_gc: JobGc,
    /// Time between two full reads of the chain, and between two reads of its history.
    pub read_interval: Duration,
}

impl Background {
    pub(crate) async fn run(self, end: CancellationToken) {
        // In a task of its own: full reads take long, and the others must not wait for them.
        let following = tokio::spawn({
            let (feed, interval, end) = (self.feed.clone(), self.read_interval, end.clone());
            async move { feed.run(interval, end).await }
        });
        tokio::join!(
            self.finalized.run(end.clone()),
            self.sender.track_finality(end.clone()),
            self.events.run(self.read_interval, end.clone()),
            self.job_gc.run(&self.feed, end.clone()),
            end.run_until_cancelled(self.read_balance()),
        );
        // The runtime has logged a panic of the task.
        let _ = following.await;
    }

    async fn read_balance(&self) {
        loop {
            if let Err(error) = self.payer.read(&self.rpc).await {
                debug!(%error, "failed to read the payer's balance");
            }
            tokio::time::sleep(BALANCE_INTERVAL).await;
        }
    }
}
