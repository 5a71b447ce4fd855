//! The program's accounts. Their sizes are fixed and tested, and amounts and times have their unit in the
//! field's comment.
//!
//! Every account has a `version` of its layout, and a `bump` of its address.

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
    fn account_sizes_do_not_change() {
        assert_eq!(Network::SIZE, 416);
        assert_eq!(Bucket::SIZE, 360);
        assert_eq!(Orchestrator::SIZE, 152);
        assert_eq!(Provider::SIZE, 512);
        assert_eq!(Client::SIZE, 128);
        assert_eq!(Job::SIZE, 328);
        assert_eq!(Seat::BYTES, 88);
        assert_eq!((Shard::HEADER_BYTES, Shard::INLINE_OFFSET), (112, 64));
        assert_eq!(Job::space(1, 1), 464);
        assert_eq!(Job::space(2, 3), 328);
        assert_eq!(Shard::space(3), 384);
        assert_eq!(Rewards::SIZE, 104);
        assert_eq!(Epoch::SIZE, 96);
        assert_eq!(Challenge::SIZE, 104);
    }
}
