//! Every window and every deadline of the protocol, a second (or a slot) before it, at it, and after
//! it. All comparisons are half open: of two acts that exclude each other exactly one is legal at any
//! instant.

use millrace_fixture::{Outcome, TestNetwork, refused};
use solana_sdk::pubkey::Pubkey;

mod cases;
mod seconds;
mod slots;

/// The act succeeds.
const DONE: &str = "";

/// A network made ready, its job if the act is about one, and the instant that matters: a second of
/// the clock, or a slot.
struct WindowCase {
    network: TestNetwork,
    job: Pubkey,
    at: i64,
}

/// A boundary in time.
struct Boundary {
    /// What it is the end or the beginning of.
    name: &'static str,
    /// Makes everything ready.
    case: fn() -> WindowCase,
    /// What is tried.
    act: fn(&mut WindowCase) -> Outcome,
    /// What comes of it right before the instant, at it, and right after it: [`DONE`] or an error.
    expected: [&'static str; 3],
}

const fn boundary(
    name: &'static str,
    case: fn() -> WindowCase,
    act: fn(&mut WindowCase) -> Outcome,
    expected: [&'static str; 3],
) -> Boundary {
    Boundary {
        name,
        case,
        act,
        expected,
    }
}

impl Boundary {
    /// Plays it three times, each from the beginning.
    fn hold(&self, go: fn(&mut TestNetwork, i64)) {
        for (offset, expected) in [-1, 0, 1].into_iter().zip(self.expected) {
            println!("{}: {offset:+}", self.name);
            let mut case = (self.case)();
            go(&mut case.network, case.at + offset);
            let outcome = (self.act)(&mut case);
            match expected {
                DONE => {
                    outcome.unwrap();
                }
                error => refused(outcome, error),
            }
        }
    }
}
