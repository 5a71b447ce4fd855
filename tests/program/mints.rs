//! What moves out of a vault is told in the vault's own token, whoever else has an account of another
//! one: the program says so itself and leaves it to no token program.

use millrace_client::instructions;
use millrace_client::instructions::create_token_account_of;
use millrace_fixture::{Market, RIGHT, SOL, key, refused, refused_as, swap};
use solana_sdk::instruction::{Instruction, InstructionError};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

/// The instruction with a third mint in the place of `mint`, and an account of it in the place of its
/// taker's.
fn in_a_third(
    market: &mut Market,
    (mint, taker): (Pubkey, Pubkey),
    of: Instruction,
) -> Instruction {
    let (third, program) = (key(9).pubkey(), market.mints.stake_program);
    if market.machine.account(&third).is_none() {
        market.machine.create_mint(third, program);
    }
    let payer = market.authority.insecure_clone();
    let open = create_token_account_of(&payer.pubkey(), &taker, &third, &program);
    market.machine.send(&[open], &[&payer]).unwrap();
    let account = |mint| millrace_client::pda::token_account(&taker, mint);
    swap(swap(of, mint, third), account(&mint), account(&third))
}

#[track_caller]
fn is_refused(market: &mut Market, named: (Pubkey, Pubkey), of: Instruction, by: &[&Keypair]) {
    let wrong = in_a_third(market, named, of);
    refused(market.machine.send(&[wrong], by), "WrongAccount");
}

#[test]
fn a_refund_is_in_the_token_of_the_escrow() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    let owner = market.owner.insecure_clone();
    let cancel = instructions::cancel_job(owner.pubkey(), job, market.mints);
    let named = (market.mints.payment, owner.pubkey());
    is_refused(&mut market, named, cancel, &[&owner]);
}

#[test]
fn a_provider_is_given_what_is_its_own_in_the_tokens_of_its_vaults() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    market.settle(&job, 0).unwrap();
    market.fund_rewards(1_000_000);
    market.rewarded_until_due(0, 0);
    let authority = market.workers[0].authority.insecure_clone();
    let (own, mints) = (authority.pubkey(), market.mints);

    let earnings = instructions::claim_earnings(&own, mints);
    is_refused(&mut market, (mints.payment, own), earnings, &[]);
    let rewards = instructions::claim_rewards(&own, mints);
    is_refused(&mut market, (mints.stake, own), rewards, &[]);

    market.unstake(0, 100_000).unwrap();
    market.warp(7 * 86_400);
    let stake = instructions::withdraw_stake(own, mints);
    is_refused(&mut market, (mints.stake, own), stake, &[&authority]);

    market.withdraw(0).unwrap();
    market.claim_earnings(0).unwrap();
    market.claim_rewards(0).unwrap();
    let leave = instructions::deregister(own, mints);
    for mint in [mints.stake, mints.payment] {
        is_refused(&mut market, (mint, own), leave.clone(), &[&authority]);
    }
    market.leave(0).unwrap();
}

#[test]
fn a_bond_goes_back_in_the_token_of_its_vault() {
    let mut market = Market::open();
    let (key, mints) = (market.orchestrator.pubkey(), market.mints);
    market.machine.airdrop(&key, SOL);
    market.machine.open_purses(&key, mints);
    let itself = market.orchestrator.insecure_clone();
    let retire = instructions::retire_orchestrator(key, &key);
    market.machine.send(&[retire], &[&itself]).unwrap();
    market.warp(7 * 86_400);
    let withdraw = instructions::withdraw_bond(&key, market.authority.pubkey(), mints);
    is_refused(&mut market, (mints.stake, key), withdraw, &[]);
}

#[test]
fn a_mint_is_no_account_for_earnings() {
    let mut market = Market::open();
    let own = market.workers[0].authority.pubkey();
    let mints = market.mints;
    let claim = instructions::claim_earnings(&own, mints);
    let into_the_mint = swap(claim, mints.payment_account(&own), mints.payment);
    let outcome = market.machine.send(&[into_the_mint], &[]);
    refused_as(outcome, InstructionError::InvalidAccountData);
}
