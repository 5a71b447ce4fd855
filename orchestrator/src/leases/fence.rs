//! Fencing tokens. A write that a lease protects names the epoch of the lease, and the store refuses the
//! write if another member has taken the partition since, or if the same member lost it and took it again.

use crate::leases::partition::Partition;
use std::collections::HashMap;

/// What must still hold when a write about a job reaches the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fence {
    partition: Option<Partition>,
    /// `None` if no other orchestrator uses the store: the write always counts.
    token: Option<LeaseToken>,
}

/// Identifies one holding of a lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeaseToken {
    pub member: String,
    pub epoch: u64,
}

impl Fence {
    /// For a store that no other orchestrator uses. The partition may be unknown.
    pub(crate) fn exclusive(partition: Option<Partition>) -> Self {
        Self {
            partition,
            token: None,
        }
    }

    /// For a shared store.
    pub(crate) fn leased(partition: Partition, member: &str, epoch: u64) -> Self {
        Self {
            partition: Some(partition),
            token: Some(LeaseToken {
                member: member.to_owned(),
                epoch,
            }),
        }
    }

    /// The text of the partition; empty if it is unknown.
    pub(crate) fn partition_name(&self) -> String {
        self.partition.map(|p| p.to_string()).unwrap_or_default()
    }

    pub(crate) fn partition(&self) -> Option<Partition> {
        self.partition
    }

    pub(crate) fn token(&self) -> Option<&LeaseToken> {
        self.token.as_ref()
    }
}

/// The leases of one moment, to fence writes that are decided then and happen later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaseTokens {
    /// No other orchestrator uses the store.
    Exclusive,
    Shared {
        member: String,
        epochs: HashMap<Partition, u64>,
    },
}

impl LeaseTokens {
    /// The fence of a partition; `None` if its lease was not held.
    pub(crate) fn fence(&self, partition: Partition) -> Option<Fence> {
        match self {
            Self::Exclusive => Some(Fence::exclusive(Some(partition))),
            Self::Shared { member, epochs } => {
                let epoch = epochs.get(&partition)?;
                Some(Fence::leased(partition, member, *epoch))
            }
        }
    }
}
