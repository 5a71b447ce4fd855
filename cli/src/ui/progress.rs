//! A long wait with its reason: a spinner on a terminal, a line for each change elsewhere.

use crate::ui::output;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How often the spinner turns.
const TICK_INTERVAL: Duration = Duration::from_millis(100);

/// Says what is being waited for.
pub struct Progress {
    bar: Option<ProgressBar>,
    last: String,
    quiet: bool,
}

impl Progress {
    /// On standard error, so that standard output stays data.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK_INTERVAL);
            bar
        });
        Self {
            bar,
            last: String::new(),
            quiet: false,
        }
    }

    /// Says nothing: for tests and for commands that show data alone.
    pub fn silent() -> Self {
        Self {
            bar: None,
            last: String::new(),
            quiet: true,
        }
    }

    /// What is being waited for now.
    pub fn update(&mut self, what: &str) {
        if what == self.last || self.quiet {
            return;
        }
        self.last = what.to_owned();
        match &self.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => output::notice(&format!("  {what}")),
        }
    }

    /// The wait is over.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.quiet = true;
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
