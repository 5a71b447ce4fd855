//! Seats that do not commit or reveal in time are penalized, and delay neither the others nor the
//! refund of the client.

use millrace_client::{instructions, pda};
use millrace_fixture::{RIGHT, Setup, TestNetwork, refused, replace_account};
use millrace_program::state::{JobState, SeatStatus, ShardState};

fn network(workers: usize) -> TestNetwork {
    Setup {
        workers,
        ..Setup::default()
    }
    .build()
}

#[test]
fn seat_without_a_commitment_is_expired_and_refilled() {
    let mut network = network(4);
    let job = network.post_with(|t| (t.quorum, t.max_replicas) = (3, 5));
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &[(0, RIGHT), (2, RIGHT)]).unwrap();
    network.warp(60);
    network.expire_seat(&job, 0, 1).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(shard.seats[1].status(), SeatStatus::Empty);
    assert_eq!((shard.attempt, shard.free_seats()), (1, 1));
    // A tenth of the 10,000 that the seat locked.
    let after = network.balances(&job);
    assert_eq!(after.stakes, [100_000, 99_000, 100_000, 100_000]);
    assert_eq!(after.burnt, 1_000);
    let late = network.provider(1);
    assert_eq!((late.late, late.locked, late.open_seats), (1, 0, 0));

    network.assign(&job, 0, &[3]).unwrap();
    assert_eq!(network.seat_of(&job, 0, 3), 1);
    assert_eq!(network.shard(&job, 0).commit_by, network.machine.now() + 60);
    network.commit(&job, 0, &[(3, RIGHT)]).unwrap();
    let answers = [(0, RIGHT), (3, RIGHT), (2, RIGHT)];
    network.reveal(&job, 0, &answers).unwrap();
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let end = network.balances(&job);
    assert_eq!(end.earnings, [4_000, 0, 4_000, 4_000]);
    assert_eq!(end.client, 1_000_000 - 12_300);
    assert_eq!(end.stakes, after.stakes);
}

#[test]
fn seat_can_commit_or_be_expired_but_never_both() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(59);
    refused(network.expire_seat(&job, 0, 0), "TooEarly");
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.warp(1);
    refused(network.commit(&job, 0, &[(1, RIGHT)]), "TooLate");
    network.expire_seat(&job, 0, 1).unwrap();
}

#[test]
fn only_an_uncommitted_seat_can_be_expired_before_reveals() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &[(0, RIGHT), (1, RIGHT)]).unwrap();
    network.warp(60);
    refused(network.expire_seat(&job, 0, 0), "WrongSeatStatus");
    let place = network.shard_ref(&job, 0);
    let nobodys = instructions::expire_seat(place, 5, network.workers[2].account, network.mints);
    refused(network.machine.send(&[nobodys], &[]), "WrongSeatStatus");
    let empty = instructions::expire_seat(place, 3, network.workers[2].account, network.mints);
    refused(network.machine.send(&[empty], &[]), "WrongSeatStatus");
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(network.expire_seat(&job, 0, 2), "WrongShardState");
}

#[test]
fn expired_seat_penalizes_its_own_provider() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(60);
    let [late, other] = [0, 1].map(|w| network.workers[w].account);
    let place = network.shard_ref(&job, 0);
    let expire = instructions::expire_seat(place, 0, late, network.mints);

    let anothers = instructions::expire_seat(place, 0, other, network.mints);
    refused(network.machine.send(&[anothers], &[]), "WrongAccount");
    let [own_vault, other_vault] = [late, other].map(|p| pda::stake_vault(&p));
    let from_another = replace_account(expire.clone(), own_vault, other_vault);
    refused(network.machine.send(&[from_another], &[]), "WrongAccount");
    let (stake, payment) = (network.mints.stake, network.mints.payment);
    let of_another_mint = replace_account(expire, stake, payment);
    refused(
        network.machine.send(&[of_another_mint], &[]),
        "WrongAccount",
    );
    assert_eq!(network.balances(&job).stakes, [100_000; 3]);
}

