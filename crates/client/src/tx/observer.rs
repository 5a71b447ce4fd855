//! Reports the steps of each transaction, for metrics. Observers have no effect on the sender.

use crate::error::ChainError;
use solana_sdk::signature::Signature;
use std::time::{Duration, Instant};

/// A step in the life of a transaction. After [`TxEvent::Sent`] follows one of [`TxEvent::Landed`],
/// [`TxEvent::Failed`], [`TxEvent::Expired`] and [`TxEvent::Lost`].
#[derive(Debug)]
pub enum TxEvent<'a> {
    /// The transaction was not sent: its simulation failed, or no endpoint answered.
    Refused(&'a ChainError),
    /// Signed, journalled and about to be sent for the first time.
    Sent {
        /// Its signature.
        signature: Signature,
        /// It replaces one that expired or ran out of compute units.
        replacement: bool,
    },
    /// The same bytes are sent again.
    Resent {
        /// Its signature.
        signature: Signature,
    },
    /// Confirmed.
    Landed {
        /// Its signature.
        signature: Signature,
        /// From the first send to the confirmation.
        after: Duration,
    },
    /// It failed on chain.
    Failed {
        /// Its signature.
        signature: Signature,
        /// Why.
        error: &'a ChainError,
    },
    /// It can no longer land.
    Expired {
        /// Its signature.
        signature: Signature,
    },
    /// The sender stopped before the outcome was known. The journal still has the transaction.
    Lost {
        /// Its signature.
        signature: Signature,
    },
}

/// Receives the steps of transactions.
pub trait Observer: Send + Sync {
    /// Called by the sender at each step. Must not block.
    fn on_event(&self, event: &TxEvent<'_>);
}

/// Ignores all steps.
impl Observer for () {
    fn on_event(&self, _: &TxEvent<'_>) {}
}

/// A transaction in flight. Dropped before its outcome is known, it is reported as lost.
pub(crate) struct TrackedTx<'a> {
    observer: &'a dyn Observer,
    signature: Signature,
    since: Instant,
    ended: bool,
}

impl<'a> TrackedTx<'a> {
    /// Reports that the transaction is being sent.
    pub(crate) fn sent(
        observer: &'a dyn Observer,
        signature: Signature,
        replacement: bool,
    ) -> Self {
        observer.on_event(&TxEvent::Sent {
            signature,
            replacement,
        });
        Self {
            observer,
            signature,
            since: Instant::now(),
            ended: false,
        }
    }

    /// Reports that the transaction was confirmed.
    pub(crate) fn landed(&mut self) {
        let (signature, after) = (self.signature, self.since.elapsed());
        self.ended(&TxEvent::Landed { signature, after });
    }

    /// Reports how the transaction ended.
    pub(crate) fn ended(&mut self, event: &TxEvent<'_>) {
        self.ended = true;
        self.observer.on_event(event);
    }
}

impl Drop for TrackedTx<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let signature = self.signature;
            self.observer.on_event(&TxEvent::Lost { signature });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[derive(Default)]
    struct Names(Mutex<Vec<&'static str>>);

    impl Observer for Names {
        fn on_event(&self, event: &TxEvent<'_>) {
            let name = match event {
                TxEvent::Sent {
                    replacement: true, ..
                } => "replaced",
                TxEvent::Sent { .. } => "sent",
                TxEvent::Landed { .. } => "landed",
                TxEvent::Lost { .. } => "lost",
                _ => "other",
            };
            self.0.lock().push(name);
        }
    }

    #[test]
    fn a_transaction_ends_once_and_is_lost_if_dropped_before() {
        let names = Names::default();
        let signature = Signature::default();
        TrackedTx::sent(&names, signature, false).landed();
        drop(TrackedTx::sent(&names, signature, true));
        assert_eq!(*names.0.lock(), ["sent", "landed", "replaced", "lost"]);
    }
}
