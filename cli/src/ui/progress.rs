//! Progress of long waits: a spinner on a terminal, otherwise one line per change.

use crate::ui::output;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

const TICK_INTERVAL: Duration = Duration::from_millis(100);

pub struct Progress {
    bar: Option<ProgressBar>,
    last: String,
    quiet: bool,
}

impl Progress {
    /// Prints to standard error, so that standard output has only data.
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

    /// Prints nothing.
    pub fn silent() -> Self {
        Self {
            bar: None,
            last: String::new(),
            quiet: true,
        }
    }

    /// Shows what the command is waiting for, if it changed.
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
