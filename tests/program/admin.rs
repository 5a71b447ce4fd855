//! What the authority and the pauser may do, each alone, and what a pause never stops.

use anchor_lang::Discriminator;
use millrace_client::{instructions, pda};
use millrace_fixture::{Market, PARAMETERS, RIGHT, SOL, Setup, key, refused};
use millrace_program::constants::MAX_FEE_BPS;
use millrace_program::events::PauserChanged;
use millrace_program::state::{Network, Orchestrator, bucket_of};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

const ALL: [(usize, millrace_fixture::Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

fn network(market: &Market) -> Network {
    market.read(&pda::network())
}

#[test]
fn the_authority_changes_hands_only_where_the_other_hand_takes_it() {
    let mut market = Market::open();
    let (own, next, stranger) = (market.authority.insecure_clone(), key(6), key(7));
    let propose = |by: &Keypair, key: Pubkey| instructions::propose_authority(by.pubkey(), key);
    let accept = |by: &Keypair| instructions::accept_authority(by.pubkey());

    let strangers = propose(&stranger, stranger.pubkey());
    refused(
        market.machine.send(&[strangers], &[&stranger]),
        "NotAuthorized",
    );
    refused(
        market.machine.send(&[accept(&next)], &[&next]),
        "NotAuthorized",
    );
    let proposal = propose(&own, next.pubkey());
    market.machine.send(&[proposal], &[&own]).unwrap();
    refused(
        market.machine.send(&[accept(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    assert_eq!(network(&market).authority, own.pubkey());

    market.machine.send(&[accept(&next)], &[&next]).unwrap();
    assert_eq!(network(&market).authority, next.pubkey());
    assert_eq!(network(&market).pending_authority, Pubkey::default());
    refused(
        market.machine.send(&[accept(&next)], &[&next]),
        "NotAuthorized",
    );
    let late = propose(&own, own.pubkey());
    refused(market.machine.send(&[late], &[&own]), "NotAuthorized");
}

#[test]
fn a_proposal_can_be_taken_back() {
    let mut market = Market::open();
    let (own, next) = (market.authority.insecure_clone(), key(6));
    for proposed in [next.pubkey(), Pubkey::default()] {
        let propose = instructions::propose_authority(own.pubkey(), proposed);
        market.machine.send(&[propose], &[&own]).unwrap();
    }
    let accept = instructions::accept_authority(next.pubkey());
    refused(market.machine.send(&[accept], &[&next]), "NotAuthorized");
}

#[test]
fn parameters_change_within_their_bounds_and_never_for_jobs_that_are_posted() {
    let mut market = Market::open();
    let own = market.authority.insecure_clone();
    let job = market.posted(|_| ());
    let before = market.job(&job);
    let mut parameters = PARAMETERS;
    (parameters.fee_bps, parameters.slash_bps) = (1_000, 10_000);
    (parameters.late_bps, parameters.bounty_bps) = (2_500, 0);
    (parameters.lock_bps, parameters.accept_secs) = (1, 0);
    let set = |p, by: &Keypair| instructions::set_parameters(by.pubkey(), p);
    let stranger = key(6);
    refused(
        market
            .machine
            .send(&[set(parameters, &stranger)], &[&stranger]),
        "NotAuthorized",
    );
    let mut beyond = parameters;
    beyond.fee_bps = MAX_FEE_BPS + 1;
    refused(
        market.machine.send(&[set(beyond, &own)], &[&own]),
        "ParameterOutOfBounds",
    );
    market
        .machine
        .send(&[set(parameters, &own)], &[&own])
        .unwrap();
    let after = market.job(&job);
    assert_eq!(
        (after.fee_bps, after.slash_bps, after.late_bps),
        (before.fee_bps, before.slash_bps, before.late_bps)
    );
    market.answered(&job, 0, &ALL);
    market.settle(&job, 0).unwrap();
    // Still 2.5 % of 12,000.
    assert_eq!(market.balances(&job).fees, 300);
    let second = market.posted(|t| t.price_cap = 10);
    assert_eq!(market.job(&second).fee_bps, 1_000);
    assert_eq!(market.job(&second).seat_lock, 1);
}

#[test]
fn a_pause_stops_what_is_new_and_never_a_way_out() {
    let mut market = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    let own = market.authority.insecure_clone();
    let open = market.posted(|t| t.shards = 2);
    let done = market.posted(|_| ());
    market.answered(&done, 0, &ALL);
    market.assign(&open, 0, &[0, 1, 2]).unwrap();
    market.unstake(3, 50_000).unwrap();

    let stranger = key(6);
    let pause = |by: &Keypair| instructions::pause(by.pubkey());
    refused(
        market.machine.send(&[pause(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    market.machine.send(&[pause(&own)], &[&own]).unwrap();

    let terms = market.terms();
    refused(market.post(terms), "NetworkPaused");
    refused(market.stake(0, 1), "NetworkPaused");
    refused(market.assign(&open, 1, &[0]), "NetworkPaused");

    market.commit(&open, 0, &ALL).unwrap();
    market.reveal(&open, 0, &ALL).unwrap();
    market.settle(&open, 0).unwrap();
    market.cancel(&open).unwrap();
    market.close(&open, &[0]).unwrap();
    market.settle(&done, 0).unwrap();
    market.close(&done, &[0]).unwrap();
    market.claim_earnings(0).unwrap();
    market.unstake(3, 50_000).unwrap();
    market.warp(7 * 86_400);
    market.withdraw(3).unwrap();
    assert_eq!(market.provider(3).withdrawn, 100_000);

    let resume = instructions::resume(own.pubkey());
    market.machine.send(&[resume], &[&own]).unwrap();
    market.posted(|_| ());
}

#[test]
fn the_pauser_is_another_key_than_the_authority_once_it_is_named() {
    let mut market = Market::open();
    let (own, pauser) = (market.authority.insecure_clone(), key(8));
    let name = |by: &Keypair| instructions::set_pauser(by.pubkey(), pauser.pubkey());
    refused(
        market.machine.send(&[name(&pauser)], &[&pauser]),
        "NotAuthorized",
    );
    market.machine.send(&[name(&own)], &[&own]).unwrap();
    assert_eq!(market.machine.ledger.seen[PauserChanged::DISCRIMINATOR], 1);
    let by_the_authority = instructions::pause(own.pubkey());
    refused(
        market.machine.send(&[by_the_authority], &[&own]),
        "NotAuthorized",
    );
    let by_the_pauser = instructions::pause(pauser.pubkey());
    market.machine.send(&[by_the_pauser], &[&pauser]).unwrap();
    assert_eq!(network(&market).paused, 1);
}

#[test]
fn fees_leave_the_treasury_by_the_authority_alone_and_nothing_else_does() {
    let mut market = Market::open();
    let own = market.authority.insecure_clone();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &ALL);
    market.settle(&job, 0).unwrap();
    let (bucket, mints) = (bucket_of(&job), market.mints);
    let purse = mints.payment_account(&market.workers[0].authority.pubkey());
    let take = |by: &Keypair, amount| {
        instructions::withdraw_treasury(by.pubkey(), mints, bucket, purse, amount)
    };
    let stranger = key(6);
    let outcome = market.machine.send(&[take(&stranger, 300)], &[&stranger]);
    refused(outcome, "NotAuthorized");
    refused(market.machine.send(&[take(&own, 0)], &[&own]), "AmountZero");
    refused(
        market.machine.send(&[take(&own, 301)], &[&own]),
        "InsufficientFunds",
    );
    let escrow = pda::escrow(&pda::client(&market.owner.pubkey()));
    let treasury = pda::treasury(&mints.payment, bucket);
    let vault = pda::earnings_vault(&market.workers[0].account);
    for other in [escrow, vault] {
        let take = millrace_fixture::swap(take(&own, 1), treasury, other);
        refused(market.machine.send(&[take], &[&own]), "WrongAccount");
    }
    market.machine.send(&[take(&own, 300)], &[&own]).unwrap();
    assert_eq!(market.machine.tokens(&purse), 300);
}

fn bonded(market: &mut Market, minimum: u64) {
    let own = market.authority.insecure_clone();
    let mut parameters = PARAMETERS;
    parameters.min_bond = minimum;
    let set = instructions::set_parameters(own.pubkey(), parameters);
    market.machine.send(&[set], &[&own]).unwrap();
}

fn bond(market: &Market, amount: u64) -> (Instruction, Keypair) {
    let funder = market.workers[0].authority.insecure_clone();
    let key = market.orchestrator.pubkey();
    let bond = instructions::bond(funder.pubkey(), &key, market.mints, amount);
    (bond, funder)
}

#[test]
fn an_orchestrator_assigns_once_its_bond_reaches_the_least() {
    let mut market = Market::open();
    bonded(&mut market, 1_000);
    let (mint, owner) = (market.mints.stake, market.workers[0].authority.pubkey());
    let purse = market.mints.stake_account(&owner);
    market.machine.mint(&mint, &purse, 1_000);
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[0]), "BondBelowMinimum");
    for (amount, enough) in [(999, false), (1, true)] {
        let (bond, funder) = bond(&market, amount);
        market.machine.send(&[bond], &[&funder]).unwrap();
        assert_eq!(market.assign(&job, 0, &[0]).is_ok(), enough);
    }
    let (nothing, funder) = bond(&market, 0);
    refused(market.machine.send(&[nothing], &[&funder]), "AmountZero");
}

#[test]
fn a_retired_orchestrator_assigns_nothing_and_gets_its_bond_after_the_unbonding_time() {
    let mut market = Market::open();
    let (mint, funder) = (market.mints.stake, market.workers[0].authority.pubkey());
    let purse = market.mints.stake_account(&funder);
    market.machine.mint(&mint, &purse, 1_000);
    let (bond, funder) = bond(&market, 1_000);
    market.machine.send(from_ref(&bond), &[&funder]).unwrap();
    let job = market.posted(|_| ());
    let (own, key) = (
        market.authority.insecure_clone(),
        market.orchestrator.pubkey(),
    );
    market.machine.open_wallet(&key, market.mints, (&mint, 0));
    let withdraw = instructions::withdraw_bond(&key, own.pubkey(), market.mints);
    let retire = |by: &Keypair| instructions::retire_orchestrator(by.pubkey(), &key);

    refused(
        market.machine.send(from_ref(&withdraw), &[]),
        "OrchestratorActive",
    );
    let stranger = millrace_fixture::key(6);
    refused(
        market.machine.send(&[retire(&stranger)], &[&stranger]),
        "NotAuthorized",
    );
    let itself = market.orchestrator.insecure_clone();
    market.machine.send(&[retire(&itself)], &[&itself]).unwrap();
    refused(
        market.machine.send(&[retire(&own)], &[&own]),
        "OrchestratorInactive",
    );
    refused(market.assign(&job, 0, &[0]), "OrchestratorInactive");
    market.machine.mint(&mint, &purse, 1_000);
    refused(
        market.machine.send(&[bond], &[&funder]),
        "OrchestratorInactive",
    );
    let retired_at = market.machine.now();
    let books: Orchestrator = market.read(&pda::orchestrator(&key));
    assert_eq!((books.retired_at, books.bonded), (retired_at, 1_000));

    market.warp(7 * 86_400 - 1);
    refused(market.machine.send(from_ref(&withdraw), &[]), "TooEarly");
    market.warp(1);
    let lamports = market.machine.lamports_of(&own.pubkey());
    market.machine.send(&[withdraw], &[]).unwrap();
    let tokens = market.machine.tokens(&market.mints.stake_account(&key));
    assert_eq!(tokens, 1_000);
    assert!(market.machine.lamports_of(&own.pubkey()) > lamports + SOL / 1_000);
    let orchestrator = pda::orchestrator(&key);
    for closed in [orchestrator, pda::bond_vault(&orchestrator)] {
        let account = market.machine.account(&closed);
        assert!(account.is_none_or(|account| account.data.is_empty()));
    }
}
