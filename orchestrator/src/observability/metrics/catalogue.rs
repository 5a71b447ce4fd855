//! Registers metrics and lists them. A test compares the list with the manual's table.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// Names and values of a sample's labels.
pub(crate) type Labels = Vec<(&'static str, String)>;
/// A value that goes up and down.
pub(super) type Value = Gauge<f64, AtomicU64>;
/// Values that differ by labels.
pub(super) type Values = Family<Labels, Value>;
/// Counters that differ by labels.
pub(super) type Counts = Family<Labels, Counter>;
/// Histograms that differ by labels.
pub(super) type Histograms = Family<Labels, Histogram, Buckets>;

/// Prefix of every name.
const PREFIX: &str = "millrace";

/// Upper bounds of a histogram's buckets, seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets(pub &'static [f64]);

/// From a tenth of a millisecond to a second: work on this machine.
pub(super) const SHORT: Buckets = Buckets(&[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
]);
/// From half a millisecond to ten seconds, with fine steps in the expected range of dispatches.
pub(super) const DISPATCH: Buckets = Buckets(&[
    0.000_5, 0.001, 0.001_5, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03,
    0.05, 0.1, 0.25, 1.0, 10.0,
]);
/// From a millisecond to ten seconds: network calls.
pub(super) const MIDDLE: Buckets = Buckets(&[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
]);
/// From a tenth of a second to the life of a blockhash: waits for the cluster.
pub(super) const LONG: Buckets = Buckets(&[
    0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 90.0,
]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// A metric as the manual lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: &'static str,
    /// gauge, counter or histogram.
    pub kind: &'static str,
    pub labels: &'static [&'static str],
    /// Description.
    pub help: &'static str,
}

#[derive(Debug)]
pub(super) struct Catalogue {
    /// What is encoded.
    pub registry: Registry,
    /// What is listed, in this order.
    pub entries: Vec<Entry>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            registry: Registry::with_prefix(PREFIX),
            entries: Vec::new(),
        }
    }
}

impl Catalogue {
    fn enter(
        &mut self,
        kind: &'static str,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> &'static str {
        self.entries.push(Entry {
            name,
            kind,
            labels,
            help,
        });
        // The encoder puts the suffix of counters behind the name by itself.
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        let name = name.trim_start_matches('_');
        match kind {
            "counter" => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        }
    }

    pub(super) fn value(&mut self, name: &'static str, help: &'static str) -> Value {
        let (short, value) = (self.enter("gauge", name, &[], help), Value::default());
        self.registry.register(short, help, value.clone());
        value
    }

    /// Gauges by labels.
    pub(super) fn values(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Values {
        let (short, values) = (self.enter("gauge", name, labels, help), Values::default());
        self.registry.register(short, help, values.clone());
        values
    }

    pub(super) fn count(&mut self, name: &'static str, help: &'static str) -> Counter {
        let (short, count) = (self.enter("counter", name, &[], help), Counter::default());
        self.registry.register(short, help, count.clone());
        count
    }

    /// Counters by labels.
    pub(super) fn counts(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Counts {
        let (short, counts) = (self.enter("counter", name, labels, help), Counts::default());
        self.registry.register(short, help, counts.clone());
        counts
    }

    /// A histogram of seconds.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        buckets: Buckets,
        help: &'static str,
    ) -> Histogram {
        let short = self.enter("histogram", name, &[], help);
        let histogram = buckets.new_metric();
        self.registry.register(short, help, histogram.clone());
        histogram
    }

    /// Histograms of seconds by labels.
    pub(super) fn seconds_by(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        buckets: Buckets,
        help: &'static str,
    ) -> Histograms {
        let short = self.enter("histogram", name, labels, help);
        let histograms = Histograms::new_with_constructor(buckets);
        self.registry.register(short, help, histograms.clone());
        histograms
    }
}
