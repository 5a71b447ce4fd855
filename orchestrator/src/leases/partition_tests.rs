#![allow(clippy::unwrap_used)]
use super::*;

fn member(name: &str, key: u8) -> Member {
    Member {
        id: name.to_owned(),
        orchestrator: Pubkey::new_from_array([key; 32]),
    }
}

/// Leases as a database would keep them.
fn fresh(members: &[&Member]) -> Vec<Lease> {
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

/// Lets each member act in turn until nobody wants anything; gives how many rounds it took.
fn settle(members: &[Member], leases: &mut [Lease]) -> usize {
    for round in 0..20 {
        let mut quiet = true;
        for me in members {
            let moves = moves(me, members, leases);
            quiet &= moves == Moves::default();
            for lease in leases.iter_mut() {
                if moves.take.contains(&lease.partition) {
                    assert_eq!(lease.holder, None, "a lease was taken from its holder");
                    lease.holder = Some(me.id.clone());
                } else if moves.give.contains(&lease.partition) {
                    assert_eq!(lease.holder.as_ref(), Some(&me.id));
                    lease.holder = None;
                }
            }
        }
        if quiet {
            return round;
        }
    }
    panic!("the members never come to rest")
}

fn held(leases: &[Lease], member: &Member, kind: Option<Pubkey>) -> usize {
    let of_kind = leases.iter().filter(|l| l.partition.orchestrator == kind);
    of_kind
        .filter(|l| l.holder.as_ref() == Some(&member.id))
        .count()
}

#[test]
fn one_member_takes_everything() {
    let a = member("a", 1);
    let mut leases = fresh(&[&a]);
    settle(std::slice::from_ref(&a), &mut leases);
    assert!(leases.iter().all(|lease| lease.holder.is_some()));
}

#[test]
fn whoever_joins_gets_an_even_share_and_whoever_goes_leaves_it_to_the_others() {
    let all = [member("a", 1), member("b", 1), member("c", 1)];
    let mut leases = fresh(&[&all[0]]);
    settle(&all[..1], &mut leases);
    settle(&all[..2], &mut leases);
    assert_eq!(held(&leases, &all[0], None), 32);
    assert_eq!(held(&leases, &all[1], None), 32);
    settle(&all, &mut leases);
    let shares: Vec<usize> = all.iter().map(|m| held(&leases, m, None)).collect();
    assert_eq!(shares, [22, 21, 21]);
    // The first one dies: its leases end.
    for lease in &mut leases {
        lease.holder = lease.holder.take().filter(|holder| holder != "a");
    }
    settle(&all[1..], &mut leases);
    assert_eq!(held(&leases, &all[1], None), 32);
    assert!(leases.iter().all(|lease| lease.holder.is_some()));
}

#[test]
fn jobs_that_ask_for_a_key_are_left_to_members_with_that_key() {
    let (a, b) = (member("a", 1), member("b", 2));
    let mut leases = fresh(&[&a, &b]);
    settle(&[a.clone(), b.clone()], &mut leases);
    assert_eq!(held(&leases, &a, None), 32);
    assert_eq!(held(&leases, &a, Some(a.orchestrator)), 64);
    assert_eq!(held(&leases, &a, Some(b.orchestrator)), 0);
    assert_eq!(held(&leases, &b, Some(b.orchestrator)), 64);
}

#[test]
fn a_lease_that_lasts_is_never_wanted_by_another() {
    let (a, b) = (member("a", 1), member("b", 1));
    let mut leases = fresh(&[&a]);
    settle(std::slice::from_ref(&a), &mut leases);
    let wanted = moves(&b, &[a, b.clone()], &leases);
    assert_eq!(wanted, Moves::default());
}

#[test]
fn a_member_that_is_not_on_the_list_does_nothing() {
    let (a, b) = (member("a", 1), member("b", 1));
    let leases = fresh(&[&a]);
    assert_eq!(moves(&a, &[b], &leases), Moves::default());
}

#[test]
fn members_begin_at_different_ends_of_what_is_free() {
    let (a, b) = (member("a", 1), member("b", 1));
    let (leases, both) = (fresh(&[&a]), [a.clone(), b.clone()]);
    let (first, second) = (moves(&a, &both, &leases), moves(&b, &both, &leases));
    let first: HashSet<_> = first.take.into_iter().collect();
    assert!(
        second
            .take
            .iter()
            .all(|partition| !first.contains(partition))
    );
}

#[test]
fn a_bucket_is_known_by_its_name() {
    for partition in Partition::all_for(&Pubkey::new_unique()) {
        assert_eq!(partition.to_string().parse(), Ok(partition));
    }
    for wrong in ["", "any", "any/x", "nobody/1"] {
        assert_eq!(wrong.parse::<Partition>(), Err(()));
    }
}
