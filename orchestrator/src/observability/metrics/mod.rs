//! Prometheus metrics. Each orchestrator has its own registry, because tests run several in one process.
//!
//! Counters and histograms are updated by the code that they measure; gauges are set at each scrape
//! ([`Metrics::show`]) and by the probe.

mod catalogue;
mod dispatch;
mod failures;
mod gauges;
mod http;
mod journal;
mod transactions;

#[cfg(test)]
mod tests;

pub(crate) use catalogue::Labels;
pub(crate) use dispatch::Dispatches;
pub(crate) use gauges::{EndpointState, GaugeSnapshot};
pub(crate) use http::count_requests;
pub(crate) use journal::TimedJournal;

use crate::error::OrchestratorError;
use catalogue::{Catalogue, Counts, DISPATCH, Histograms, LONG, MIDDLE, SHORT, Value};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How `/metrics` is written.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one orchestrator. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalogue: Catalogue,
    snapshot: gauges::Gauges,
    plan: Histogram,
    due: Value,
    failures: Counts,
    dispatch: Histogram,
    transactions: Counts,
    in_flight: Value,
    resends: Counter,
    resigns: Counter,
    confirm: Histogram,
    store_write: Histogram,
    blob_bytes: Counts,
    requests: Counts,
    request_seconds: Histograms,
}

/// Labels from names and values.
pub(crate) fn labels<const N: usize>(pairs: [(&'static str, &str); N]) -> Labels {
    let owned = |(name, value): (&'static str, &str)| (name, value.to_owned());
    pairs.into_iter().map(owned).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlobDirection {
    /// From a client or an agent to the orchestrator.
    In,
    /// From the orchestrator to a client or an agent.
    Out,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Catalogue::default();
        let build = all.values(
            "millrace_build_info",
            &["version"],
            "Version of the software; always 1",
        );
        build
            .get_or_create(&labels([("version", env!("CARGO_PKG_VERSION"))]))
            .set(1.0);
        let started = all.value("millrace_start_time_seconds", "Start time, unix seconds");
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // The health check reports a clock before 1970 as skew.
        started.set(since.map_or(0.0, |since| since.as_secs_f64()));
        let inner = Inner {
            snapshot: gauges::Gauges::new(&mut all),
            plan: all.seconds(
                "millrace_plan_seconds",
                SHORT,
                "Duration of a plan",
            ),
            due: all.value(
                "millrace_actions_due",
                "Actions of the last plan",
            ),
            failures: all.counts(
                "millrace_action_failures_total",
                &["kind", "error"],
                "Failed actions, which are retried: by kind, and by the program's error if it refused",
            ),
            dispatch: all.seconds(
                "millrace_dispatch_seconds",
                DISPATCH,
                "Time from seeing an assigned seat on chain to sending the task to its agent",
            ),
            transactions: all.counts(
                "millrace_transactions_total",
                &["outcome"],
                "Transactions by outcome; refused ones were never sent",
            ),
            in_flight: all.value(
                "millrace_transactions_in_flight",
                "Sent transactions without an outcome yet",
            ),
            resends: all.count(
                "millrace_transaction_resends_total",
                "Transactions sent again with the same bytes",
            ),
            resigns: all.count(
                "millrace_transaction_resigns_total",
                "Transactions signed again after the previous one expired",
            ),
            confirm: all.seconds(
                "millrace_confirm_seconds",
                LONG,
                "Time from the first send of a transaction to its confirmation",
            ),
            store_write: all.seconds(
                "millrace_store_write_seconds",
                SHORT,
                "Duration of a write to the store",
            ),
            blob_bytes: all.counts(
                "millrace_blob_bytes_total",
                &["direction"],
                "Bytes of blobs received and sent over HTTP",
            ),
            requests: all.counts(
                "millrace_http_requests_total",
                &["method", "route", "status"],
                "HTTP requests answered",
            ),
            request_seconds: all.seconds_by(
                "millrace_http_request_seconds",
                &["route"],
                MIDDLE,
                "Time from an HTTP request to the head of its response",
            ),
            catalogue: all,
        };
        inner.start_at_zero();
        Self(Arc::new(inner))
    }
}

impl Inner {
    /// Rates need a first value, so counters start at 0 instead of being absent.
    fn start_at_zero(&self) {
        for outcome in transactions::OUTCOMES {
            drop(
                self.transactions
                    .get_or_create(&labels([("outcome", outcome)])),
            );
        }
        for kind in failures::KINDS {
            let kind = labels([("kind", kind), ("error", "")]);
            drop(self.failures.get_or_create(&kind));
        }
        for direction in [BlobDirection::In, BlobDirection::Out] {
            drop(self.blob_bytes.get_or_create(&direction_label(direction)));
        }
    }
}

fn direction_label(direction: BlobDirection) -> Labels {
    let direction = match direction {
        BlobDirection::In => "in",
        BlobDirection::Out => "out",
    };
    labels([("direction", direction)])
}

impl Metrics {
    /// All metrics in Prometheus's text format, with the given gauges.
    pub(crate) fn show(&self, snapshot: &GaugeSnapshot) -> String {
        self.0.snapshot.set(snapshot);
        let mut shown = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut shown, &self.0.catalogue.registry);
        shown
    }

    pub(crate) fn planned(&self, took: Duration, due: usize) {
        self.0.plan.observe(took.as_secs_f64());
        self.0.due.set(due as f64);
    }

    pub(crate) fn act_failed(&self, error: &OrchestratorError) {
        let (kind, name) = failures::kind_of(error);
        let label = labels([("kind", kind), ("error", name)]);
        self.0.failures.get_or_create(&label).inc();
    }

    /// A write to the store that began at `since` has ended.
    pub(crate) fn store_written(&self, since: Instant) {
        self.0.store_write.observe(since.elapsed().as_secs_f64());
    }

    pub(crate) fn landed(&self) -> u64 {
        let label = labels([("outcome", "landed")]);
        self.0.transactions.get_or_create(&label).get()
    }

    pub(crate) fn blob_transferred(&self, direction: BlobDirection, bytes: u64) {
        self.0
            .blob_bytes
            .get_or_create(&direction_label(direction))
            .inc_by(bytes);
    }
}
