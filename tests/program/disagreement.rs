//! A result that differs from the quorum is slashed, but not before every seat had its time.

use millrace_fixture::{Answer, Balances, RIGHT, Setup, TestNetwork, WRONG, refused};
use millrace_program::state::{SeatStatus, ShardState};
use solana_sdk::pubkey::Pubkey;

fn network(workers: usize, one_mint: bool) -> TestNetwork {
    Setup {
        workers,
        one_mint,
        ..Setup::default()
    }
    .build()
}

#[test]
fn one_wrong_result_of_three_is_slashed_and_burnt() {
    let mut network = network(3, true);
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    // Two seats are paid 4,000 each, with a fee of 200. Half of the lock of 10,000 is burnt.
    let settled = Balances {
        client: 984_625,
        escrow: 15_375 - 8_200,
        fees: 200,
        burnt: 5_000,
        stakes: vec![100_000, 95_000, 100_000],
        earnings: vec![4_000, 0, 4_000],
    };
    assert_eq!(network.balances(&job), settled);
    let statuses = network.shard(&job, 0).seats.map(|s| s.status());
    assert_eq!(statuses[1], SeatStatus::Disagreed);
    let dissenter = network.provider(1);
    assert_eq!(
        (dissenter.disagreed, dissenter.agreed, dissenter.slashed),
        (1, 0, 5_000)
    );
    assert_eq!(
        (dissenter.active, dissenter.locked, dissenter.open_seats),
        (95_000, 0, 0)
    );

    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 8_200);
}

#[test]
fn late_seats_of_an_empty_round_can_be_assigned_while_it_fits() {
    let mut network = network(5, false);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (3, 3, 5));
    let first = [(0, RIGHT), (1, RIGHT), (2, WRONG)];
    network.run_seats(&job, 0, &first);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).target, 5);
    // The results of the first round reach a quorum, but reveal nothing about this round.
    network.warp(60);
    network.run_seats(&job, 0, &[(3, RIGHT), (4, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let settled = network.shard(&job, 0);
    assert_eq!(settled.state(), Some(ShardState::Settled));
}

/// A wrong result that two more seats outvote: four seats are paid where three were asked for.
fn outvoted(network: &mut TestNetwork) -> Pubkey {
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (3, 3, 5));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.run_seats(&job, 0, &[(3, RIGHT), (4, RIGHT)]);
    network.settle(&job, 0).unwrap();
    job
}

#[test]
fn outvoted_seat_loses_its_penalty_to_no_one() {
    for one_mint in [true, false] {
        let mut network = network(5, one_mint);
        let job = outvoted(&mut network);
        network.close(&job, &[0]).unwrap();
        let after = network.balances(&job);
        // Four seats were paid 4,000 each, where three were asked for.
        assert_eq!(after.client, 1_000_000 - 4 * 4_100);
        assert_eq!((after.fees, after.burnt), (400, 5_000));
        assert_eq!(after.stakes, [100_000, 95_000, 100_000, 100_000, 100_000]);
    }
}

#[test]
fn equal_roots_with_different_units_disagree() {
    let mut network = network(3, true);
    let job = network.post_with(|_| ());
    let other_units = Answer {
        units: 999,
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, other_units)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.provider(2).disagreed, 1);
    assert_eq!(network.balances(&job).stakes, [100_000, 100_000, 95_000]);
}

#[test]
fn disagreement_opens_more_seats_before_slashing() {
    let mut network = network(5, true);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (3, 3, 5));
    let before = network.balances(&job);
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    network.warp(5);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job), before);
    let shard = network.shard(&job, 0);
    assert_eq!(shard.state(), Some(ShardState::Assigned));
    assert_eq!((shard.attempt, shard.target), (1, 5));
    assert_eq!(shard.commit_by, network.machine.now() + 60);
    assert_eq!(shard.reveal_by, network.machine.now() + 90);
    assert_eq!(network.provider(1).locked, 10_000);
    refused(network.settle(&job, 0), "ShardNotDue");

    network.run_seats(&job, 0, &[(3, RIGHT), (4, RIGHT)]);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 0, 4_000, 4_000, 4_000]);
    assert_eq!(after.stakes, [100_000, 95_000, 100_000, 100_000, 100_000]);
    assert_eq!((after.fees, after.burnt), (400, 5_000));
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 4 * 4_100);
}

#[test]
fn quorum_slashes_no_one_while_seats_are_outstanding() {
    let mut network = network(5, true);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (4, 3, 5));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG), (3, RIGHT)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Assigned));
    assert_eq!(network.balances(&job).stakes, [100_000; 5]);

    network.run_seats(&job, 0, &[(4, WRONG)]);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.stakes, [100_000, 100_000, 95_000, 100_000, 95_000]);
    assert_eq!(after.earnings, [4_000, 4_000, 0, 4_000, 0]);
}

#[test]
fn without_time_for_another_round_the_quorum_is_paid_and_no_one_slashed() {
    let mut network = network(4, true);
    let job = network.post_with(|t| {
        (t.replicas, t.quorum, t.max_replicas) = (4, 3, 5);
        t.deadline -= 3_600 - 90;
    });
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG), (3, RIGHT)]);
    network.warp(1);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 4_000, 0, 4_000]);
    assert_eq!(after.stakes, [100_000; 4]);
    let loser = network.provider(2);
    assert_eq!((loser.disagreed, loser.late, loser.locked), (0, 0, 0));
    let statuses = network.shard(&job, 0).seats.map(|s| s.status());
    assert_eq!(statuses[2], SeatStatus::Released);
}

#[test]
fn shard_without_a_quorum_fails_and_is_refunded_without_slashing() {
    let mut network = network(3, true);
    let job = network.post_with(|_| ());
    let other = Answer {
        root: [3; 32],
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, other)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(network.job(&job).failed, 1);
    network.close(&job, &[0]).unwrap();
    let expected = Balances {
        client: 1_000_000,
        escrow: 0,
        fees: 0,
        burnt: 0,
        stakes: vec![100_000; 3],
        earnings: vec![0; 3],
    };
    assert_eq!(network.balances(&job), expected);
    for worker in 0..3 {
        let account = network.provider(worker);
        assert_eq!((account.agreed, account.disagreed, account.late), (0, 0, 0));
        assert_eq!((account.locked, account.open_seats), (0, 0));
    }
}

#[test]
fn unassigned_reopened_shard_fails_when_no_round_fits() {
    let mut network = network(3, true);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (3, 3, 5));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();

    let deadline = network.job(&job).deadline;
    network.machine.set_time(deadline - 90);
    refused(network.settle(&job, 0), "ShardNotDue");
    network.machine.set_time(deadline - 89);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.client, 1_000_000);
    assert_eq!(after.stakes, [100_000; 3]);
}

#[test]
fn reopened_shard_takes_further_seats_while_a_round_fits() {
    let mut network = network(5, false);
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (3, 3, 5));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    // The round's commit window has passed without a commitment. The results of the round before are
    // public, and a new seat gets a whole window.
    network.machine.set_time(network.job(&job).deadline - 90);
    network.run_seats(&job, 0, &[(3, RIGHT), (4, WRONG)]);
    network.settle(&job, 0).unwrap();
    let after = network.balances(&job);
    assert_eq!(after.earnings, [4_000, 0, 4_000, 4_000, 0]);
    assert_eq!(after.stakes, [100_000, 95_000, 100_000, 100_000, 95_000]);
}
