//! Closed accounts stay closed: one transaction closes an account, sends lamports to its address, and
//! tries to use or recreate it.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, RIGHT, Setup, TestNetwork, at_any_price, key, offer, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{Client, Mode};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
const WEEK: i64 = 7 * 86_400;
/// An account without data does not belong to the program.
const FOREIGN: &str = "AccountOwnedByWrongProgram";

/// Sends lamports from the fee payer, enough for any rent.
fn fund(network: &TestNetwork, to: Pubkey) -> Instruction {
    const TRANSFER: u32 = 2;
    let lamports: u64 = 50_000_000;
    Instruction {
        program_id: Pubkey::default(),
        accounts: vec![
            AccountMeta::new(network.machine.payer.pubkey(), true),
            AccountMeta::new(to, false),
        ],
        data: [&TRANSFER.to_le_bytes()[..], &lamports.to_le_bytes()].concat(),
    }
}

/// A job whose only shard is paid, and its terms.
fn settled() -> (TestNetwork, Pubkey, PostJobArgs) {
    let mut network = TestNetwork::start();
    let terms = network.terms();
    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &ALL);
    network.settle(&job, 0).unwrap();
    (network, job, terms)
}

#[test]
fn job_closed_and_refunded_is_not_posted_again_in_the_transaction() {
    let (mut network, job, terms) = settled();
    let close = network.close_instruction(&job, &[0]);
    let again = instructions::post_job(network.owner.pubkey(), network.mints, terms);
    let owner = network.owner.insecure_clone();
    let revival = [close.clone(), fund(&network, job), again];
    refused(network.machine.send(&revival, &[&owner]), "NonceMismatch");
    // The next nonce has another address.
    let next = network.terms();
    let other = pda::job(&owner.pubkey(), next.nonce);
    let post = instructions::post_job(owner.pubkey(), network.mints, next);
    let closed_and_posted = [close, fund(&network, job), post];
    network.machine.send(&closed_and_posted, &[&owner]).unwrap();
    assert_ne!(job, other);
    assert!(network.machine.account(&job).unwrap().data.is_empty());
    let account: Client = network.read(&pda::client(&owner.pubkey()));
    assert_eq!((account.next_nonce, account.open_jobs), (2, 1));
}

#[test]
fn job_closed_and_refunded_is_unusable_in_the_transaction() {
    let (mut network, job, _) = settled();
    let close = network.close_instruction(&job, &[0]);
    let (owner, own) = (
        network.owner.insecure_clone(),
        network.orchestrator.insecure_clone(),
    );
    let (mints, place) = (network.mints, network.shard_ref(&job, 0));
    let providers = network.provider_accounts(&[0]);
    let entry = network.reveal_entry(&job, 0, ALL[0]);
    let actions = [
        network.settle_instruction(&job, 0),
        close.clone(),
        instructions::cancel_job(owner.pubkey(), job, mints),
        instructions::expire_job(job),
        instructions::assign_seats(own.pubkey(), place, &at_any_price(&providers)),
        instructions::record_reveals(own.pubkey(), place, vec![entry.clone()]),
        instructions::reveal_seats(place, vec![entry]),
        instructions::acknowledge_delivery(owner.pubkey(), false, place, 0),
        instructions::challenge_shard(owner.pubkey(), &owner.pubkey(), place, mints),
        instructions::draw_audit(place),
        instructions::expire_seat(place, 0, providers[0], mints),
        instructions::seed_job(job),
    ];
    for action in actions {
        let signs = |key: &Pubkey| {
            action
                .accounts
                .iter()
                .any(|m| m.is_signer && m.pubkey == *key)
        };
        let signers: Vec<_> = [&owner, &own]
            .into_iter()
            .filter(|key| signs(&key.pubkey()))
            .collect();
        let revival = [close.clone(), fund(&network, job), action.clone()];
        refused(network.machine.send(&revival, &signers), FOREIGN);
    }
    network.machine.send(&[close], &[]).unwrap();
}

