//! Counts what becomes of transactions.

use super::{Metrics, labels};
use millrace_client::tx::observer::{Observer, TxEvent};

/// All outcomes.
pub(super) const OUTCOMES: [&str; 5] = ["landed", "failed", "expired", "lost", "refused"];

impl Metrics {
    fn ended(&self, outcome: &str) {
        let label = labels([("outcome", outcome)]);
        self.0.transactions.get_or_create(&label).inc();
        if outcome != "refused" {
            self.0.in_flight.dec();
        }
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &TxEvent<'_>) {
        match event {
            TxEvent::Refused(_) => self.ended("refused"),
            TxEvent::Sent { replacement, .. } => {
                self.0.in_flight.inc();
                if *replacement {
                    self.0.resigns.inc();
                }
            }
            TxEvent::Resent { .. } => {
                self.0.resends.inc();
            }
            TxEvent::Landed { after, .. } => {
                self.0.confirm.observe(after.as_secs_f64());
                self.ended("landed");
            }
            TxEvent::Failed { .. } => self.ended("failed"),
            TxEvent::Expired { .. } => self.ended("expired"),
            TxEvent::Lost { .. } => self.ended("lost"),
        }
    }
}
