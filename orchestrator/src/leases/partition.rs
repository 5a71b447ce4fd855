//! Partitions of jobs, and the leases and members that divide them among orchestrators sharing a store.
//!
//! Jobs are partitioned by client, so that only one orchestrator at a time writes a client's accounts. A
//! partition is leased to one member, which is a running orchestrator. Jobs that name an orchestrator have
//! partitions of their own, which only members with that key take.

use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use millrace_protocol::hash::sha256;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// Partitions of each kind: enough for shares that are even to a few percent with a few orchestrators.
const PARTITIONS_PER_KIND: u16 = 64;
/// Separates the hash of a client from other hashes. Orchestrators of every version that share a store
/// must agree on it, so it keeps the name that partitions first had.
const HASH_DOMAIN: &[u8] = b"bucket";

/// The jobs of some clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Partition {
    /// The orchestrator that the jobs name; `None` if any orchestrator may take them.
    pub(super) orchestrator: Option<Pubkey>,
    number: u16,
}

impl Partition {
    /// The partition of a job.
    pub(crate) fn of(job: &Job) -> Self {
        let any = job.orchestrator == Pubkey::default();
        let hash = sha256(&[HASH_DOMAIN, job.client.as_ref()]);
        Self {
            orchestrator: (!any).then_some(job.orchestrator),
            number: u16::from_le_bytes([hash[0], hash[1]]) % PARTITIONS_PER_KIND,
        }
    }

    /// All partitions that an orchestrator may take.
    pub(crate) fn all_for(orchestrator: &Pubkey) -> impl Iterator<Item = Self> {
        let kinds = [None, Some(*orchestrator)];
        kinds.into_iter().flat_map(|orchestrator| {
            (0..PARTITIONS_PER_KIND).map(move |number| Self {
                orchestrator,
                number,
            })
        })
    }

    /// A list for SQL's `IN (...)`. Names need no escaping: they contain letters, digits and a slash.
    pub(crate) fn sql_list(partitions: &[Self]) -> String {
        let names: Vec<String> = partitions.iter().map(|p| format!("'{p}'")).collect();
        if names.is_empty() {
            "''".to_owned()
        } else {
            names.join(", ")
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.orchestrator {
            Some(key) => write!(f, "{key}/{:02}", self.number),
            None => write!(f, "any/{:02}", self.number),
        }
    }
}

impl FromStr for Partition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, number) = text.split_once('/').ok_or(())?;
        let orchestrator = match kind {
            "any" => None,
            key => Some(key.parse().map_err(|_| ())?),
        };
        Ok(Self {
            orchestrator,
            number: number.parse().map_err(|_| ())?,
        })
    }
}

/// The partitions whose jobs an orchestrator may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OwnedPartitions {
    /// All of them: no other orchestrator uses the store.
    All,
    Only(HashSet<Partition>),
}

impl OwnedPartitions {
    pub(crate) fn contains(&self, partition: &Partition) -> bool {
        match self {
            Self::All => true,
            Self::Only(partitions) => partitions.contains(partition),
        }
    }

    pub(crate) fn contains_job(&self, job: &Job) -> bool {
        self.contains(&Partition::of(job))
    }
}

/// A running orchestrator that uses the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Random; replaced at each start and after each expiry.
    pub id: String,
    /// The registered key. Several members may share one.
    pub orchestrator: Pubkey,
}

/// The lease of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub partition: Partition,
    /// The member that holds it, unless it has expired.
    pub holder: Option<String>,
    /// Increases each time that a member takes the lease.
    pub epoch: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_names_round_trip() {
        for partition in Partition::all_for(&Pubkey::new_unique()) {
            assert_eq!(partition.to_string().parse(), Ok(partition));
        }
        for wrong in ["", "any", "any/x", "unknown/1"] {
            assert_eq!(wrong.parse::<Partition>(), Err(()));
        }
    }
}
