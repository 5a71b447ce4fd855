//! What each party gains and loses by acts that the rules once rewarded.

use millrace_client::instructions::{self, ChosenProvider};
use millrace_client::pda;
use millrace_fixture::{RIGHT, SOL, Setup, TestNetwork, WRONG, key, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, SeatStatus, ShardState};
use solana_sdk::signer::Signer;

fn network(one_mint: bool) -> TestNetwork {
    Setup {
        one_mint,
        ..Setup::default()
    }
    .build()
}

fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// The first three workers' providers, chosen at these prices.
fn chosen_at(network: &TestNetwork, prices: [u64; 3]) -> Vec<ChosenProvider> {
    let accounts = network.provider_accounts(&[0, 1, 2]);
    let chosen = accounts.into_iter().zip(prices);
    chosen
        .map(|(account, agreed_price)| ChosenProvider {
            account,
            agreed_price,
        })
        .collect()
}

#[test]
fn client_and_two_seats_gain_nothing_by_outvoting_an_honest_seat() {
    let mut network = network(true);
    let client = network.owner.pubkey();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, WRONG), (1, WRONG), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    // The client paid its own seats 8,000 and lost the fee of 200. Nothing of the penalty reached it.
    let coalition = network
        .machine
        .tokens(&network.mints.payment_account(&client))
        + after.earnings[0]
        + after.earnings[1];
    assert_eq!(coalition, 1_000_000 - 200);
    assert_eq!(after.burnt, 5_000);
}

#[test]
fn delivery_is_attested_although_a_stranger_revealed_first() {
    let mut network = network(false);
    let job = network.post_with(|_| ());
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &all).unwrap();
    network.reveal_by_anyone(&job, 0, &all).unwrap();
    refused(network.settle(&job, 0), "ShardNotDue");
    refused(network.reveal(&job, 0, &[(0, WRONG)]), "RevealMismatch");
    // Not even the end of the windows prevents it.
    network.warp(95);
    network.reveal(&job, 0, &all[..1]).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn provider_that_raised_its_price_is_skipped() {
    let mut network = network(false);
    let job = network.post_with(|_| ());
    let chosen = chosen_at(&network, [4, 3, 4]);
    let place = network.shard_ref(&job, 0);
    let assign = instructions::assign_seats(network.orchestrator.pubkey(), place, &chosen);
    network
        .machine
        .send(&[assign], &[&network.orchestrator])
        .unwrap();
    let seated: Vec<_> = network.shard(&job, 0).seats.map(|s| s.provider).to_vec();
    assert_eq!(seated[..2], [chosen[0].account, chosen[2].account]);
    assert_eq!(network.shard(&job, 0).live_seats(), 2);
    let dear = instructions::assign_seats(network.orchestrator.pubkey(), place, &chosen[1..2]);
    let outcome = network.machine.send(&[dear], &[&network.orchestrator]);
    refused(outcome, "PriceAboveAgreed");
}

#[test]
fn no_seat_locks_more_than_the_provider_allows() {
    let mut network = network(false);
    let careful = network.add_staked_provider(100_000, |args| args.offer.max_seat_lock = 9_999);
    let job = network.post_with(|_| ());
    // A seat locks 10,000.
    refused(network.assign(&job, 0, &[careful]), "LockAboveMaximum");
    let cheaper = network.post_with(|t| t.price_cap = 4);
    network.assign(&cheaper, 0, &[careful]).unwrap();
    assert_eq!(network.provider(careful).locked, 8_000);
}

