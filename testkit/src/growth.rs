//! Detects growth: samples over time and the least-squares line through their second half.

use std::fmt;

/// Samples of one quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub name: &'static str,
    /// Largest allowed growth over the second half.
    pub max_growth: f64,
    samples: Vec<f64>,
}

/// Several series, sampled together at equal intervals.
#[derive(Clone, Debug)]
pub struct GrowthTable(Vec<Series>);

impl Series {
    /// How much the least-squares line through the second half rises from its first to its last sample.
    pub fn growth(&self) -> f64 {
        let half = &self.samples[self.samples.len() / 2..];
        let n = half.len() as f64;
        if half.len() < 2 {
            return 0.0;
        }
        let (mean_x, mean_y) = ((n - 1.0) / 2.0, half.iter().sum::<f64>() / n);
        let (mut xy, mut xx) = (0.0, 0.0);
        for (x, y) in half.iter().enumerate() {
            let x = x as f64 - mean_x;
            xy += x * (y - mean_y);
            xx += x * x;
        }
        xy / xx * (n - 1.0)
    }
}

impl GrowthTable {
    /// Series by name, each with its largest allowed growth.
    pub fn new<const N: usize>(watched: [(&'static str, f64); N]) -> Self {
        let series = |(name, max_growth)| Series {
            name,
            max_growth,
            samples: Vec::new(),
        };
        Self(watched.into_iter().map(series).collect())
    }

    /// Adds one sample to each series, in their order.
    pub fn add(&mut self, sample: Vec<f64>) {
        for (series, value) in self.0.iter_mut().zip(sample) {
            series.samples.push(value);
        }
    }

    /// The number of samples of each series.
    pub fn len(&self) -> usize {
        self.0.first().map_or(0, |series| series.samples.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest samples with their names.
    pub fn last_line(&self) -> String {
        let last = |series: &Series| {
            let value = series.samples.last().copied().unwrap_or(0.0);
            format!("{} {value:.1}", series.name)
        };
        self.0.iter().map(last).collect::<Vec<_>>().join(", ")
    }

    /// Series that grow more than allowed.
    pub fn exceeding(&self) -> Vec<&Series> {
        let grows = |series: &&Series| series.growth() > series.max_growth;
        self.0.iter().filter(grows).collect()
    }
}

impl fmt::Display for GrowthTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "", "first", "middle", "last", "max", "growth", "allowed"
        )?;
        for series in &self.0 {
            let all = &series.samples;
            let at = |index: usize| all.get(index).copied().unwrap_or(0.0);
            let max = all.iter().copied().fold(0.0, f64::max);
            writeln!(
                f,
                "{:<18}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
                series.name,
                at(0),
                at(all.len() / 2),
                at(all.len().saturating_sub(1)),
                max,
                series.growth(),
                series.max_growth
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(samples: impl IntoIterator<Item = u32>) -> GrowthTable {
        let mut table = GrowthTable::new([("it", 5.0)]);
        for sample in samples {
            table.add(vec![f64::from(sample)]);
        }
        table
    }

    #[test]
    fn only_a_rise_in_the_second_half_counts_as_growth() {
        assert!(table([]).exceeding().is_empty() && table([7]).exceeding().is_empty());
        assert!(table((0..100).map(|n| n % 7)).exceeding().is_empty());
        // All of the growth is in the first half.
        assert!(table((0..100).map(|n| n.min(50))).exceeding().is_empty());
        let steady = table(0..100);
        assert_eq!(steady.exceeding().len(), 1);
        assert!((steady.0[0].growth() - 49.0).abs() < 1e-9);
    }
}
