//! Changes and exits of providers: with everything that they own, and nothing that others wait for.

use millrace_client::{instructions, pda};
use millrace_fixture::{RIGHT, Setup, TestNetwork, WRONG, key, offer, refused, replace_account};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const WEEK: i64 = 7 * 86_400;

/// A job of one seat, assigned to worker 0.
fn seated() -> (TestNetwork, Pubkey) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    network.assign(&job, 0, &[0]).unwrap();
    (network, job)
}

#[test]
fn stake_is_withdrawn_after_the_unbonding_time_and_not_before() {
    let mut network = TestNetwork::start();
    refused(network.request_unstake(0, 0), "AmountZero");
    refused(network.request_unstake(0, 100_001), "InsufficientFreeStake");
    refused(network.withdraw_stake(0), "AmountZero");
    network.request_unstake(0, 40_000).unwrap();
    let account = network.provider(0);
    assert_eq!((account.active, account.unbonding), (60_000, 40_000));
    network.warp(WEEK - 1);
    refused(network.withdraw_stake(0), "TooEarly");
    network.warp(1);
    network.withdraw_stake(0).unwrap();
    let authority = network.workers[0].authority.pubkey();
    let token_account = network.mints.stake_account(&authority);
    assert_eq!(network.machine.tokens(&token_account), 40_000);
    let account = network.provider(0);
    assert_eq!((account.active, account.withdrawn), (60_000, 40_000));
    refused(network.withdraw_stake(0), "AmountZero");
}

#[test]
fn second_unstake_request_restarts_unbonding_for_all() {
    let mut network = TestNetwork::start();
    network.request_unstake(0, 10_000).unwrap();
    network.warp(WEEK - 1);
    network.request_unstake(0, 1).unwrap();
    network.warp(1);
    refused(network.withdraw_stake(0), "TooEarly");
    network.warp(WEEK - 1);
    network.withdraw_stake(0).unwrap();
    assert_eq!(network.provider(0).withdrawn, 10_001);
}

#[test]
fn locked_stake_cannot_be_unstaked() {
    let (mut network, job) = seated();
    refused(network.request_unstake(0, 90_001), "InsufficientFreeStake");
    network.request_unstake(0, 90_000).unwrap();
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(network.request_unstake(0, 1), "InsufficientFreeStake");
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
    network.request_unstake(0, 10_000).unwrap();
}

#[test]
fn unbonding_stake_can_be_slashed_at_every_instant() {
    // The seat is assigned before the unstake request, right after it, or assigned after it and judged
    // at the last second to commit.
    for (before, after) in [(true, 0), (false, 0), (false, 59)] {
        let mut network = TestNetwork::start();
        let job = network.post_with(|_| ());
        if before {
            network.assign(&job, 0, &[0, 1, 2]).unwrap();
        }
        network.request_unstake(1, 90_000).unwrap();
        if !before {
            network.assign(&job, 0, &[0, 1, 2]).unwrap();
        }
        let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
        network.warp(after);
        network.commit(&job, 0, &answers).unwrap();
        network.reveal(&job, 0, &answers).unwrap();
        network.stake_more(1, 1);
        network.settle(&job, 0).unwrap();
        let account = network.provider(1);
        assert_eq!((account.slashed, account.disagreed), (5_000, 1));
        assert_eq!(account.active + account.unbonding, 100_001 - 5_000);
    }
}

