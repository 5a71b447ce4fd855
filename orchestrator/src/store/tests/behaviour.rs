//! One suite that both databases have to pass.

use super::*;
use crate::error::OrchestratorError;
use crate::leases::fence::Fence;
use crate::leases::partition::{Member, Partition};
use crate::leases::set::LeaseSet;
use crate::submissions::model::{RevealedResult, SeatKey, SettledResult, Submission};
use millrace_client::Pubkey;
use millrace_client::events::ProgramEvent;
use millrace_client::history::{Cursor, CursorStore, RecordedEvent};
use millrace_client::program::events::JobCancelled;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use millrace_protocol::selection::{CandidateRecord, Ineligible, SelectionRecord};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);
const EXPIRED: Duration = Duration::ZERO;

/// Runs every check on an empty store of its own.
async fn check_store(mut location: impl AsyncFnMut(&str) -> StoreLocation) {
    submissions_survive_a_restart(&location("submissions").await).await;
    submissions_are_found_by_partition_and_by_job(&location("buckets").await).await;
    a_forgotten_job_leaves_no_submissions(&location("forget").await).await;
    a_repeated_selection_replaces_the_first(&location("selections").await).await;
    probing_writes_can_be_repeated(&location("probe").await).await;
    views_are_listed_newest_first(&location("views").await).await;
    another_network_is_refused(&location("network").await).await;
    concurrent_writes_are_all_stored(&location("many").await).await;
    a_lease_has_one_holder_until_it_expires(&location("leases").await).await;
    expired_members_have_to_join_again(&location("members").await).await;
    only_entries_of_expired_members_are_adopted(&location("journal").await).await;
    an_expired_member_cannot_begin_an_entry(&location("fence").await).await;
    a_lost_lease_refuses_writes_with_its_epoch(&location("epochs").await).await;
    events_are_stored_once_and_in_order(&location("events").await).await;
    a_store_belongs_to_one_cluster(&location("origin").await).await;
}

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    check_store(async |name| sqlite_at(&folder.path().join(name))).await;
}

#[tokio::test]
async fn postgres_passes_the_suite() {
    let server = PostgresServer::start().unwrap();
    check_store(async |name| new_database(&server, name).await).await;
}

fn seat(job: Pubkey, shard: u32) -> SeatKey {
    SeatKey {
        job,
        shard,
        attempt: 1,
        provider: Pubkey::new_unique(),
    }
}

fn submission() -> Submission {
    Submission {
        seat: 2,
        commitment: [1; 32],
        signature: [2; 64],
        revealed: None,
    }
}

fn revealed() -> RevealedResult {
    RevealedResult {
        root: [3; 32],
        units: u64::MAX,
        salt: [4; 32],
        output: [5; 32],
        exit: -4,
        fuel: 7,
        reason: "trap: unreachable".into(),
    }
}

fn outcome() -> SettledResult {
    SettledResult {
        root: [3; 32],
        output: [5; 32],
        exit: 0,
        fuel: u64::MAX - 1,
        reason: String::new(),
    }
}

fn exclusive() -> Fence {
    Fence::exclusive(None)
}

fn partitions(key: &Pubkey) -> Vec<Partition> {
    Partition::all_for(key).collect()
}

fn member(id: &str) -> Member {
    Member {
        id: id.into(),
        orchestrator: Pubkey::new_from_array([9; 32]),
    }
}

fn entry(signature: &str) -> JournalEntry {
    JournalEntry {
        signature: signature.into(),
        bytes: vec![0, 255],
        last_valid_block_height: u64::MAX,
        purpose: "test".into(),
    }
}

pub(super) fn selection(attempt: u8, provider: u8, slot: u64) -> SelectionRecord {
    let chosen = CandidateRecord {
        provider: [provider; 32].into(),
        ask_price: 1,
        score: u64::MAX,
        finished_seats: 0,
        active_stake: 2,
        free_stake: 1,
        promised_stake: 0,
        ineligible: None,
    };
    let passed_over = CandidateRecord {
        provider: [200; 32].into(),
        ineligible: Some(Ineligible::AgentOffline),
        ..chosen
    };
    SelectionRecord {
        shard: 1,
        attempt,
        slot,
        free_since: 0,
        seed: u64::MAX,
        sortition_start: u64::MAX,
        min_stake: 1,
        price_cap: 1,
        seat_lock: 1,
        free_seats: 1,
        candidates: vec![passed_over, chosen],
        unlisted: 0,
        complete: true,
    }
}

