//! The order of a candidate list for one shard: tiers by price and score, each of them around the hash ring
//! from the position of the shard.

use super::candidates::{Candidate, CandidateList};
use millrace_protocol::selection::RingPosition;

/// Where the order starts within a tier of members: at the first candidate at or after `position`.
pub(super) fn start_of_tier(
    candidates: &[Candidate],
    members: &[u32],
    (from, end): (usize, usize),
    position: RingPosition,
) -> usize {
    let tier = &members[from..end];
    from + tier.partition_point(|at| candidates[*at as usize].position < position)
}

/// A candidate list in the order for one shard.
#[derive(Clone, Copy)]
pub(super) struct RingOrder<'a> {
    pub candidates: &'a [Candidate<'a>],
    pub list: &'a CandidateList,
    /// Position of the shard.
    pub position: RingPosition,
}

impl<'a> RingOrder<'a> {
    /// The members in their order.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> + 'a {
        let mut from = 0;
        let tiers = std::iter::from_fn(move || {
            let end = *self.list.tier_ends.get(from)? as usize;
            let start = self.start_of_tier(from, end);
            let tier = (start..end).chain(from..start);
            from = end;
            Some(tier)
        });
        tiers.flatten()
    }

    /// How many members come before the one at `at`.
    pub(super) fn rank(&self, at: usize) -> usize {
        let end = self.list.tier_ends[at];
        let from = self.list.tier_ends.partition_point(|other| *other < end);
        let end = end as usize;
        let start = self.start_of_tier(from, end);
        if at >= start {
            from + at - start
        } else {
            from + (end - start) + (at - from)
        }
    }

    fn start_of_tier(&self, from: usize, end: usize) -> usize {
        start_of_tier(
            self.candidates,
            &self.list.members,
            (from, end),
            self.position,
        )
    }
}
