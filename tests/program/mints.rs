//! Every withdrawal uses the mint of the vault, even if the recipient has an account of another mint.
//! The program itself checks that and does not rely on the token program.

use millrace_client::instructions;
use millrace_client::instructions::create_token_account_of;
use millrace_fixture::{RIGHT, SOL, TestNetwork, key, refused, refused_as, replace_account};
use solana_sdk::instruction::{Instruction, InstructionError};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

/// The instruction with a third mint instead of `mint`, and an account of that mint as the recipient.
fn in_a_third(
    network: &mut TestNetwork,
    (mint, taker): (Pubkey, Pubkey),
    of: Instruction,
) -> Instruction {
    let (third, program) = (key(9).pubkey(), network.mints.stake_program);
    if network.machine.account(&third).is_none() {
        network.machine.create_mint(third, program);
    }
    let payer = network.authority.insecure_clone();
    let open = create_token_account_of(&payer.pubkey(), &taker, &third, &program);
    network.machine.send(&[open], &[&payer]).unwrap();
    let account = |mint| millrace_client::pda::token_account(&taker, mint);
    replace_account(
        replace_account(of, mint, third),
        account(&mint),
        account(&third),
    )
}

#[track_caller]
fn is_refused(
    network: &mut TestNetwork,
    named: (Pubkey, Pubkey),
    of: Instruction,
    by: &[&Keypair],
) {
    let wrong = in_a_third(network, named, of);
    refused(network.machine.send(&[wrong], by), "WrongAccount");
}

#[test]
fn refund_is_in_the_escrows_mint() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    let owner = network.owner.insecure_clone();
    let cancel = instructions::cancel_job(owner.pubkey(), job, network.mints);
    let named = (network.mints.payment, owner.pubkey());
    is_refused(&mut network, named, cancel, &[&owner]);
}

#[test]
fn provider_withdraws_in_the_mints_of_its_vaults() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.fund_rewards(1_000_000);
    network.close_and_bank(0, 0);
    let authority = network.workers[0].authority.insecure_clone();
    let (own, mints) = (authority.pubkey(), network.mints);

    let earnings = instructions::claim_earnings(&own, mints);
    is_refused(&mut network, (mints.payment, own), earnings, &[]);
    let rewards = instructions::claim_rewards(&own, mints);
    is_refused(&mut network, (mints.stake, own), rewards, &[]);

    network.request_unstake(0, 100_000).unwrap();
    network.warp(7 * 86_400);
    let stake = instructions::withdraw_stake(own, mints);
    is_refused(&mut network, (mints.stake, own), stake, &[&authority]);

    network.withdraw_stake(0).unwrap();
    network.claim_earnings(0).unwrap();
    network.claim_rewards(0).unwrap();
    let leave = instructions::deregister(own, mints);
    for mint in [mints.stake, mints.payment] {
        is_refused(&mut network, (mint, own), leave.clone(), &[&authority]);
    }
    network.deregister(0).unwrap();
}

#[test]
fn bond_returns_in_the_mint_of_its_vault() {
    let mut network = TestNetwork::start();
    let (key, mints) = (network.orchestrator.pubkey(), network.mints);
    network.machine.airdrop(&key, SOL);
    network.machine.create_token_accounts(&key, mints);
    let itself = network.orchestrator.insecure_clone();
    let retire = instructions::retire_orchestrator(key, &key);
    network.machine.send(&[retire], &[&itself]).unwrap();
    network.warp(7 * 86_400);
    let withdraw = instructions::withdraw_bond(&key, network.authority.pubkey(), mints);
    is_refused(&mut network, (mints.stake, key), withdraw, &[]);
}

#[test]
fn mint_is_not_an_earnings_destination() {
    let mut network = TestNetwork::start();
    let own = network.workers[0].authority.pubkey();
    let mints = network.mints;
    let claim = instructions::claim_earnings(&own, mints);
    let into_the_mint = replace_account(claim, mints.payment_account(&own), mints.payment);
    let outcome = network.machine.send(&[into_the_mint], &[]);
    refused_as(outcome, InstructionError::InvalidAccountData);
}