async fn a_repeated_selection_replaces_the_first(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let job = Pubkey::new_unique();
    for record in [
        selection(1, 1, 5),
        selection(0, 1, 5),
        selection(0, 1, 6),
        selection(0, 2, 7),
    ] {
        store
            .put_selection(&job, &record, &exclusive())
            .await
            .unwrap();
    }
    let kept = store.selections(&job).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.contains(&selection(0, 1, 6)) && kept.contains(&selection(0, 2, 7)));
    assert_eq!(kept[2], selection(1, 1, 5));
    let none = store.selections(&Pubkey::new_unique()).await.unwrap();
    assert!(none.is_empty());
    store.close().await;
}

async fn submissions_survive_a_restart(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let (seat, mut submission) = (seat(Pubkey::new_unique(), 3), submission());
    let revealed = revealed();
    store
        .put_commitment(&seat, &submission, &exclusive())
        .await
        .unwrap();
    // Only the first commitment counts.
    let second = Submission {
        commitment: [8; 32],
        ..submission.clone()
    };
    store
        .put_commitment(&seat, &second, &exclusive())
        .await
        .unwrap();
    store
        .put_reveal(&seat, &revealed, &exclusive())
        .await
        .unwrap();
    let fence = exclusive();
    for reason in ["no room", "no room at all"] {
        let failed = store.put_failure((&seat.job, 3), &seat.provider, reason, &fence);
        failed.await.unwrap();
    }
    store
        .put_settled_result((&seat.job, 3), &outcome(), &exclusive())
        .await
        .unwrap();
    store.close().await;
    let store = Store::open(location, "n").await.unwrap();
    let submissions = store.load_submissions(Scope::All).await.unwrap();
    submission.revealed = Some(revealed);
    assert_eq!(submissions.by_seat[&seat], submission);
    assert_eq!(
        submissions.failures[&(seat.job, 3)][&seat.provider],
        "no room at all"
    );
    assert_eq!(submissions.settled[&(seat.job, 3)], outcome());
    store.delete_seat(&seat, &exclusive()).await.unwrap();
    let submissions = store.load_submissions(Scope::All).await.unwrap();
    assert!(submissions.by_seat.is_empty());
}