/// Stake that finishes unbonding while two jobs judge its provider. `offset` is the time of the first
/// verdict relative to the end of unbonding; the stake is withdrawn before or after it.
fn judged_around_the_end(offset: i64, withdraws_first: bool, one_mint: bool) {
    let mut network = Setup {
        one_mint,
        ..Setup::default()
    }
    .build();
    let began = network.machine.now();
    network.request_unstake(1, 80_000).unwrap();
    network.machine.set_time(began + WEEK - 20);
    let jobs = [network.post_with(|_| ()), network.post_with(|_| ())];
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    let mut added = 0;
    let mut add = |network: &mut TestNetwork| {
        network.stake_more(1, 1);
        added += 1;
    };
    for job in &jobs {
        network.assign(job, 0, &[0, 1, 2]).unwrap();
        add(&mut network);
        network.commit(job, 0, &answers).unwrap();
        add(&mut network);
        network.reveal(job, 0, &answers).unwrap();
    }
    network.machine.set_time(began + WEEK + offset);
    let withdraw = |network: &mut TestNetwork| {
        if offset < 0 {
            refused(network.withdraw_stake(1), "TooEarly")
        } else {
            network.withdraw_stake(1).unwrap();
        }
    };
    if withdraws_first {
        withdraw(&mut network);
    }
    for (done, job) in jobs.iter().enumerate() {
        add(&mut network);
        // The lock of the other seat is never free, whatever was added.
        let free = network.provider(1).free_stake();
        refused(
            network.request_unstake(1, free + 1),
            "InsufficientFreeStake",
        );
        network.settle(job, 0).unwrap();
        assert_eq!(network.provider(1).slashed, 5_000 * (done as u64 + 1));
    }
    if !withdraws_first {
        withdraw(&mut network);
    }
    let account = network.provider(1);
    let out = if offset < 0 { 0 } else { 80_000 };
    assert_eq!((account.withdrawn, account.unbonding), (out, 80_000 - out));
    assert_eq!(account.active, 20_000 + added - 10_000);
    assert_eq!((account.disagreed, account.locked), (2, 0));
}

#[test]
fn two_penalties_are_taken_in_full_at_every_second_of_an_exit() {
    for offset in [-1, 0, 1] {
        for withdraws_first in [true, false] {
            judged_around_the_end(offset, withdraws_first, false);
            judged_around_the_end(offset, withdraws_first, true);
        }
    }
}

#[test]
fn unbonding_stake_backs_no_seat() {
    let mut network = Setup {
        stake: 20_000,
        ..Setup::default()
    }
    .build();
    let jobs = [network.post_with(|_| ()), network.post_with(|_| ())];
    for job in &jobs {
        network.assign(job, 0, &[0, 1, 2]).unwrap();
    }
    network.stake_more(1, 5_000);
    network.request_unstake(1, 5_000).unwrap();
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    for job in &jobs {
        network.commit(job, 0, &answers).unwrap();
        network.reveal(job, 0, &answers).unwrap();
        network.settle(job, 0).unwrap();
    }
    let account = network.provider(1);
    assert_eq!(
        (account.slashed, account.active, account.unbonding),
        (10_000, 10_000, 5_000)
    );
}

#[test]
fn provider_deregisters_with_its_rent_once_settled() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| (t.replicas, t.quorum) = (2, 2));
    network.assign(&job, 0, &[0, 1]).unwrap();
    refused(network.deregister(0), "ProviderNotSettled");
    let both = [(0, RIGHT), (1, RIGHT)];
    network.commit(&job, 0, &both).unwrap();
    network.reveal(&job, 0, &both).unwrap();
    network.settle(&job, 0).unwrap();
    refused(network.deregister(0), "ProviderNotSettled");
    network.request_unstake(0, 100_000).unwrap();
    refused(network.deregister(0), "ProviderNotSettled");
    network.warp(WEEK);
    network.withdraw_stake(0).unwrap();
    refused(network.deregister(0), "ProviderNotSettled");
    network.claim_earnings(0).unwrap();
    // It has points of an epoch that is not closed.
    refused(network.deregister(0), "ProviderNotSettled");
    network.pay_rewards(0, 0);

    let account = network.workers[0].account;
    // Donations to the vaults leave with the provider.
    for (mint, vault) in [
        (network.mints.stake, pda::stake_vault(&account)),
        (network.mints.payment, pda::earnings_vault(&account)),
    ] {
        network.machine.mint(&mint, &vault, 7);
    }
    let authority = network.workers[0].authority.pubkey();
    let before = network.machine.lamports_of(&authority);
    network.deregister(0).unwrap();
    assert!(network.machine.lamports_of(&authority) > before);
    let rest = [
        account,
        pda::stake_vault(&account),
        pda::earnings_vault(&account),
    ];
    for closed in rest {
        let left = network.machine.account(&closed);
        assert!(left.is_none_or(|account| account.data.is_empty()));
    }
    let tokens = |mint: &Pubkey| {
        let token_account = pda::token_account(&authority, mint);
        network.machine.tokens(&token_account)
    };
    // Stake, rewards and a donation; earnings and a donation.
    assert!(tokens(&network.mints.stake) >= 100_000 + 7);
    assert_eq!(tokens(&network.mints.payment), 4_000 + 7);
    network.workers.remove(0);
}

