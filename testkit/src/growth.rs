//! Whether something grows: samples over time, and the line through their second half.

use std::fmt;

/// One thing that is measured again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is.
    pub name: &'static str,
    /// What it may grow by over the second half.
    pub bound: f64,
    samples: Vec<f64>,
}

/// Several, sampled together at equal intervals.
#[derive(Clone, Debug)]
pub struct Table(Vec<Series>);

impl Series {
    /// By how much the line of least squares through the second half rises from its begin to its end.
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

impl Table {
    /// Names, and what each may grow by.
    pub fn new<const N: usize>(watched: [(&'static str, f64); N]) -> Self {
        let series = |(name, bound)| Series {
            name,
            bound,
            samples: Vec::new(),
        };
        Self(watched.into_iter().map(series).collect())
    }

    /// Adds a sample of each.
    pub fn add(&mut self, sample: Vec<f64>) {
        for (series, value) in self.0.iter_mut().zip(sample) {
            series.samples.push(value);
        }
    }

    /// Samples so far.
    pub fn len(&self) -> usize {
        self.0.first().map_or(0, |series| series.samples.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest sample.
    pub fn last_line(&self) -> String {
        let last = |series: &Series| {
            let value = series.samples.last().copied().unwrap_or(0.0);
            format!("{} {value:.1}", series.name)
        };
        self.0.iter().map(last).collect::<Vec<_>>().join(", ")
    }

    /// Those that grow by more than they may.
    pub fn grown(&self) -> Vec<&Series> {
        let grows = |series: &&Series| series.growth() > series.bound;
        self.0.iter().filter(grows).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "", "first", "middle", "last", "most", "growth", "may grow"
        )?;
        for series in &self.0 {
            let all = &series.samples;
            let at = |index: usize| all.get(index).copied().unwrap_or(0.0);
            let most = all.iter().copied().fold(0.0, f64::max);
            writeln!(
                f,
                "{:<18}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
                series.name,
                at(0),
                at(all.len() / 2),
                at(all.len().saturating_sub(1)),
                most,
                series.growth(),
                series.bound
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: impl IntoIterator<Item = u32>) -> Table {
        let mut table = Table::new([("it", 5.0)]);
        for sample in samples {
            table.add(vec![f64::from(sample)]);
        }
        table
    }

    #[test]
    fn what_rises_in_the_second_half_grows_and_what_swings_or_settles_does_not() {
        assert!(of([]).grown().is_empty() && of([7]).grown().is_empty());
        assert!(of((0..100).map(|n| n % 7)).grown().is_empty());
        // It filled up in the first half.
        assert!(of((0..100).map(|n| n.min(50))).grown().is_empty());
        let steady = of(0..100);
        assert_eq!(steady.grown().len(), 1);
        assert!((steady.0[0].growth() - 49.0).abs() < 1e-9);
    }
}