async fn submissions_are_found_by_partition_and_by_job(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let (first, second) = (seat(Pubkey::new_unique(), 0), seat(Pubkey::new_unique(), 0));
    let some = partitions(&Pubkey::new_unique());
    for (seat, partition) in [(&first, some[0]), (&second, some[1])] {
        let fence = Fence::exclusive(Some(partition));
        store
            .put_commitment(seat, &submission(), &fence)
            .await
            .unwrap();
        let failed = store.put_failure((&seat.job, 0), &seat.provider, "no", &fence);
        failed.await.unwrap();
        let outcome = outcome();
        let filed = store.put_settled_result((&seat.job, 0), &outcome, &fence);
        filed.await.unwrap();
    }
    let found = store
        .load_submissions(Scope::Partitions(&some[1..]))
        .await
        .unwrap();
    assert_eq!(found.by_seat.keys().collect::<Vec<_>>(), [&second]);
    assert_eq!(found.partitions[&second.job], some[1]);
    assert_eq!((found.failures.len(), found.settled.len()), (1, 1));
    let found = store
        .load_submissions(Scope::Job(&first.job))
        .await
        .unwrap();
    assert_eq!(found.by_seat.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!((found.failures.len(), found.settled.len()), (1, 1));
    let found = store
        .load_submissions(Scope::Partitions(&[]))
        .await
        .unwrap();
    assert!(found.by_seat.is_empty());
}

async fn a_forgotten_job_leaves_no_submissions(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let (over, other) = (seat(Pubkey::new_unique(), 0), seat(Pubkey::new_unique(), 0));
    for seat in [&over, &other] {
        store
            .put_commitment(seat, &submission(), &exclusive())
            .await
            .unwrap();
        let fence = exclusive();
        let failed = store.put_failure((&seat.job, 0), &seat.provider, "no", &fence);
        failed.await.unwrap();
        let filed = store
            .put_settled_result((&seat.job, 0), &outcome(), &exclusive())
            .await;
        filed.unwrap();
    }
    store
        .put_view(&over.job.to_string(), "view", &exclusive())
        .await
        .unwrap();
    store.forget(&over.job, &exclusive()).await.unwrap();
    let left = store.load_submissions(Scope::All).await.unwrap();
    assert_eq!(left.by_seat.keys().collect::<Vec<_>>(), [&other]);
    assert_eq!((left.failures.len(), left.settled.len()), (1, 1));
    assert!(left.settled.contains_key(&(other.job, 0)));
    assert!(left.failures.contains_key(&(other.job, 0)));
    let view = store.view(&over.job.to_string()).await.unwrap();
    assert_eq!(view.as_deref(), Some("view"));
}

async fn probing_writes_can_be_repeated(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    store.probe().await.unwrap();
    store.probe().await.unwrap();
    store.close().await;
    assert!(store.probe().await.is_err());
}

async fn views_are_listed_newest_first(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    for (job, view) in [("a", "1"), ("b", "2"), ("c", "3"), ("b", "4")] {
        store.put_view(job, view, &exclusive()).await.unwrap();
    }
    assert_eq!(store.views(2).await.unwrap(), ["3", "4"]);
    assert_eq!(store.view("b").await.unwrap().as_deref(), Some("4"));
    assert_eq!(store.view("d").await.unwrap(), None);
}

async fn another_network_is_refused(location: &StoreLocation) {
    Store::open(location, "one").await.unwrap().close().await;
    Store::open(location, "one").await.unwrap().close().await;
    let refused = Store::open(location, "two").await;
    assert!(matches!(refused, Err(StoreError::WrongNetwork { .. })));
}

async fn concurrent_writes_are_all_stored(location: &StoreLocation) {
    let store = Arc::new(Store::open(location, "n").await.unwrap());
    let writes = (0..600).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.put_view(&n.to_string(), "view", &exclusive()).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    assert_eq!(store.views(1_000).await.unwrap().len(), 600);
}

/// Takes the wanted leases that are free, and returns them with their epochs.
async fn take(store: &Store, member: &str, wanted: &[Partition]) -> Vec<(Partition, u64)> {
    let taken = store.take(member, wanted, LONG).await.unwrap();
    taken.into_iter().collect()
}

async fn a_lost_lease_refuses_writes_with_its_epoch(location: &StoreLocation) {
    let store = Arc::new(Store::open(location, "n").await.unwrap());
    let (a, b) = (member("a"), member("b"));
    store.join(&a, LONG).await.unwrap();
    store.join(&b, LONG).await.unwrap();
    let partition = partitions(&a.orchestrator)[0];
    let held_by = async |member: &str| {
        let taken = take(&store, member, &[partition]).await;
        Fence::leased(partition, member, taken[0].1)
    };
    let leases = LeaseSet::shared();
    leases.join("a");
    let journal = MemberJournal::new(store.clone(), leases);

    let first = held_by("a").await;
    let kept = write_everything(&store, &first).await;
    assert!(kept.iter().all(Result::is_ok), "{kept:?}");
    let begin = async |fence: &Fence, signature: &str| {
        let fenced = journal.fenced(vec![fence.clone()]);
        fenced.begin(&entry(signature)).await
    };
    begin(&first, "first").await.unwrap();
    let before = store.load_submissions(Scope::All).await.unwrap();
    assert_eq!((before.by_seat.len(), before.failures.len()), (1, 1));

    // Another member takes the partition.
    store.give_back("a", &[partition]).await.unwrap();
    let second = held_by("b").await;
    // And "a" gets it back, with another epoch.
    let refused_while_lost = write_everything(&store, &first).await;
    assert!(begin(&first, "while lost").await.is_err());
    store.give_back("b", &[partition]).await.unwrap();
    let third = held_by("a").await;
    let refused_after = write_everything(&store, &first).await;
    assert!(begin(&first, "after").await.is_err());
    let of_another = write_everything(&store, &second).await;
    let refused = refused_while_lost.into_iter().chain(refused_after);
    for refused in refused.chain(of_another) {
        assert!(
            matches!(refused, Err(StoreError::LeaseLost { .. })),
            "{refused:?}"
        );
    }
    let after = store.load_submissions(Scope::All).await.unwrap();
    assert_eq!(after.by_seat, before.by_seat);
    assert_eq!(after.failures, before.failures);
    assert_eq!(after.settled, before.settled);
    assert_eq!(store.journal_length().await.unwrap(), 1);

    let kept = write_everything(&store, &third).await;
    assert!(kept.iter().all(Result::is_ok), "{kept:?}");
    begin(&third, "third").await.unwrap();
    // A transaction about two partitions needs both leases.
    let fences = vec![third.clone(), first];
    assert!(journal.fenced(fences).begin(&entry("both")).await.is_err());
    assert_eq!(store.journal_length().await.unwrap(), 2);
    // An expired lease protects nothing, even before another member takes it.
    store.renew("a", EXPIRED).await.unwrap();
    let expired = write_everything(&store, &third).await;
    assert!(expired.iter().all(Result::is_err), "{expired:?}");
}

/// Makes every write that a lease protects.
async fn write_everything(store: &Store, fence: &Fence) -> Vec<Result<(), StoreError>> {
    let seat = SeatKey {
        provider: Pubkey::new_from_array([8; 32]),
        ..seat(Pubkey::new_from_array([7; 32]), 3)
    };
    let other = SeatKey { shard: 4, ..seat };
    let at = (&seat.job, 3);
    let ended = Pubkey::new_from_array([6; 32]);
    vec![
        store.put_commitment(&seat, &submission(), fence).await,
        store.put_commitment(&other, &submission(), fence).await,
        store.put_reveal(&seat, &revealed(), fence).await,
        store.put_failure(at, &seat.provider, "no", fence).await,
        store.put_settled_result(at, &outcome(), fence).await,
        store
            .put_selection(&seat.job, &selection(0, 1, 5), fence)
            .await,
        store.put_view(&ended.to_string(), "view", fence).await,
        store.delete_seat(&other, fence).await,
        store.forget(&ended, fence).await,
    ]
}

async fn a_lease_has_one_holder_until_it_expires(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let (a, b) = (member("a"), member("b"));
    store.join(&a, LONG).await.unwrap();
    store.join(&b, LONG).await.unwrap();
    let some = &partitions(&a.orchestrator)[..3];
    let taken = store.take("a", &some[..2], LONG).await.unwrap();
    assert_eq!(taken.len(), 2);
    assert_eq!(take(&store, "b", some).await, [(some[2], 1)]);
    let leases = store.leases().await.unwrap();
    assert_eq!(leases.len(), 128);
    let held = |leases: &[crate::leases::partition::Lease], at: usize| {
        let lease = leases.iter().find(|lease| lease.partition == some[at]);
        lease.map(|l| (l.holder.clone(), l.epoch)).unwrap()
    };
    assert_eq!(held(&leases, 0), (Some("a".into()), 1));
    assert_eq!(held(&leases, 2), (Some("b".into()), 1));
    // A lease that is given back is free. A member cannot give back another's lease.
    store.give_back("a", &some[..1]).await.unwrap();
    store.give_back("a", &some[2..]).await.unwrap();
    assert_eq!(take(&store, "b", some).await, [(some[0], 2)]);
    // An expired lease is free and can no longer be renewed.
    store.renew("a", EXPIRED).await.unwrap();
    assert_eq!(take(&store, "b", some).await, [(some[1], 2)]);
    assert_eq!(
        held(&store.leases().await.unwrap(), 1),
        (Some("b".into()), 2)
    );
    let kept = store.renew("b", LONG).await.unwrap().unwrap();
    let expected = [(some[0], 2), (some[1], 2), (some[2], 1)];
    assert_eq!(kept, HashMap::from(expected));
    // Leaving gives all leases back at once.
    store.leave("b").await.unwrap();
    let leases = store.leases().await.unwrap();
    assert!(leases.iter().all(|lease| lease.holder.is_none()));
    // Only members can take leases.
    assert!(store.take("b", some, LONG).await.unwrap().is_empty());
}

async fn expired_members_have_to_join_again(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    store.join(&member("a"), LONG).await.unwrap();
    store.join(&member("b"), EXPIRED).await.unwrap();
    let ids = |members: Vec<Member>| members.into_iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(store.members().await.unwrap()), ["a"]);
    assert_eq!(store.renew("b", LONG).await.unwrap(), None);
    assert_eq!(store.renew("a", LONG).await.unwrap(), Some(HashMap::new()));
    assert_eq!(ids(store.members().await.unwrap()), ["a"]);
}

