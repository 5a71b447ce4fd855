//! The accounts of the program. Sizes are literal and tested; every field says its unit.

mod client;
mod job;
mod network;
mod orchestrator;
mod provider;
mod shard;

pub use client::*;
pub use job::*;
pub use network::*;
pub use orchestrator::*;
pub use provider::*;
pub use shard::*;

#[cfg(test)]
mod tests {
    use super::*;

    /// A layout that changes by accident would make existing accounts unreadable.
    #[test]
    fn account_sizes_are_what_they_were() {
        assert_eq!(Network::SIZE, 448);
        assert_eq!(Orchestrator::SIZE, 114);
        assert_eq!(Provider::SIZE, 512);
        assert_eq!(Client::SIZE, 128);
        assert_eq!(Job::SIZE, 416);
        assert_eq!(Shard::SIZE, 640);
    }
}