#[test]
fn deregistered_provider_may_register_again_without_debt() {
    let mut network = TestNetwork::start();
    network.request_unstake(0, 100_000).unwrap();
    network.warp(WEEK);
    network.withdraw_stake(0).unwrap();
    network.deregister(0).unwrap();
    let (authority, operator) = {
        let worker = &network.workers[0];
        (worker.authority.insecure_clone(), worker.operator.pubkey())
    };
    network.register(&authority, offer(operator)).unwrap();
    let account = network.provider(0);
    assert_eq!(
        (account.deposited, account.slashed, account.withdrawn),
        (0, 0, 0)
    );
    network.stake(0, 100_000).unwrap();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0]).unwrap();
}

#[test]
fn only_the_authority_changes_offer_operator_and_stake() {
    let mut network = TestNetwork::start();
    let (operator, account) = {
        let worker = &network.workers[0];
        (worker.operator.insecure_clone(), worker.account)
    };
    let cold = network.workers[0].authority.insecure_clone();
    let mut more_expensive = offer(operator.pubkey()).offer;
    more_expensive.ask_price = 9;
    let actions = [
        instructions::update_provider(cold.pubkey(), more_expensive),
        instructions::rotate_operator(cold.pubkey(), key(6).pubkey()),
        instructions::request_unstake(cold.pubkey(), 1),
        instructions::withdraw_stake(cold.pubkey(), network.mints),
        instructions::deregister(cold.pubkey(), network.mints),
    ];
    for action in &actions {
        let by_the_hot_key = replace_account(action.clone(), cold.pubkey(), operator.pubkey());
        assert!(by_the_hot_key.accounts.iter().any(|m| m.pubkey == account));
        let outcome = network.machine.send(&[by_the_hot_key], &[&operator]);
        refused(outcome, "NotAuthorized");
    }
    network.machine.send(&actions[..2], &[&cold]).unwrap();
    let account = network.provider(0);
    assert_eq!((account.ask_price, account.operator), (9, key(6).pubkey()));
}

#[test]
fn assigned_seat_keeps_its_price_and_needs_the_new_operator() {
    let (mut network, job) = seated();
    let cold = network.workers[0].authority.insecure_clone();
    let before = network.signed_commitment(&job, 0, (0, RIGHT));
    let mut free = offer(network.workers[0].operator.pubkey()).offer;
    (free.ask_price, free.max_open_seats) = (5, 1);
    let next = key(6);
    let actions = [
        instructions::update_provider(cold.pubkey(), free),
        instructions::rotate_operator(cold.pubkey(), next.pubkey()),
    ];
    network.machine.send(&actions, &[&cold]).unwrap();
    refused(
        network.record_commitments(&job, 0, &[before]),
        "SignatureMismatch",
    );
    network.workers[0].operator = next;
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings[0], 4_000);
}

#[test]
fn invalid_or_unsigned_offer_is_refused() {
    let mut network = TestNetwork::start();
    let cold = network.workers[0].authority.insecure_clone();
    let mut nothing = offer(cold.pubkey()).offer;
    nothing.ask_price = 0;
    let update = instructions::update_provider(cold.pubkey(), nothing);
    refused(network.machine.send(&[update], &[&cold]), "PriceZero");
    let mut unsigned = instructions::rotate_operator(cold.pubkey(), cold.pubkey());
    unsigned.accounts[0].is_signer = false;
    refused(network.machine.send(&[unsigned], &[]), "AccountNotSigner");
    let posing = instructions::request_unstake(key(6).pubkey(), 1);
    let outcome = network.machine.send(&[posing], &[&key(6)]);
    refused(outcome, "AccountNotInitialized");
}