async fn only_entries_of_expired_members_are_adopted(location: &StoreLocation) {
    let store = Arc::new(Store::open(location, "n").await.unwrap());
    let journal = async |id: &str| {
        store.join(&member(id), LONG).await.unwrap();
        let leases = LeaseSet::shared();
        leases.join(id);
        MemberJournal::new(store.clone(), leases)
    };
    let (first, second) = (journal("first").await, journal("second").await);
    for signature in ["lives", "ends"] {
        first.begin(&entry(signature)).await.unwrap();
    }
    first.end("ends", EndState::Landed).await.unwrap();
    assert!(
        first.unfinished().await.unwrap().is_empty(),
        "its own entries are in flight"
    );
    assert!(second.unfinished().await.unwrap().is_empty());
    assert_eq!(store.journal_length().await.unwrap(), 1);
    store.leave("first").await.unwrap();
    assert_eq!(second.unfinished().await.unwrap(), [entry("lives")]);
    // An adopted entry is returned until it has ended.
    assert_eq!(second.unfinished().await.unwrap(), [entry("lives")]);
    second.end("lives", EndState::Expired).await.unwrap();
    assert!(second.unfinished().await.unwrap().is_empty());

    // In an exclusive store, the entries of an earlier run are the process's own.
    let journal = || MemberJournal::new(store.clone(), LeaseSet::exclusive());
    journal().begin(&entry("exclusive")).await.unwrap();
    assert_eq!(journal().unfinished().await.unwrap(), [entry("exclusive")]);
}

