//! Measured figures, their table and their file.

use anyhow::{Context, Result};
use millrace_cli::ui::output::table;
use millrace_testkit::jobs::repository;
use std::fmt::Write as _;

struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// What to compare the figure with.
    remark: String,
}

/// Figures in the order of their measurement.
#[derive(Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    pub(crate) fn note(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.note_with(name, value, unit, String::new());
    }

    /// Notes a figure with a remark.
    pub(crate) fn note_with(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        remark: impl Into<String>,
    ) {
        let (name, remark) = (name.into(), remark.into());
        eprintln!("{name}: {} {unit} {remark}", number(value));
        self.0.push(Figure {
            name,
            value,
            unit,
            remark,
        });
    }

    /// Prints the table and writes the file.
    pub(crate) fn finish(self) -> Result<()> {
        let rows = self.0.iter().map(|figure| {
            [
                figure.name.clone(),
                number(figure.value),
                figure.unit.to_owned(),
                figure.remark.clone(),
            ]
        });
        println!("{}", table(["figure", "value", "unit", ""], &[1], rows));
        let mut lines = String::new();
        for figure in &self.0 {
            let line = serde_json::json!({
                "name": figure.name,
                "value": figure.value,
                "unit": figure.unit,
            });
            writeln!(lines, "{line}")?;
        }
        let path = repository().join("target/bench.jsonl");
        std::fs::write(&path, lines).with_context(|| path.display().to_string())?;
        println!("written to {}", path.display());
        Ok(())
    }
}

/// Formats whole numbers unchanged and others with three digits.
fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// A percentile by the nearest rank.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}
