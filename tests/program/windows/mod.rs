//! Every window and deadline of the protocol, a second or a slot before it, at it, and after it. All
//! comparisons are half open: of two actions that exclude each other, exactly one is legal at any
//! instant.

use millrace_fixture::{Outcome, TestNetwork, refused};
use solana_sdk::pubkey::Pubkey;

mod cases;
mod seconds;
mod slots;

/// The action succeeds.
const DONE: &str = "";

/// A network, the job if the action concerns one, and the instant of the boundary: a second of the
/// clock, or a slot.
struct WindowCase {
    network: TestNetwork,
    job: Pubkey,
    at: i64,
}

struct Boundary {
    name: &'static str,
    case: fn() -> WindowCase,
    action: fn(&mut WindowCase) -> Outcome,
    /// The outcome right before the instant, at it, and right after it: [`DONE`] or an error.
    expected: [&'static str; 3],
}

const fn boundary(
    name: &'static str,
    case: fn() -> WindowCase,
    action: fn(&mut WindowCase) -> Outcome,
    expected: [&'static str; 3],
) -> Boundary {
    Boundary {
        name,
        case,
        action,
        expected,
    }
}

impl Boundary {
    /// Tries the action at each of the three instants, on a new network each time.
    fn check(&self, advance: fn(&mut TestNetwork, i64)) {
        for (offset, expected) in [-1, 0, 1].into_iter().zip(self.expected) {
            println!("{}: {offset:+}", self.name);
            let mut case = (self.case)();
            advance(&mut case.network, case.at + offset);
            let outcome = (self.action)(&mut case);
            match expected {
                DONE => {
                    outcome.unwrap();
                }
                error => refused(outcome, error),
            }
        }
    }
}