async fn an_expired_member_cannot_begin_an_entry(location: &StoreLocation) {
    let store = Arc::new(Store::open(location, "n").await.unwrap());
    store.join(&member("a"), LONG).await.unwrap();
    let leases = LeaseSet::shared();
    leases.join("a");
    let journal = MemberJournal::new(store.clone(), leases);
    journal.begin(&entry("in time")).await.unwrap();
    store.renew("a", EXPIRED).await.unwrap();
    let refused = journal.begin(&entry("late")).await.unwrap_err();
    assert!(refused.to_string().contains("expired"), "{refused}");
    let left = store.adopt_entries("b").await.unwrap();
    assert_eq!(left, [entry("in time")]);
}

fn recorded(signature: &str, position: u32, job: Pubkey) -> RecordedEvent {
    RecordedEvent {
        slot: u64::MAX,
        time: (position > 0).then_some(-5),
        signature: signature.into(),
        instruction: 1,
        position,
        event: ProgramEvent::JobCancelled(JobCancelled {
            job,
            shards: 1,
            refunded: u64::MAX,
            held_after: 0,
        }),
    }
}

async fn events_are_stored_once_and_in_order(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    assert_eq!(store.load().await.unwrap(), None);
    let cursor = |slot| Cursor {
        slot,
        signature: "b".into(),
    };
    let [one, two, three] = [1, 2, 3].map(|n| Pubkey::new_from_array([n; 32]));
    let (a, b) = (recorded("a", 0, one), recorded("a", 1, two));
    let both = [a.clone(), b.clone()];
    store.save(&cursor(1), &both).await.unwrap();
    store.close().await;
    let store = Store::open(location, "n").await.unwrap();
    let c = recorded("b", 0, one);
    let more = [b.clone(), c.clone()];
    store.save(&cursor(2), &more).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(cursor(2)));
    let all = store.events(0, None, 9).await.unwrap();
    let events: Vec<&RecordedEvent> = all.iter().map(|(_, one)| one).collect();
    assert_eq!(events, [&a, &b, &c]);
    assert_eq!(store.events(all[0].0, None, 1).await.unwrap()[0].1, b);
    let of_one = store.events(0, Some(&one.to_string()), 9).await.unwrap();
    assert_eq!(of_one.len(), 2);
    assert!(store.events(all[2].0, None, 9).await.unwrap().is_empty());
    let many: Vec<RecordedEvent> = (0..250).map(|n| recorded("many", n, three)).collect();
    store.save(&cursor(3), &many).await.unwrap();
    let found = store
        .events(0, Some(&three.to_string()), 999)
        .await
        .unwrap();
    let found: Vec<RecordedEvent> = found.into_iter().map(|(_, one)| one).collect();
    assert_eq!(found, many);
}

async fn a_store_belongs_to_one_cluster(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    store.require_genesis("one").await.unwrap();
    store.require_genesis("one").await.unwrap();
    let refused = store.require_genesis("two").await.unwrap_err();
    assert!(
        matches!(&refused, OrchestratorError::OtherGenesis { expected, .. } if expected == "one")
    );
    assert!(refused.to_string().contains("--data"), "{refused}");
}
