//! What becomes of transactions, told to whoever counts it: a seam for metrics. Observers look on; what
//! they do with it changes nothing.

use crate::error::ChainError;
use solana_sdk::signature::Signature;
use std::time::{Duration, Instant};

/// A step in the life of a transaction. After [`TxEvent::Sent`] follows one of [`TxEvent::Landed`],
/// [`TxEvent::Failed`], [`TxEvent::Expired`] and [`TxEvent::Lost`].
#[derive(Debug)]
pub enum TxEvent<'a> {
    /// Nothing was sent: the simulation refused it, or no endpoint answered.
    Refused(&'a ChainError),
    /// Signed, written down and sent for the first time.
    Sent {
        /// Its signature.
        signature: Signature,
        /// It takes the place of one that expired.
        anew: bool,
    },
    /// The same bytes were sent once more.
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
    /// It can't land any more.
    Expired {
        /// Its signature.
        signature: Signature,
    },
    /// Nobody asks for it any more, though its fate is not known: the endpoint's fault, or the end of
    /// this process. The journal still has it.
    Lost {
        /// Its signature.
        signature: Signature,
    },
}

/// Somebody who counts.
pub trait Observer: Send + Sync {
    /// Hears of a step. Called on the sender's way, so it must not block.
    fn on_event(&self, event: &TxEvent<'_>);
}

/// Nobody.
impl Observer for () {
    fn on_event(&self, _: &TxEvent<'_>) {}
}

/// A transaction that was sent. Dropped before its fate is known, it is told as lost.
pub(crate) struct TrackedTx<'a> {
    observer: &'a dyn Observer,
    signature: Signature,
    since: Instant,
    known: bool,
}

impl<'a> TrackedTx<'a> {
    /// Tells that it was sent.
    pub(crate) fn sent(observer: &'a dyn Observer, signature: Signature, anew: bool) -> Self {
        observer.on_event(&TxEvent::Sent { signature, anew });
        Self {
            observer,
            signature,
            since: Instant::now(),
            known: false,
        }
    }

    /// Tells that it was confirmed.
    pub(crate) fn landed(&mut self) {
        let (signature, after) = (self.signature, self.since.elapsed());
        self.ended(&TxEvent::Landed { signature, after });
    }

    /// Tells how it ended.
    pub(crate) fn ended(&mut self, event: &TxEvent<'_>) {
        self.known = true;
        self.observer.on_event(event);
    }
}

impl Drop for TrackedTx<'_> {
    fn drop(&mut self) {
        if !self.known {
            let signature = self.signature;
            self.observer.on_event(&TxEvent::Lost { signature });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Names(Mutex<Vec<&'static str>>);

    impl Observer for Names {
        fn on_event(&self, event: &TxEvent<'_>) {
            let name = match event {
                TxEvent::Sent { anew: true, .. } => "sent anew",
                TxEvent::Sent { .. } => "sent",
                TxEvent::Landed { .. } => "landed",
                TxEvent::Lost { .. } => "lost",
                _ => "other",
            };
            self.0.lock().expect("no test panics here").push(name);
        }
    }

    #[test]
    fn what_was_sent_has_one_end_and_is_lost_where_nobody_learned_it() {
        let names = Names::default();
        let signature = Signature::default();
        TrackedTx::sent(&names, signature, false).landed();
        drop(TrackedTx::sent(&names, signature, true));
        let told = names.0.lock().expect("no test panics here");
        assert_eq!(*told, ["sent", "landed", "sent anew", "lost"]);
    }
}
