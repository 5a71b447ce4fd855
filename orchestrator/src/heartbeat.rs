//! When the last plan was made, for health checks.

use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Set by the planning loop, read by health checks. Clones share their time.
#[derive(Clone)]
pub(crate) struct Heartbeat(Arc<Mutex<Instant>>);

impl Heartbeat {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub(crate) fn beat(&self) {
        *self.0.lock() = Instant::now();
    }

    /// Time since the last beat.
    pub(crate) fn age(&self) -> Duration {
        self.0.lock().elapsed()
    }
}