#[test]
fn committed_seat_without_a_reveal_is_late() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.commit(&job, 0, &all).unwrap();
    network.reveal(&job, 0, &[(0, RIGHT), (2, RIGHT)]).unwrap();
    network.warp(89);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.warp(1);
    network.settle(&job, 0).unwrap();
    // The provider may have seen that its result is wrong, so it loses as much as for a wrong result:
    // half of its lock.
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 0, 4_000]);
    assert_eq!(after.stakes, [100_000, 95_000, 100_000]);
    assert_eq!((after.fees, after.burnt), (200, 5_000));
    assert_eq!(network.provider(1).late, 1);
    let statuses = network.shard(&job, 0).seats.map(|s| s.status());
    assert_eq!(statuses[1], SeatStatus::Late);
}

#[test]
fn uncommitted_seat_does_not_delay_a_quorum() {
    let mut network = network(3);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    let both = [(0, RIGHT), (1, RIGHT)];
    network.commit(&job, 0, &both).unwrap();
    network.warp(60);
    network.reveal(&job, 0, &both).unwrap();
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 4_000, 0]);
    assert_eq!(after.stakes, [100_000, 100_000, 99_000]);
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Settled));
}

#[test]
fn late_penalty_compensates_no_one() {
    let mut network = Setup {
        one_mint: true,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    let both = [(0, RIGHT), (1, RIGHT)];
    network.commit(&job, 0, &both).unwrap();
    network.warp(60);
    network.reveal(&job, 0, &both).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).burnt, 1_000);
}

#[test]
fn only_committed_seat_is_not_late_and_keeps_its_seat() {
    let mut network = network(5);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &[(1, RIGHT)]).unwrap();
    network.warp(60);
    refused(network.reveal(&job, 0, &[(1, RIGHT)]), "RevealsNotOpen");
    network.warp(30);
    network.settle(&job, 0).unwrap();
    let stakes = [99_000, 100_000, 99_000, 100_000, 100_000];
    assert_eq!(network.balances(&job).stakes, stakes);
    let statuses = network.shard(&job, 0).seats.map(|s| s.status());
    let (empty, committed) = (SeatStatus::Empty, SeatStatus::Committed);
    assert_eq!(statuses[..3], [empty, committed, empty]);

    network.assign(&job, 0, &[3, 4]).unwrap();
    network.commit(&job, 0, &[(3, RIGHT), (4, RIGHT)]).unwrap();
    let answers = [(1, RIGHT), (3, RIGHT), (4, RIGHT)];
    network.reveal(&job, 0, &answers).unwrap();
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [0, 4_000, 0, 4_000, 4_000]);
    assert_eq!(after.stakes, stakes);
}

#[test]
fn late_provider_can_be_assigned_again_and_penalized_again() {
    let mut network = network(1);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    for round in 1..=2 {
        network.assign(&job, 0, &[0]).unwrap();
        network.warp(60);
        network.expire_seat(&job, 0, 0).unwrap();
        assert_eq!(network.provider(0).late, round);
        assert_eq!(network.shard(&job, 0).attempt, round as u8);
    }
    assert_eq!(network.balances(&job).stakes, [98_000]);
}

#[test]
fn unassigned_job_expires_at_its_deadline_and_is_refunded() {
    let mut network = network(0);
    let job = network.post_with(|t| t.shards = 3);
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 1);
    refused(network.expire_job(&job), "TooEarly");
    network.machine.set_time(deadline);
    network.expire_job(&job).unwrap();
    let account = network.job(&job);
    assert_eq!(account.state(), Some(JobState::Expired));
    assert_eq!((account.failed, account.held().unwrap()), (3, 46_125));
    refused(network.expire_job(&job), "WrongJobState");
    network.close(&job, &[]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000);
}

#[test]
fn idle_seat_past_the_deadline_is_late_and_the_client_refunded() {
    let mut network = network(3);
    let job = network.post_with(|t| t.shards = 2);
    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    network.assign(&job, 1, &[0, 1, 2]).unwrap();
    network.commit(&job, 1, &[(2, RIGHT)]).unwrap();
    network.machine.set_time(deadline - 1);
    refused(network.settle(&job, 1), "ShardNotDue");
    network.machine.set_time(deadline);
    network.expire_job(&job).unwrap();
    assert_eq!(network.job(&job).failed, 1);
    network.settle(&job, 1).unwrap();
    assert_eq!(network.shard(&job, 1).state(), Some(ShardState::Failed));
    network.close(&job, &[1]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.stakes, [99_000, 99_000, 100_000]);
    assert_eq!(after.burnt, 2_000);
}
