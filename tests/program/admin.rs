//! Permissions of the authority and the pauser, and what a pause never stops.

use anchor_lang::Discriminator;
use millrace_client::{instructions, pda};
use millrace_fixture::{PARAMETERS, RIGHT, SOL, Setup, TestNetwork, key, refused};
use millrace_program::constants::MAX_FEE_BPS;
use millrace_program::events::PauserChanged;
use millrace_program::state::{Network, Orchestrator, bucket_of};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

fn network_account(network: &TestNetwork) -> Network {
    network.read(&pda::network())
}

#[test]
fn authority_changes_only_if_the_new_one_accepts() {
    let mut network = TestNetwork::start();
    let (own, next, stranger) = (network.authority.insecure_clone(), key(6), key(7));
    let propose = |by: &Keypair, key: Pubkey| instructions::propose_authority(by.pubkey(), key);
    let accept = |by: &Keypair| instructions::accept_authority(by.pubkey());

    let strangers = propose(&stranger, stranger.pubkey());
    refused(
        network.machine.send(&[strangers], &[&stranger]),
        "NotAuthorized",
    );
    refused(
        network.machine.send(&[accept(&next)], &[&next]),
        "NotAuthorized",
    );
    let proposal = propose(&own, next.pubkey());
    network.machine.send(&[proposal], &[&own]).unwrap();
    refused(
        network.machine.send(&[accept(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    assert_eq!(network_account(&network).authority, own.pubkey());

    network.machine.send(&[accept(&next)], &[&next]).unwrap();
    assert_eq!(network_account(&network).authority, next.pubkey());
    assert_eq!(
        network_account(&network).pending_authority,
        Pubkey::default()
    );
    refused(
        network.machine.send(&[accept(&next)], &[&next]),
        "NotAuthorized",
    );
    let late = propose(&own, own.pubkey());
    refused(network.machine.send(&[late], &[&own]), "NotAuthorized");
}

#[test]
fn proposed_authority_can_be_withdrawn() {
    let mut network = TestNetwork::start();
    let (own, next) = (network.authority.insecure_clone(), key(6));
    for proposed in [next.pubkey(), Pubkey::default()] {
        let propose = instructions::propose_authority(own.pubkey(), proposed);
        network.machine.send(&[propose], &[&own]).unwrap();
    }
    let accept = instructions::accept_authority(next.pubkey());
    refused(network.machine.send(&[accept], &[&next]), "NotAuthorized");
}

#[test]
fn parameters_change_within_bounds_and_not_for_posted_jobs() {
    let mut network = TestNetwork::start();
    let own = network.authority.insecure_clone();
    let job = network.post_with(|_| ());
    let before = network.job(&job);
    let mut parameters = PARAMETERS;
    (parameters.fee_bps, parameters.slash_bps) = (1_000, 10_000);
    (parameters.late_bps, parameters.reward_bps) = (2_500, 0);
    (parameters.lock_bps, parameters.accept_secs) = (1, 0);
    let set = |p, by: &Keypair| instructions::set_parameters(by.pubkey(), p);
    let stranger = key(6);
    refused(
        network
            .machine
            .send(&[set(parameters, &stranger)], &[&stranger]),
        "NotAuthorized",
    );
    let mut beyond = parameters;
    beyond.fee_bps = MAX_FEE_BPS + 1;
    refused(
        network.machine.send(&[set(beyond, &own)], &[&own]),
        "ParameterOutOfBounds",
    );
    network
        .machine
        .send(&[set(parameters, &own)], &[&own])
        .unwrap();
    let after = network.job(&job);
    assert_eq!(
        (after.fee_bps, after.slash_bps, after.late_bps),
        (before.fee_bps, before.slash_bps, before.late_bps)
    );
    network.run_seats(&job, 0, &ALL);
    network.settle(&job, 0).unwrap();
    // Still 2.5 % of 12,000.
    assert_eq!(network.balances(&job).fees, 300);
    let second = network.post_with(|t| t.price_cap = 10);
    assert_eq!(network.job(&second).fee_bps, 1_000);
    assert_eq!(network.job(&second).seat_lock, 1);
}

#[test]
fn pause_stops_new_work_but_no_exit() {
    let mut network = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    let own = network.authority.insecure_clone();
    let open = network.post_with(|t| t.shards = 2);
    let done = network.post_with(|_| ());
    network.run_seats(&done, 0, &ALL);
    network.assign(&open, 0, &[0, 1, 2]).unwrap();
    network.request_unstake(3, 50_000).unwrap();

    let stranger = key(6);
    let pause = |by: &Keypair| instructions::pause(by.pubkey());
    refused(
        network.machine.send(&[pause(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    network.machine.send(&[pause(&own)], &[&own]).unwrap();

    let terms = network.terms();
    refused(network.post(terms), "NetworkPaused");
    refused(network.stake(0, 1), "NetworkPaused");
    refused(network.assign(&open, 1, &[0]), "NetworkPaused");

    network.commit(&open, 0, &ALL).unwrap();
    network.reveal(&open, 0, &ALL).unwrap();
    network.settle(&open, 0).unwrap();
    network.cancel(&open).unwrap();
    network.close(&open, &[0]).unwrap();
    network.settle(&done, 0).unwrap();
    network.close(&done, &[0]).unwrap();
    network.claim_earnings(0).unwrap();
    network.request_unstake(3, 50_000).unwrap();
    network.warp(7 * 86_400);
    network.withdraw_stake(3).unwrap();
    assert_eq!(network.provider(3).withdrawn, 100_000);

    let resume = instructions::resume(own.pubkey());
    network.machine.send(&[resume], &[&own]).unwrap();
    network.post_with(|_| ());
}

#[test]
fn named_pauser_can_pause_and_resume() {
    let mut network = TestNetwork::start();
    let (own, pauser) = (network.authority.insecure_clone(), key(8));
    let name = |by: &Keypair| instructions::set_pauser(by.pubkey(), pauser.pubkey());
    refused(
        network.machine.send(&[name(&pauser)], &[&pauser]),
        "NotAuthorized",
    );
    network.machine.send(&[name(&own)], &[&own]).unwrap();
    assert_eq!(network.machine.ledger.seen[PauserChanged::DISCRIMINATOR], 1);
    let by_the_authority = instructions::pause(own.pubkey());
    refused(
        network.machine.send(&[by_the_authority], &[&own]),
        "NotAuthorized",
    );
    let by_the_pauser = instructions::pause(pauser.pubkey());
    network.machine.send(&[by_the_pauser], &[&pauser]).unwrap();
    assert_eq!(network_account(&network).paused, 1);
}

#[test]
fn only_the_authority_withdraws_the_treasury() {
    let mut network = TestNetwork::start();
    let own = network.authority.insecure_clone();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    network.settle(&job, 0).unwrap();
    let (bucket, mints) = (bucket_of(&job), network.mints);
    let token_account = mints.payment_account(&network.workers[0].authority.pubkey());
    let take = |by: &Keypair, amount| {
        instructions::withdraw_treasury(by.pubkey(), mints, bucket, token_account, amount)
    };
    let stranger = key(6);
    let outcome = network.machine.send(&[take(&stranger, 300)], &[&stranger]);
    refused(outcome, "NotAuthorized");
    refused(
        network.machine.send(&[take(&own, 0)], &[&own]),
        "AmountZero",
    );
    refused(
        network.machine.send(&[take(&own, 301)], &[&own]),
        "InsufficientFunds",
    );
    let escrow = pda::escrow(&pda::client(&network.owner.pubkey()));
    let treasury = pda::treasury(&mints.payment, bucket);
    let vault = pda::earnings_vault(&network.workers[0].account);
    for other in [escrow, vault] {
        let take = millrace_fixture::replace_account(take(&own, 1), treasury, other);
        refused(network.machine.send(&[take], &[&own]), "WrongAccount");
    }
    network.machine.send(&[take(&own, 300)], &[&own]).unwrap();
    assert_eq!(network.machine.tokens(&token_account), 300);
}

fn bonded(network: &mut TestNetwork, minimum: u64) {
    let own = network.authority.insecure_clone();
    let mut parameters = PARAMETERS;
    parameters.min_bond = minimum;
    let set = instructions::set_parameters(own.pubkey(), parameters);
    network.machine.send(&[set], &[&own]).unwrap();
}

fn bond(network: &TestNetwork, amount: u64) -> (Instruction, Keypair) {
    let funder = network.workers[0].authority.insecure_clone();
    let key = network.orchestrator.pubkey();
    let bond = instructions::bond(funder.pubkey(), &key, network.mints, amount);
    (bond, funder)
}

#[test]
fn orchestrator_needs_the_minimum_bond_to_assign() {
    let mut network = TestNetwork::start();
    bonded(&mut network, 1_000);
    let (mint, owner) = (network.mints.stake, network.workers[0].authority.pubkey());
    let token_account = network.mints.stake_account(&owner);
    network.machine.mint(&mint, &token_account, 1_000);
    let job = network.post_with(|_| ());
    refused(network.assign(&job, 0, &[0]), "BondBelowMinimum");
    for (amount, enough) in [(999, false), (1, true)] {
        let (bond, funder) = bond(&network, amount);
        network.machine.send(&[bond], &[&funder]).unwrap();
        assert_eq!(network.assign(&job, 0, &[0]).is_ok(), enough);
    }
    let (nothing, funder) = bond(&network, 0);
    refused(network.machine.send(&[nothing], &[&funder]), "AmountZero");
}

#[test]
fn retired_orchestrator_assigns_nothing_and_withdraws_its_bond_after_unbonding() {
    let mut network = TestNetwork::start();
    let (mint, funder) = (network.mints.stake, network.workers[0].authority.pubkey());
    let token_account = network.mints.stake_account(&funder);
    network.machine.mint(&mint, &token_account, 1_000);
    let (bond, funder) = bond(&network, 1_000);
    network.machine.send(from_ref(&bond), &[&funder]).unwrap();
    let job = network.post_with(|_| ());
    let (own, key) = (
        network.authority.insecure_clone(),
        network.orchestrator.pubkey(),
    );
    network.machine.open_wallet(&key, network.mints, (&mint, 0));
    let withdraw = instructions::withdraw_bond(&key, own.pubkey(), network.mints);
    let retire = |by: &Keypair| instructions::retire_orchestrator(by.pubkey(), &key);

    refused(
        network.machine.send(from_ref(&withdraw), &[]),
        "OrchestratorActive",
    );
    let stranger = millrace_fixture::key(6);
    refused(
        network.machine.send(&[retire(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    let itself = network.orchestrator.insecure_clone();
    network
        .machine
        .send(&[retire(&itself)], &[&itself])
        .unwrap();
    refused(
        network.machine.send(&[retire(&own)], &[&own]),
        "OrchestratorInactive",
    );
    refused(network.assign(&job, 0, &[0]), "OrchestratorInactive");
    network.machine.mint(&mint, &token_account, 1_000);
    refused(
        network.machine.send(&[bond], &[&funder]),
        "OrchestratorInactive",
    );
    let retired_at = network.machine.now();
    let account: Orchestrator = network.read(&pda::orchestrator(&key));
    assert_eq!((account.retired_at, account.bonded), (retired_at, 1_000));

    network.warp(7 * 86_400 - 1);
    refused(network.machine.send(from_ref(&withdraw), &[]), "TooEarly");
    network.warp(1);
    let lamports = network.machine.lamports_of(&own.pubkey());
    network.machine.send(&[withdraw], &[]).unwrap();
    let tokens = network.machine.tokens(&network.mints.stake_account(&key));
    assert_eq!(tokens, 1_000);
    assert!(network.machine.lamports_of(&own.pubkey()) > lamports + SOL / 1_000);
    let orchestrator = pda::orchestrator(&key);
    for closed in [orchestrator, pda::bond_vault(&orchestrator)] {
        let account = network.machine.account(&closed);
        assert!(account.is_none_or(|account| account.data.is_empty()));
    }
}
