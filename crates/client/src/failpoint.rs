//! Points at which a test can end the process, as a crash or a power cut would: before and after each
//! write to the store, each call of the RPC and each message to an agent.
//!
//! They exist where debug assertions do, and do nothing unless the environment says so:
//! - `MILLRACE_FAIL=NAME` ends the process when it comes to that point, `NAME#3` when it does so for the
//!   third time. A name is `kind::what::before` or `kind::what::after`.
//! - `MILLRACE_FAIL_TRACE=FILE` appends the name of each point that is come to.

/// The process is about to do `what`.
pub fn before(kind: &str, what: &str) {
    reach(kind, what, "before");
}

/// It has been done.
pub fn after(kind: &str, what: &str) {
    reach(kind, what, "after");
}

#[cfg(not(debug_assertions))]
fn reach(_: &str, _: &str, _: &str) {}

#[cfg(debug_assertions)]
fn reach(kind: &str, what: &str, moment: &str) {
    if let Some(orders) = orders::given() {
        orders.reach(&format!("{kind}::{what}::{moment}"));
    }
}

#[cfg(debug_assertions)]
mod orders {
    use std::env::{var, var_os};
    use std::fs::File;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// What the environment asks for.
    pub(super) struct Orders {
        end_at: Option<(String, u64)>,
        reached: AtomicU64,
        trace: Option<File>,
    }

    /// None, as a rule.
    pub(super) fn given() -> Option<&'static Orders> {
        static GIVEN: OnceLock<Option<Orders>> = OnceLock::new();
        let read = || Orders::of(var("MILLRACE_FAIL").ok(), var_os("MILLRACE_FAIL_TRACE"));
        GIVEN.get_or_init(read).as_ref()
    }

    impl Orders {
        pub(super) fn of(
            end_at: Option<String>,
            trace: Option<impl Into<PathBuf>>,
        ) -> Option<Self> {
            let trace = trace.and_then(|path| {
                let path = path.into();
                let file = File::options().append(true).create(true).open(&path);
                file.inspect_err(
                    |error| tracing::error!(path = %path.display(), %error, "no trace"),
                )
                .ok()
            });
            let end_at = end_at.map(|text| match text.split_once('#') {
                Some((name, number)) => (name.to_owned(), number.parse().unwrap_or(1)),
                None => (text, 1),
            });
            (end_at.is_some() || trace.is_some()).then_some(Self {
                end_at,
                reached: AtomicU64::new(0),
                trace,
            })
        }

        pub(super) fn reach(&self, name: &str) {
            if let Some(mut file) = self.trace.as_ref() {
                // One write for each line, so that lines of several threads don't mix.
                let _ = file.write_all(format!("{name}\n").as_bytes());
            }
            if self.is_last(name) {
                std::process::abort();
            }
        }

        /// Whether the process ends here.
        pub(super) fn is_last(&self, name: &str) -> bool {
            let Some((end_at, number)) = &self.end_at else {
                return false;
            };
            name == end_at && self.reached.fetch_add(1, Ordering::SeqCst) + 1 == *number
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::orders::Orders;
    use std::path::PathBuf;

    #[test]
    fn a_process_ends_at_its_point_the_so_manyth_time() {
        let none = None::<PathBuf>;
        assert!(Orders::of(None, none.clone()).is_none());
        let first = Orders::of(Some("a::b::after".into()), none.clone()).unwrap();
        assert!(!first.is_last("a::b::before") && first.is_last("a::b::after"));
        let third = Orders::of(Some("a::b::after#3".into()), none).unwrap();
        let ends = [(); 4].map(|()| third.is_last("a::b::after"));
        assert_eq!(ends, [false, false, true, false]);
    }
}
