//! Samples of an orchestrator's `/metrics`, and their growth.

use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// Values by sample name with labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    pub(crate) async fn fetch(url: &str) -> Result<Self> {
        let text = reqwest::get(url).await?.text().await?;
        Self::read(&text)
    }

    fn read(text: &str) -> Result<Self> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| -> Result<(String, f64)> {
            let (name, value) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
            Ok((name.to_owned(), value.parse()?))
        };
        Ok(Self(samples.map(sample).collect::<Result<_>>()?))
    }

    /// A sample's value, or 0 if it does not exist.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        self.0.get(sample).copied().unwrap_or(0.0)
    }

    pub(crate) fn since(&self, earlier: &Self, sample: &str) -> f64 {
        self.value(sample) - earlier.value(sample)
    }

    /// A percentile of what a histogram observed since an earlier scrape, interpolated within a bucket
    /// as Prometheus does; `None` without observations.
    pub(crate) fn quantile(&self, earlier: &Self, histogram: &str, percent: f64) -> Option<f64> {
        let begin = format!("{histogram}_bucket{{le=\"");
        let bound = |sample: &str| -> Option<f64> {
            let bound = sample.strip_prefix(&begin)?.strip_suffix("\"}")?;
            match bound {
                "+Inf" => Some(f64::INFINITY),
                bound => bound.parse().ok(),
            }
        };
        let mut buckets: Vec<(f64, f64)> = self
            .0
            .keys()
            .filter_map(|sample| Some((bound(sample)?, self.since(earlier, sample))))
            .collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = buckets.last().map(|(_, count)| *count)?;
        if all == 0.0 {
            return None;
        }
        let wanted = all * percent / 100.0;
        let (mut from, mut below) = (0.0, 0.0);
        for (to, count) in buckets {
            if count >= wanted {
                let part = (wanted - below) / (count - below).max(f64::MIN_POSITIVE);
                // The last bucket has no upper bound.
                return Some(if to.is_finite() {
                    from + (to - from) * part
                } else {
                    from
                });
            }
            (from, below) = (to, count);
        }
        None
    }
}