#[test]
fn unheard_challenge_pays_no_result_that_was_not_delivered() {
    let mut network = network(false);
    let challenger = key(6);
    let fund = (&network.mints.payment.clone(), 50_000);
    network.machine.airdrop(&challenger.pubkey(), SOL);
    network
        .machine
        .open_wallet(&challenger.pubkey(), network.mints, fund);
    let job = network.post_with(challengeable);
    network.assign(&job, 0, &[0]).unwrap();
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.reveal_by_anyone(&job, 0, &[(0, RIGHT)]).unwrap();
    network.challenge(&job, 0, &challenger).unwrap();
    network.machine.set_time(network.job(&job).deadline);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Failed));
    assert_eq!(network.balances(&job).earnings[0], 0);
    let wallet = network.mints.payment_account(&challenger.pubkey());
    assert_eq!(network.machine.tokens(&wallet), 50_000);
}

#[test]
fn audited_seat_does_not_escape_while_its_auditor_is_late() {
    let mut network = network(false);
    let job = network.post_with(|t| {
        (t.mode, t.audit_bps) = (Mode::Audit, 10_000);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    network.assign(&job, 0, &[0]).unwrap();
    network.commit(&job, 0, &[(0, WRONG)]).unwrap();
    network.machine.advance_slots(20, 3);
    network.draw_audit(&job, 0).unwrap();
    network.assign(&job, 0, &[1]).unwrap();
    network.warp(90);
    refused(network.decline(&job, 0, 0), "WrongSeatStatus");
    let seat = network.shard(&job, 0).seats[0];
    assert_eq!(seat.status(), SeatStatus::Committed);
}

#[test]
fn dealing_with_oneself_earns_at_most_its_fees() {
    let mut network = network(true);
    network.fund_rewards(900_000);
    let job = network.post_with(|t| (t.replicas, t.quorum) = (2, 2));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    network.warp(86_400);
    network.close_epoch(0).unwrap();
    for worker in [0, 1] {
        network.bank_rewards(worker, 0).unwrap();
    }
    let rewards: u64 = [0, 1]
        .map(|worker| network.provider(worker).reward_due)
        .iter()
        .sum();
    let fees = network.machine.tokens(&pda::treasury(
        &network.mints.payment,
        millrace_program::state::bucket_of(&job),
    ));
    assert!(rewards <= fees, "{rewards} of {fees}");
    assert_eq!((rewards, fees), (200, 200));
}

#[test]
fn result_that_is_attested_already_does_not_stop_the_others() {
    let mut network = network(false);
    let job = network.post_with(|_| ());
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &all).unwrap();
    network.reveal_by_anyone(&job, 0, &all[..1]).unwrap();
    network.acknowledge(&job, 0, 0).unwrap();
    network.reveal(&job, 0, &all).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [4_000; 3]);
}

#[test]
fn challengeable_result_is_not_attested_after_its_challenge_window() {
    let mut network = network(false);
    let job = network.post_with(challengeable);
    network.assign(&job, 0, &[0]).unwrap();
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.reveal_by_anyone(&job, 0, &[(0, RIGHT)]).unwrap();
    network.warp(120);
    refused(network.reveal(&job, 0, &[(0, RIGHT)]), "TooLate");
    // The client may accept it at any time.
    network.acknowledge(&job, 0, 0).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings[0], 4_000);
}

#[test]
fn new_shard_does_not_start_with_fewer_seats_than_must_agree() {
    let mut network = network(false);
    let job = network.post_with(|_| ());
    let chosen = chosen_at(&network, [4, 3, 3]);
    let place = network.shard_ref(&job, 0);
    let assign = instructions::assign_seats(network.orchestrator.pubkey(), place, &chosen);
    let outcome = network.machine.send(&[assign], &[&network.orchestrator]);
    refused(outcome, "PriceAboveAgreed");
}

#[test]
fn committed_seat_leaves_although_its_round_is_restarted_again_and_again() {
    let mut network = network(false);
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    // Another seat is declined and taken again, which restarts the windows.
    network.decline(&job, 0, 1).unwrap();
    network.assign(&job, 0, &[1]).unwrap();
    network.decline(&job, 0, 0).unwrap();
    let left = network.provider(0);
    assert_eq!((left.locked, left.late), (0, 0));
}
