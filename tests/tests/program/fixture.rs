//! A network with its parties, and a verb for each step of a job's life.

mod books;
mod ledger;
mod machine;
pub mod outcome;
mod rebuilt;
mod refusal;
mod setup;
mod steps;

pub use books::Balances;
pub use ledger::Ledger;
pub use machine::{Landed, Loader, Machine, Outcome, SOL, key, program_bytes};
pub use refusal::{refused, refused_as, refused_outside};
pub use setup::{PARAMETERS, REWARDS, Setup, Worker, offer, tag};
pub use steps::{Answer, OTHER, RIGHT, WRONG, swap};

use millrace_client::instructions::Mints;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;

/// A network in a machine. When it goes, its books are audited, and compared with its events.
pub struct Market {
    /// Where it runs.
    pub machine: Machine,
    /// Its mints.
    pub mints: Mints,
    /// Its authority, which may also upgrade the program.
    pub authority: Keypair,
    /// A registered orchestrator.
    pub orchestrator: Keypair,
    /// Registered providers.
    pub workers: Vec<Worker>,
    /// The wallet of a client.
    pub owner: Keypair,
}

impl Market {
    /// The provider accounts of workers.
    pub fn accounts(&self, workers: &[usize]) -> Vec<Pubkey> {
        workers.iter().map(|w| self.workers[*w].account).collect()
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.audit();
            self.compare_with_events();
        }
    }
}
