//! Decides which partitions a member takes and gives back. A pure function: each member decides alone, and
//! all of them converge to even shares.

use super::partition::{Lease, Member, Partition};

/// Changes that bring a member closer to its share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rebalance {
    /// Free partitions to take.
    pub take: Vec<Partition>,
    /// Partitions to give back, because another member has less than its share.
    pub give_back: Vec<Partition>,
}

/// Moves a member towards its share: the partitions of each kind divided by the members that may take that
/// kind. If the division leaves a remainder, the first members by id get one more each.
pub(crate) fn rebalance(me: &Member, members: &[Member], leases: &[Lease]) -> Rebalance {
    let mut rebalance = Rebalance::default();
    for kind in [None, Some(me.orchestrator)] {
        let of_kind: Vec<&Lease> = leases
            .iter()
            .filter(|lease| lease.partition.orchestrator == kind)
            .collect();
        let eligible = |member: &&Member| kind.is_none_or(|key| member.orchestrator == key);
        let mut ids: Vec<&str> = members
            .iter()
            .filter(eligible)
            .map(|member| member.id.as_str())
            .collect();
        ids.sort_unstable();
        let Some(rank) = ids.iter().position(|id| *id == me.id) else {
            // This member is not in the list yet, or has expired. The next round resolves it.
            continue;
        };
        let share = share(of_kind.len(), ids.len(), rank);
        let mine = partitions_held_by(Some(&me.id), &of_kind);
        if mine.len() > share {
            rebalance.give_back.extend(&mine[share..]);
            continue;
        }
        let free = partitions_held_by(None, &of_kind);
        // Members start at different offsets, so that they do not compete for the same partitions.
        let offset = rank * free.len() / ids.len();
        let (before, after) = free.split_at(offset);
        let wanted = after.iter().chain(before).take(share - mine.len());
        rebalance.take.extend(wanted);
    }
    rebalance
}

fn partitions_held_by(holder: Option<&str>, leases: &[&Lease]) -> Vec<Partition> {
    leases
        .iter()
        .filter(|lease| lease.holder.as_deref() == holder)
        .map(|lease| lease.partition)
        .collect()
}

fn share(partitions: usize, members: usize, rank: usize) -> usize {
    partitions / members + usize::from(rank < partitions % members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::Pubkey;
    use std::collections::HashSet;

    fn member(name: &str, key: u8) -> Member {
        Member {
            id: name.to_owned(),
            orchestrator: Pubkey::new_from_array([key; 32]),
        }
    }

    /// Leases as the database creates them when these members join.
    fn fresh_leases(members: &[&Member]) -> Vec<Lease> {
        let mut partitions: Vec<Partition> = members
            .iter()
            .flat_map(|member| Partition::all_for(&member.orchestrator))
            .collect();
        partitions.sort();
        partitions.dedup();
        let lease = |partition| Lease {
            partition,
            holder: None,
            epoch: 0,
        };
        partitions.into_iter().map(lease).collect()
    }

    /// Runs rounds in which every member rebalances, until none wants a change.
    fn converge(members: &[Member], leases: &mut [Lease]) {
        for _ in 0..20 {
            let mut stable = true;
            for me in members {
                let change = rebalance(me, members, leases);
                stable &= change == Rebalance::default();
                for lease in leases.iter_mut() {
                    if change.take.contains(&lease.partition) {
                        assert_eq!(lease.holder, None, "a lease was taken from its holder");
                        lease.holder = Some(me.id.clone());
                    } else if change.give_back.contains(&lease.partition) {
                        assert_eq!(lease.holder.as_ref(), Some(&me.id));
                        lease.holder = None;
                    }
                }
            }
            if stable {
                return;
            }
        }
        panic!("the members do not converge");
    }

    fn count_held(leases: &[Lease], member: &Member, kind: Option<Pubkey>) -> usize {
        leases
            .iter()
            .filter(|lease| lease.partition.orchestrator == kind)
            .filter(|lease| lease.holder.as_ref() == Some(&member.id))
            .count()
    }

    #[test]
    fn a_single_member_takes_every_partition() {
        let a = member("a", 1);
        let mut leases = fresh_leases(&[&a]);
        converge(std::slice::from_ref(&a), &mut leases);
        assert!(leases.iter().all(|lease| lease.holder.is_some()));
    }

    #[test]
    fn shares_stay_even_when_members_join_and_leave() {
        let all = [member("a", 1), member("b", 1), member("c", 1)];
        let mut leases = fresh_leases(&[&all[0]]);
        converge(&all[..1], &mut leases);
        converge(&all[..2], &mut leases);
        assert_eq!(count_held(&leases, &all[0], None), 32);
        assert_eq!(count_held(&leases, &all[1], None), 32);
        converge(&all, &mut leases);
        let shares: Vec<usize> = all.iter().map(|m| count_held(&leases, m, None)).collect();
        assert_eq!(shares, [22, 21, 21]);
        // The first member dies, and its leases expire.
        for lease in &mut leases {
            lease.holder = lease.holder.take().filter(|holder| holder != "a");
        }
        converge(&all[1..], &mut leases);
        assert_eq!(count_held(&leases, &all[1], None), 32);
        assert!(leases.iter().all(|lease| lease.holder.is_some()));
    }

    #[test]
    fn partitions_of_a_key_go_only_to_members_with_that_key() {
        let (a, b) = (member("a", 1), member("b", 2));
        let mut leases = fresh_leases(&[&a, &b]);
        converge(&[a.clone(), b.clone()], &mut leases);
        assert_eq!(count_held(&leases, &a, None), 32);
        assert_eq!(count_held(&leases, &a, Some(a.orchestrator)), 64);
        assert_eq!(count_held(&leases, &a, Some(b.orchestrator)), 0);
        assert_eq!(count_held(&leases, &b, Some(b.orchestrator)), 64);
    }

    #[test]
    fn a_valid_lease_is_never_taken_from_its_holder() {
        let (a, b) = (member("a", 1), member("b", 1));
        let mut leases = fresh_leases(&[&a]);
        converge(std::slice::from_ref(&a), &mut leases);
        assert_eq!(
            rebalance(&b, &[a, b.clone()], &leases),
            Rebalance::default()
        );
    }

    #[test]
    fn a_member_that_is_not_listed_changes_nothing() {
        let (a, b) = (member("a", 1), member("b", 1));
        let leases = fresh_leases(&[&a]);
        assert_eq!(rebalance(&a, &[b], &leases), Rebalance::default());
    }

    #[test]
    fn members_start_at_different_free_partitions() {
        let (a, b) = (member("a", 1), member("b", 1));
        let (leases, both) = (fresh_leases(&[&a]), [a.clone(), b.clone()]);
        let (first, second) = (rebalance(&a, &both, &leases), rebalance(&b, &both, &leases));
        let first: HashSet<_> = first.take.into_iter().collect();
        assert!(
            second
                .take
                .iter()
                .all(|partition| !first.contains(partition))
        );
    }
}
