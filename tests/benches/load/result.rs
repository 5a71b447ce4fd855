use crate::metrics::Metrics;
use std::time::Duration;

/// The work of the clients within a span of time.
pub(crate) struct LoadResult {
    /// Seconds from posting to payment, of the jobs paid within the span.
    pub latency: Vec<f64>,
    /// All jobs posted before, within and after the span.
    pub posted: usize,
    pub span: Duration,
    /// Metrics and processor times at the beginning and the end of the span.
    pub samples: [Sample; 2],
}

/// Metrics and processor times at one time.
#[derive(Clone, Default)]
pub(crate) struct Sample {
    pub metrics: Metrics,
    /// Processor time of the orchestrator.
    pub orchestrator: Duration,
    /// Processor time of this process: clients, agents, and the embedded validator.
    pub here: Duration,
    /// Processor time of a validator process.
    pub validator: Option<Duration>,
}

impl LoadResult {
    /// Paid jobs per second.
    pub(crate) fn rate(&self) -> f64 {
        self.latency.len() as f64 / self.span.as_secs_f64()
    }

    /// The growth of a metric within the span.
    pub(crate) fn grown(&self, sample: &str) -> f64 {
        let [first, last] = &self.samples;
        last.metrics.since(&first.metrics, sample)
    }

    /// A percentile of a histogram of seconds within the span, milliseconds.
    pub(crate) fn ms(&self, histogram: &str, percent: f64) -> Option<f64> {
        let [first, last] = &self.samples;
        let seconds = last.metrics.quantile(&first.metrics, histogram, percent)?;
        Some(seconds * 1e3)
    }

    /// Cores used by all processes.
    pub(crate) fn cores(&self) -> f64 {
        let [first, last] = &self.samples;
        let all = |sample: &Sample| {
            sample.orchestrator + sample.here + sample.validator.unwrap_or_default()
        };
        share(all(first), all(last), self.span)
    }

    /// Cores used by each process, as text.
    pub(crate) fn processors(&self) -> String {
        let [first, last] = &self.samples;
        let orchestrator = share(first.orchestrator, last.orchestrator, self.span);
        let here = share(first.here, last.here, self.span);
        match (first.validator, last.validator) {
            (Some(from), Some(to)) => {
                let validator = share(from, to, self.span);
                format!(
                    "cores: validator {validator:.2}, orchestrator {orchestrator:.2}, agents and clients {here:.2}"
                )
            }
            _ => format!(
                "cores: orchestrator {orchestrator:.2}, validator with agents and clients {here:.2}"
            ),
        }
    }
}

impl Sample {
    /// Cores used by the orchestrator since an earlier sample.
    pub(crate) fn orchestrator_since(&self, earlier: &Self, span: Duration) -> f64 {
        share(earlier.orchestrator, self.orchestrator, span)
    }
}

/// Cores used, from the processor times at the beginning and the end of a span.
fn share(from: Duration, to: Duration, span: Duration) -> f64 {
    to.saturating_sub(from).as_secs_f64() / span.as_secs_f64()
}
