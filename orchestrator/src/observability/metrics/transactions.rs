//! Counts what becomes of transactions.

use super::{Metrics, labels};
use millrace_client::tx::observer::{Event, Observer};

/// All outcomes.
pub const OUTCOMES: [&str; 5] = ["landed", "failed", "expired", "lost", "refused"];

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
    fn saw(&self, event: &Event<'_>) {
        match event {
            Event::Refused(_) => self.ended("refused"),
            Event::Sent { anew, .. } => {
                self.0.in_flight.inc();
                if *anew {
                    self.0.resigns.inc();
                }
            }
            Event::Resent { .. } => {
                self.0.resends.inc();
            }
            Event::Landed { after, .. } => {
                self.0.confirm.observe(after.as_secs_f64());
                self.ended("landed");
            }
            Event::Failed { .. } => self.ended("failed"),
            Event::Expired { .. } => self.ended("expired"),
            Event::Lost { .. } => self.ended("lost"),
        }
    }
}
