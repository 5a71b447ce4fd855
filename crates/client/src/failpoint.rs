//! Failpoints: places at which a test can end the process, as a crash or a power failure would. They are
//! before and after each write to the store, each RPC request and each message to an agent.
//!
//! They are compiled in with debug assertions only, and are inactive unless the environment sets:
//! - `MILLRACE_FAIL=NAME`: ends the process when it reaches the failpoint; with `NAME#3`, the third time.
//!   Names are `kind::what::before` and `kind::what::after`.
//! - `MILLRACE_FAIL_TRACE=FILE`: appends the name of each failpoint that is reached.

/// Failpoint before an operation, for example of kind `rpc` with `what` as the method.
pub fn before(kind: &str, what: &str) {
    reach(kind, what, "before");
}

/// Failpoint after an operation.
pub fn after(kind: &str, what: &str) {
    reach(kind, what, "after");
}

#[cfg(not(debug_assertions))]
fn reach(_: &str, _: &str, _: &str) {}

#[cfg(debug_assertions)]
fn reach(kind: &str, what: &str, moment: &str) {
    if let Some(config) = config::from_environment() {
        config.reach(&format!("{kind}::{what}::{moment}"));
    }
}

#[cfg(debug_assertions)]
mod config {
    use std::env::{var, var_os};
    use std::fs::File;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    pub(super) struct Failpoints {
        /// Name of the failpoint that ends the process, and at which visit.
        end_at: Option<(String, u64)>,
        /// Visits to that failpoint so far.
        visits: AtomicU64,
        trace: Option<File>,
    }

    /// `None` if the environment sets neither variable.
    pub(super) fn from_environment() -> Option<&'static Failpoints> {
        static CONFIG: OnceLock<Option<Failpoints>> = OnceLock::new();
        let read = || Failpoints::new(var("MILLRACE_FAIL").ok(), var_os("MILLRACE_FAIL_TRACE"));
        CONFIG.get_or_init(read).as_ref()
    }

    impl Failpoints {
        pub(super) fn new(
            end_at: Option<String>,
            trace: Option<impl Into<PathBuf>>,
        ) -> Option<Self> {
            let trace = trace.and_then(|path| {
                let path = path.into();
                let file = File::options().append(true).create(true).open(&path);
                file.inspect_err(
                    |error| tracing::error!(path = %path.display(), %error, "failed to open the trace of failpoints"),
                )
                .ok()
            });
            let end_at = end_at.map(|text| match text.split_once('#') {
                Some((name, number)) => (name.to_owned(), number.parse().unwrap_or(1)),
                None => (text, 1),
            });
            (end_at.is_some() || trace.is_some()).then_some(Self {
                end_at,
                visits: AtomicU64::new(0),
                trace,
            })
        }

        pub(super) fn reach(&self, name: &str) {
            if let Some(mut file) = self.trace.as_ref() {
                // One write per line, so that lines of several threads do not mix.
                let _ = file.write_all(format!("{name}\n").as_bytes());
            }
            if self.ends_at(name) {
                std::process::abort();
            }
        }

        /// Whether the process ends at this visit to a failpoint.
        pub(super) fn ends_at(&self, name: &str) -> bool {
            let Some((end_at, number)) = &self.end_at else {
                return false;
            };
            name == end_at && self.visits.fetch_add(1, Ordering::SeqCst) + 1 == *number
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::config::Failpoints;
    use std::path::PathBuf;

    #[test]
    fn process_ends_at_the_given_visit() {
        let none = None::<PathBuf>;
        assert!(Failpoints::new(None, none.clone()).is_none());
        let first = Failpoints::new(Some("a::b::after".into()), none.clone()).unwrap();
        assert!(!first.ends_at("a::b::before") && first.ends_at("a::b::after"));
        let third = Failpoints::new(Some("a::b::after#3".into()), none).unwrap();
        let ends = [(); 4].map(|()| third.ends_at("a::b::after"));
        assert_eq!(ends, [false, false, true, false]);
    }
}
