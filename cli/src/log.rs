//! The log, on standard error.

use crate::config::LogFormat;
use crate::config::settings::Global;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Levels that are named by a word.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Starts the log: what --log asks for, else RUST_LOG, else what `-v` asks for; services say more by
/// themselves.
pub fn start(global: &Global, serves: bool) {
    let (filter, complaint) = filter(global, serves);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let result = match global.log_format.unwrap_or_default() {
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .try_init(),
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    if let Err(error) = result {
        eprintln!("warning: there will be no log: {error}");
    }
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
}

/// The filter, and what is wrong with the one that was asked for.
fn filter(global: &Global, serves: bool) -> (EnvFilter, Option<String>) {
    let level = match global.verbose {
        0 if !serves => "warn",
        0 | 1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let Some(asked) = &global.log else {
        let of_environment = EnvFilter::try_from_default_env();
        return (of_environment.unwrap_or_else(|_| ours_at(level)), None);
    };
    if LEVELS.contains(&asked.as_str()) {
        return (ours_at(asked), None);
    }
    match EnvFilter::try_new(asked) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let complaint = format!("the log's filter {asked:?} can't be used: {error}");
            (ours_at(level), Some(complaint))
        }
    }
}

/// Solana's client and the embedded validator speak of their own inner life: of them, warnings are enough.
fn ours_at(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,surfpool_core=error,millrace={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(log: Option<&str>, verbose: u8, serves: bool) -> String {
        let global = Global {
            log: log.map(str::to_owned),
            verbose,
            ..Global::default()
        };
        filter(&global, serves).0.to_string()
    }

    #[test]
    fn a_level_is_ours_and_a_filter_is_taken_as_it_is() {
        assert!(of(Some("debug"), 0, false).contains("millrace=debug"));
        assert_eq!(
            of(Some("millrace_client=trace"), 0, true),
            "millrace_client=trace"
        );
        let global = Global {
            log: Some("millrace=loud".to_owned()),
            ..Global::default()
        };
        assert!(filter(&global, true).1.is_some());
    }
}
