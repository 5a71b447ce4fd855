//! Who takes which jobs, where several orchestrators share one store: pure decisions.
//!
//! Jobs fall into partitions by their client, so that one orchestrator writes a client's accounts at a
//! time. A partition is leased to one member: a running orchestrator. Jobs that ask for a certain
//! orchestrator have partitions of their own, which only members with that key take.

use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use millrace_protocol::hash::sha256;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// Partitions of each kind. With few orchestrators, enough that shares are even to some percent.
const PARTITIONS: u16 = 64;

/// Some clients' jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The orchestrator that the jobs ask for; none where any will do.
    orchestrator: Option<Pubkey>,
    number: u16,
}

impl Partition {
    /// The partition of a job.
    pub fn of(job: &Job) -> Self {
        let any = job.orchestrator == Pubkey::default();
        let hash = sha256(&[b"bucket", job.client.as_ref()]);
        Self {
            orchestrator: (!any).then_some(job.orchestrator),
            number: u16::from_le_bytes([hash[0], hash[1]]) % PARTITIONS,
        }
    }

    /// All partitions that an orchestrator may take.
    pub fn all_for(orchestrator: &Pubkey) -> impl Iterator<Item = Self> {
        let kinds = [None, Some(*orchestrator)];
        kinds.into_iter().flat_map(|orchestrator| {
            (0..PARTITIONS).map(move |number| Self {
                orchestrator,
                number,
            })
        })
    }

    /// Names with commas, as SQL wants them. A name has letters, digits and a slash only.
    pub fn list(partitions: &[Self]) -> String {
        let names: Vec<String> = partitions.iter().map(|b| format!("'{b}'")).collect();
        match names.is_empty() {
            true => "''".to_owned(),
            false => names.join(", "),
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

/// Which jobs an orchestrator may act on now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedPartitions {
    /// All: nobody shares its store.
    All,
    /// Those in these partitions.
    Only(HashSet<Partition>),
}

impl OwnedPartitions {
    /// Whether a partition is among them.
    pub fn contains(&self, partition: &Partition) -> bool {
        match self {
            Self::All => true,
            Self::Only(partitions) => partitions.contains(partition),
        }
    }

    /// Whether a job is among them.
    pub fn contains_job(&self, job: &Job) -> bool {
        self.contains(&Partition::of(job))
    }
}

/// A running orchestrator that uses the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Drawn anew at each start, and whenever its time was over.
    pub id: String,
    /// Its registered key; several members may have the same.
    pub orchestrator: Pubkey,
}

/// A partition with who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The partition.
    pub partition: Partition,
    /// Its holder, while the lease lasts.
    pub holder: Option<String>,
    /// Rises each time that somebody takes it.
    pub epoch: u64,
}

/// What a member should do about its share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Take these, which are free.
    pub take: Vec<Partition>,
    /// Give these back, as somebody else has less than its share.
    pub give: Vec<Partition>,
}

/// Leads a member to its share: as many partitions of each kind as are there divided by those who may
/// have them, the first ones by name one more. Everybody decides so alone, and all come out even.
pub fn moves(me: &Member, members: &[Member], leases: &[Lease]) -> Moves {
    let mut moves = Moves::default();
    for kind in [None, Some(me.orchestrator)] {
        let of_kind = leases.iter().filter(|l| l.partition.orchestrator == kind);
        let of_kind: Vec<&Lease> = of_kind.collect();
        let may = |member: &&Member| kind.is_none_or(|key| member.orchestrator == key);
        let mut rivals: Vec<&str> = members.iter().filter(may).map(|m| m.id.as_str()).collect();
        rivals.sort_unstable();
        let Some(rank) = rivals.iter().position(|id| *id == me.id) else {
            // Not seen yet, or no more: the next look will tell.
            continue;
        };
        let share = share(of_kind.len(), rivals.len(), rank);
        let mine: Vec<Partition> = of_kind
            .iter()
            .filter(|lease| lease.holder.as_deref() == Some(&me.id))
            .map(|lease| lease.partition)
            .collect();
        if mine.len() > share {
            moves.give.extend(&mine[share..]);
            continue;
        }
        let free: Vec<Partition> = of_kind
            .iter()
            .filter(|lease| lease.holder.is_none())
            .map(|lease| lease.partition)
            .collect();
        // Everybody begins somewhere else, so that they don't all want the same ones.
        let begin = rank * free.len() / rivals.len();
        let (before, after) = free.split_at(begin);
        let wanted = after.iter().chain(before).take(share - mine.len());
        moves.take.extend(wanted);
    }
    moves
}

/// The share of the `rank`-th of `members`.
fn share(partitions: usize, members: usize, rank: usize) -> usize {
    partitions / members + usize::from(rank < partitions % members)
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