#[test]
fn shard_closed_and_refunded_is_neither_assigned_nor_settled() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| t.shards = 2);
    for index in [0, 1] {
        network.run_seats(&job, index, &ALL);
        network.settle(&job, index).unwrap();
    }
    let (close, settle) = (
        network.close_instruction(&job, &[0]),
        network.settle_instruction(&job, 0),
    );
    let shard = pda::shard(&job, 0);
    let own = network.orchestrator.insecure_clone();
    let (place, providers) = (network.shard_ref(&job, 0), network.provider_accounts(&[0]));
    let assign = instructions::assign_seats(own.pubkey(), place, &at_any_price(&providers));
    let revival = [close.clone(), fund(&network, shard), assign];
    refused(network.machine.send(&revival, &[&own]), "InvariantBroken");
    let revival = [close.clone(), fund(&network, shard), settle];
    refused(network.machine.send(&revival, &[]), FOREIGN);
    let revival = [close.clone(), fund(&network, shard), close];
    refused(network.machine.send(&revival, &[]), FOREIGN);
    network.close(&job, &[1, 0]).unwrap();
}

#[test]
fn decided_challenge_is_not_repeated_in_the_transaction() {
    let mut network = Setup {
        wallet_balance: 2_000_000,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|t| {
        (t.mode, t.challenge_secs) = (Mode::Challenge, 120);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    network.run_seats(&job, 0, &ALL[..1]);
    let owner = network.owner.insecure_clone();
    network.challenge(&job, 0, &owner).unwrap();
    network.run_seats(&job, 0, &ALL[1..]);
    let settle = network.settle_instruction(&job, 0);
    let (place, mints) = (network.shard_ref(&job, 0), network.mints);
    let again = instructions::challenge_shard(owner.pubkey(), &owner.pubkey(), place, mints);
    let fund = fund(&network, pda::challenge(&job, 0));
    let revival = [settle, fund, again];
    refused(network.machine.send(&revival, &[&owner]), "WrongShardState");
    network.settle(&job, 0).unwrap();
}

#[test]
fn banked_epoch_is_not_closed_again_in_the_transaction() {
    let (mut network, _, _) = settled();
    network.fund_rewards(10_000_000);
    network.warp(86_400);
    network.close_epoch(0).unwrap();
    network.bank_rewards(0, 0).unwrap();
    network.bank_rewards(1, 0).unwrap();
    let payer = network.authority.insecure_clone();
    let last = instructions::bank_rewards(network.workers[2].account, 0, payer.pubkey());
    let again = instructions::close_epoch(payer.pubkey(), 0);
    let revival = [last, fund(&network, pda::epoch(0)), again];
    refused(network.machine.send(&revival, &[&payer]), "NoPointsInEpoch");
    network.bank_rewards(2, 0).unwrap();
}

#[test]
fn provider_that_deregisters_and_registers_in_one_transaction_has_nothing() {
    let mut network = TestNetwork::start();
    network.request_unstake(0, 100_000).unwrap();
    network.warp(WEEK);
    network.withdraw_stake(0).unwrap();
    let (cold, account) = {
        let worker = &network.workers[0];
        (worker.authority.insecure_clone(), worker.account)
    };
    let leave = instructions::deregister(cold.pubkey(), network.mints);
    let stake = instructions::stake(cold.pubkey(), account, network.mints, 1_000);
    let staked_meanwhile = [leave.clone(), fund(&network, account), stake];
    refused(network.machine.send(&staked_meanwhile, &[&cold]), FOREIGN);
    let args = offer(network.workers[0].operator.pubkey());
    let again = instructions::register_provider(cold.pubkey(), network.mints, args);
    let come_again = [leave, fund(&network, account), again];
    network.machine.send(&come_again, &[&cold]).unwrap();
    let account = network.provider(0);
    let money = [
        account.active,
        account.deposited,
        account.withdrawn,
        account.earned,
    ];
    assert_eq!((money, account.agreed, account.open_seats), ([0; 4], 0, 0));
}

#[test]
fn withdrawn_bond_is_not_deposited_again_in_the_transaction() {
    let mut network = TestNetwork::start();
    let (own, mints) = (key(4), network.mints);
    let wallet = own.pubkey();
    let of_stake = (&mints.stake, 1_000);
    network.machine.open_wallet(&wallet, mints, of_stake);
    let retire = instructions::retire_orchestrator(wallet, &wallet);
    network.machine.send(&[retire], &[&own]).unwrap();
    network.warp(WEEK);
    let payer = network.authority.pubkey();
    let withdraw = instructions::withdraw_bond(&wallet, payer, mints);
    let bond = instructions::bond(wallet, &wallet, mints, 1_000);
    let revival = [withdraw, fund(&network, pda::orchestrator(&wallet)), bond];
    refused(network.machine.send(&revival, &[&own]), FOREIGN);
}
