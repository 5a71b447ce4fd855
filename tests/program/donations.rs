//! Tokens that are donated to a vault change nothing.

use millrace_client::{instructions, pda};
use millrace_fixture::{Balances, PARAMETERS, RIGHT, Setup, TestNetwork, WRONG, refused};
use millrace_program::constants::BUCKETS;
use millrace_program::state::{Provider, bucket_of};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const GIFT: u64 = 777;

/// Donates to every vault around a job.
fn donate(network: &mut TestNetwork, job: &Pubkey) {
    let mints = network.mints;
    let bucket = bucket_of(job);
    let client = pda::client(&network.owner.pubkey());
    let mut vaults = vec![
        (mints.payment, pda::escrow(&client)),
        (mints.payment, pda::treasury(&mints.payment, bucket)),
    ];
    for worker in &network.workers {
        vaults.push((mints.stake, pda::stake_vault(&worker.account)));
        vaults.push((mints.payment, pda::earnings_vault(&worker.account)));
    }
    for (mint, vault) in vaults {
        network.machine.mint(&mint, &vault, GIFT);
    }
}

/// A job with one wrong result, from beginning to end, optionally with donations before and after every
/// step.
fn run(donations: bool) -> (Balances, u64, Vec<Provider>) {
    let mut network = Setup::default().build();
    let job = network.post_with(|_| ());
    let donation = |network: &mut TestNetwork| {
        if donations {
            donate(network, &job);
        }
    };
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    donation(&mut network);
    network.run_seats(&job, 0, &answers);
    donation(&mut network);
    network.settle(&job, 0).unwrap();
    donation(&mut network);
    network.close(&job, &[0]).unwrap();
    network.claim_earnings(0).unwrap();
    let authority = network.workers[0].authority.pubkey();
    let token_account = pda::token_account(&authority, &network.mints.payment);
    let account = (0..3).map(|w| network.provider(w)).collect();
    (
        network.balances(&job),
        network.machine.tokens(&token_account),
        account,
    )
}

#[test]
fn donated_tokens_stay_in_their_vault_and_change_nothing_else() {
    let (plain, claimed, account) = run(false);
    let (donated, claimed_too, account_too) = run(true);
    let donations = 3 * GIFT;
    let with_donations = |amounts: &[u64]| amounts.iter().map(|a| a + donations).collect();
    let expected = Balances {
        client: plain.client,
        escrow: plain.escrow + donations,
        fees: plain.fees + donations,
        burnt: plain.burnt,
        stakes: with_donations(&plain.stakes),
        earnings: with_donations(&plain.earnings),
    };
    assert_eq!(donated, expected);
    assert_eq!((claimed, claimed_too), (4_000, 4_000));
    for (one, other) in account.iter().zip(&account_too) {
        let of = |p: &Provider| [p.active, p.deposited, p.slashed, p.earned, p.claimed];
        assert_eq!(of(one), of(other));
    }
}

#[test]
fn tokens_donated_to_a_stake_vault_are_not_stake() {
    let mut network = TestNetwork::start();
    let worker = network.add_provider(0, |_| ());
    let vault = pda::stake_vault(&network.workers[worker].account);
    let mint = network.mints.stake;
    network.machine.mint(&mint, &vault, 1_000_000);
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[worker]), "StakeBelowMinimum");
}

#[test]
fn tokens_donated_to_a_bond_vault_are_not_bond_and_leave_with_it() {
    let mut parameters = PARAMETERS;
    parameters.min_bond = 1_000;
    let mut network = Setup {
        parameters,
        ..Setup::default()
    }
    .build();
    let (own, mints) = (network.orchestrator.insecure_clone(), network.mints);
    let wallet = own.pubkey();
    let fund = (&mints.stake, 999);
    network.machine.open_wallet(&wallet, mints, fund);
    let bond = instructions::bond(wallet, &wallet, mints, 999);
    network.machine.send(&[bond], &[&own]).unwrap();
    let vault = pda::bond_vault(&pda::orchestrator(&wallet));
    network.machine.mint(&mints.stake, &vault, GIFT);
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[0]), "BondBelowMinimum");
    let retire = instructions::retire_orchestrator(wallet, &wallet);
    network.machine.send(&[retire], &[&own]).unwrap();
    network.warp(7 * 86_400);
    let payer = network.authority.pubkey();
    let withdraw = instructions::withdraw_bond(&wallet, payer, mints);
    network.machine.send(&[withdraw], &[]).unwrap();
    assert_eq!(
        network.machine.tokens(&mints.stake_account(&wallet)),
        999 + GIFT
    );
}

#[test]
fn tokens_donated_to_the_rewards_vault_are_not_promised() {
    let mut network = TestNetwork::start();
    network.fund_rewards(500);
    let mint = network.mints.stake;
    network
        .machine
        .mint(&mint, &pda::rewards_vault(), 1_000_000);
    let job = network.post_with(|t| (t.replicas, t.quorum) = (2, 2));
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.close_and_bank(0, 0);
    // Half of the 200 that the fees bound.
    assert_eq!(network.provider(0).reward_due, 100);
    network.claim_rewards(0).unwrap();
    assert_eq!(network.machine.tokens(&pda::rewards_vault()), 1_000_400);
}

#[test]
fn tokens_donated_to_treasuries_can_be_withdrawn_by_the_authority() {
    let mut network = TestNetwork::start();
    let (own, mints) = (network.authority.insecure_clone(), network.mints);
    let token_account = mints.payment_account(&network.owner.pubkey());
    for bucket in 0..BUCKETS {
        let vault = pda::treasury(&mints.payment, bucket);
        network.machine.mint(&mints.payment, &vault, GIFT);
        let withdraw = |amount| {
            instructions::withdraw_treasury(own.pubkey(), mints, bucket, token_account, amount)
        };
        let outcome = network.machine.send(&[withdraw(GIFT + 1)], &[&own]);
        refused(outcome, "InsufficientFunds");
        network.machine.send(&[withdraw(GIFT)], &[&own]).unwrap();
    }
    let donations = u64::from(BUCKETS) * GIFT;
    assert_eq!(
        network.machine.tokens(&token_account),
        1_000_000 + donations
    );
}
