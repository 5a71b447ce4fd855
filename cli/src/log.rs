//! The log, on standard error.

use crate::config::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

pub struct LogOptions {
    /// A level, or a filter in the syntax of `RUST_LOG`.
    pub filter: Option<String>,
    pub format: LogFormat,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Long-running commands log at level info by default, others at level warn.
    pub long_running: bool,
}

/// Starts the log. The filter of the settings overrides `RUST_LOG`, which overrides `-v`.
pub fn start(options: &LogOptions) {
    let (filter, complaint) = filter(options);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let result = match options.format {
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .try_init(),
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    if let Err(error) = result {
        eprintln!("warning: cannot start the log: {error}");
    }
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
}

/// The filter, and what is wrong with the requested one.
fn filter(options: &LogOptions) -> (EnvFilter, Option<String>) {
    let level = match options.verbose {
        0 if !options.long_running => "warn",
        0 | 1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let Some(requested) = &options.filter else {
        let from_environment = EnvFilter::try_from_default_env();
        return (
            from_environment.unwrap_or_else(|_| millrace_at(level)),
            None,
        );
    };
    if LEVELS.contains(&requested.as_str()) {
        return (millrace_at(requested), None);
    }
    match EnvFilter::try_new(requested) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let complaint = format!("invalid log filter {requested:?}: {error}");
            (millrace_at(level), Some(complaint))
        }
    }
}

/// Millrace's own crates at `level`; Solana's client and the embedded validator only from warnings on.
fn millrace_at(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,surfpool_core=error,millrace={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(filter: Option<&str>) -> LogOptions {
        LogOptions {
            filter: filter.map(str::to_owned),
            format: LogFormat::Text,
            verbose: 0,
            long_running: true,
        }
    }

    #[test]
    fn level_applies_to_millrace_only_and_filter_is_used_as_it_is() {
        let level = filter(&options(Some("debug"))).0.to_string();
        assert!(level.contains("millrace=debug"), "{level}");
        let custom = filter(&options(Some("millrace_client=trace"))).0;
        assert_eq!(custom.to_string(), "millrace_client=trace");
        assert!(filter(&options(Some("millrace=loud"))).1.is_some());
    }
}
