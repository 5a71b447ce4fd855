//! Actions that may happen once, tried twice in one transaction; and pairs of actions that exclude each
//! other in one slot, of which the first one wins.

use millrace_client::{instructions, pda};
use millrace_fixture::{Outcome, RIGHT, SOL, TestNetwork, WRONG, at_any_price, refused};
use millrace_program::state::JobState;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

const WEEK: i64 = 7 * 86_400;

/// Sends an instruction twice in one transaction, which must be refused as a whole, and then once.
#[track_caller]
fn once(network: &mut TestNetwork, action: &Instruction, signers: &[&Keypair], error: &str) {
    let before = network.machine.program_accounts();
    let both = [action.clone(), action.clone()];
    refused(network.machine.send(&both, signers), error);
    assert_eq!(network.machine.program_accounts(), before);
    let once = network.machine.send(std::slice::from_ref(action), signers);
    once.unwrap();
    assert_ne!(network.machine.program_accounts(), before);
}

#[test]
fn nothing_is_paid_twice_in_one_transaction() {
    let mut network = TestNetwork::start();
    network.fund_rewards(1_000_000);
    let (owner, mints) = (network.owner.insecure_clone(), network.mints);
    let worker = network.workers[0].authority.insecure_clone();

    let cancelled = network.post_with(|t| t.shards = 2);
    let cancel = instructions::cancel_job(owner.pubkey(), cancelled, mints);
    once(&mut network, &cancel, &[&owner], "WrongJobState");
    let close = network.close_instruction(&cancelled, &[]);
    once(&mut network, &close, &[], "AccountNotInitialized");

    let job = network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG)]);
    let settle = network.settle_instruction(&job, 0);
    once(&mut network, &settle, &[], "WrongShardState");
    let claim = instructions::claim_earnings(&worker.pubkey(), mints);
    once(&mut network, &claim, &[], "AmountZero");

    network.warp(86_400);
    network.close_epoch(0).unwrap();
    let (account, payer) = (network.workers[0].account, network.authority.pubkey());
    let bank = instructions::bank_rewards(account, 0, payer);
    once(&mut network, &bank, &[], "AmountZero");
    let claim = instructions::claim_rewards(&worker.pubkey(), mints);
    once(&mut network, &claim, &[], "AmountZero");

    network.request_unstake(0, 40_000).unwrap();
    network.warp(WEEK);
    let withdraw = instructions::withdraw_stake(worker.pubkey(), mints);
    once(&mut network, &withdraw, &[&worker], "AmountZero");
}

#[test]
fn late_seat_is_penalized_once_in_one_transaction() {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(60);
    let (place, late) = (network.shard_ref(&job, 0), network.workers[0].account);
    let expire = instructions::expire_seat(place, 0, late, network.mints);
    once(&mut network, &expire, &[], "WrongSeatStatus");
    assert_eq!(network.provider(0).slashed, 1_000);
}

/// Cancelling a job and assigning its only shard, or the first of two.
fn both(network: &TestNetwork, job: &Pubkey) -> (Instruction, Instruction) {
    let cancel = instructions::cancel_job(network.owner.pubkey(), *job, network.mints);
    let (key, place) = (network.orchestrator.pubkey(), network.shard_ref(job, 0));
    let assign =
        instructions::assign_seats(key, place, &at_any_price(&network.provider_accounts(&[0])));
    (cancel, assign)
}

/// Sends two instructions in one slot, in one transaction or in two.
fn in_a_slot(network: &mut TestNetwork, actions: [Instruction; 2], together: bool) -> Outcome {
    let parties = [
        network.owner.insecure_clone(),
        network.orchestrator.insecure_clone(),
    ];
    let slot = network.machine.slot();
    let send = |network: &mut TestNetwork, actions: &[Instruction]| {
        let metas = || actions.iter().flat_map(|action| &action.accounts);
        let signs = |key: &Keypair| metas().any(|m| m.is_signer && m.pubkey == key.pubkey());
        let signers: Vec<&Keypair> = parties.iter().filter(|key| signs(key)).collect();
        network.machine.send(actions, &signers)
    };
    if !together {
        send(network, &actions[..1]).unwrap();
    }
    let rest = if together {
        &actions[..]
    } else {
        &actions[1..]
    };
    let outcome = send(network, rest);
    assert_eq!(network.machine.slot(), slot);
    outcome
}

#[test]
fn first_of_cancel_and_assign_in_one_slot_wins() {
    for together in [true, false] {
        let mut network = TestNetwork::start();
        let job = network.post_with(|_| ());
        let (cancel, assign) = both(&network, &job);
        refused(
            in_a_slot(&mut network, [cancel, assign], together),
            "WrongJobState",
        );
        if together {
            // Neither took effect.
            let account = network.job(&job);
            assert_eq!(
                (account.state(), account.created),
                (Some(JobState::Open), 0)
            );
            network.cancel(&job).unwrap();
        }
        assert_eq!(network.balances(&job).client, 1_000_000);
        assert_eq!(network.provider(0).locked, 0);

        let mut network = TestNetwork::start();
        let job = network.post_with(|_| ());
        let (cancel, assign) = both(&network, &job);
        let outcome = in_a_slot(&mut network, [assign, cancel], together);
        refused(outcome, "NothingToCancel");
        let locked = if together { 0 } else { 10_000 };
        assert_eq!(network.provider(0).locked, locked);
        assert_eq!(network.balances(&job).client, 1_000_000 - 15_375);
    }
}

#[test]
fn cancel_in_the_slot_of_an_assignment_refunds_the_other_shard() {
    for together in [true, false] {
        let mut network = TestNetwork::start();
        network.machine.airdrop(&network.orchestrator.pubkey(), SOL);
        let job = network.post_with(|t| t.shards = 2);
        let (cancel, assign) = both(&network, &job);
        in_a_slot(&mut network, [assign, cancel], together).unwrap();
        let account = network.job(&job);
        assert_eq!(
            (account.created, account.cancelled, account.refunded),
            (1, 1, 15_375)
        );
        assert_eq!(network.provider(0).locked, 10_000);

        let mut network = TestNetwork::start();
        let job = network.post_with(|t| t.shards = 2);
        let (cancel, assign) = both(&network, &job);
        refused(
            in_a_slot(&mut network, [cancel, assign], together),
            "WrongJobState",
        );
        let shard = pda::shard(&job, 0);
        assert!(network.machine.account(&shard).is_none());
        assert_eq!(network.provider(0).locked, 0);
    }
}
