//! The accounts of the program. Sizes are literal and tested; every field says its unit.

mod bucket;
mod challenge;
mod client;
mod job;
mod network;
mod orchestrator;
mod points;
mod provider;
mod rewards;
mod shard;

pub use bucket::*;
pub use challenge::*;
pub use client::*;
pub use job::*;
pub use network::*;
pub use orchestrator::*;
pub use points::*;
pub use provider::*;
pub use rewards::*;
pub use shard::*;

#[cfg(test)]
mod tests {
    use super::*;

    /// A layout that changes by accident would make existing accounts unreadable.
    #[test]
    fn account_sizes_are_what_they_were() {
        assert_eq!(Network::SIZE, 416);
        assert_eq!(Bucket::SIZE, 360);
        assert_eq!(Orchestrator::SIZE, 152);
        assert_eq!(Provider::SIZE, 512);
        assert_eq!(Client::SIZE, 128);
        assert_eq!(Job::SIZE, 328);
        assert_eq!(std::mem::size_of::<Seat>(), 88);
        assert_eq!((Shard::HEAD, Shard::OUTER), (112, 64));
        assert_eq!(Job::space(1, 1), 464);
        assert_eq!(Job::space(2, 3), 328);
        assert_eq!(Shard::space(3), 384);
        assert_eq!(Rewards::SIZE, 104);
        assert_eq!(Epoch::SIZE, 96);
        assert_eq!(Challenge::SIZE, 104);
    }
}
