//! What is due once is done once, also where it is asked for twice in one transaction, and of two acts
//! that exclude each other the first one counts, in whatever order they come in a slot.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, Outcome, RIGHT, SOL, WRONG, refused};
use millrace_program::state::JobState;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;

const WEEK: i64 = 7 * 86_400;

/// Does an act twice in one transaction, which must be refused as a whole, and then once.
#[track_caller]
fn once(market: &mut Market, act: &Instruction, signers: &[&Keypair], error: &str) {
    let before = market.machine.of_the_program();
    let both = [act.clone(), act.clone()];
    refused(market.machine.send(&both, signers), error);
    assert_eq!(market.machine.of_the_program(), before);
    let once = market.machine.send(std::slice::from_ref(act), signers);
    once.unwrap();
    assert_ne!(market.machine.of_the_program(), before);
}

#[test]
fn nothing_is_paid_twice_in_one_transaction() {
    let mut market = Market::open();
    market.fund_rewards(1_000_000);
    let (owner, mints) = (market.owner.insecure_clone(), market.mints);
    let worker = market.workers[0].authority.insecure_clone();

    let cancelled = market.posted(|t| t.shards = 2);
    let cancel = instructions::cancel_job(owner.pubkey(), cancelled, mints);
    once(&mut market, &cancel, &[&owner], "WrongJobState");
    let close = market.closing(&cancelled, &[]);
    once(&mut market, &close, &[], "AccountNotInitialized");

    let job = market.posted(|_| ());
    market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG)]);
    let settle = market.settlement(&job, 0);
    once(&mut market, &settle, &[], "WrongShardState");
    let claim = instructions::claim_earnings(&worker.pubkey(), mints);
    once(&mut market, &claim, &[], "AmountZero");

    market.warp(86_400);
    market.close_epoch(0).unwrap();
    let (account, payer) = (market.workers[0].account, market.authority.pubkey());
    let bank = instructions::bank_rewards(account, 0, payer);
    once(&mut market, &bank, &[], "AmountZero");
    let claim = instructions::claim_rewards(&worker.pubkey(), mints);
    once(&mut market, &claim, &[], "AmountZero");

    market.unstake(0, 40_000).unwrap();
    market.warp(WEEK);
    let withdraw = instructions::withdraw_stake(worker.pubkey(), mints);
    once(&mut market, &withdraw, &[&worker], "AmountZero");
}

#[test]
fn a_late_seat_is_penalized_once_in_one_transaction() {
    let mut market = Market::open();
    let job = market.posted(|_| ());
    market.assign(&job, 0, &[0, 1, 2]).unwrap();
    market.warp(60);
    let (place, late) = (market.place(&job, 0), market.workers[0].account);
    let expire = instructions::expire_seat(place, 0, late, market.mints, None);
    once(&mut market, &expire, &[], "WrongSeatStatus");
    assert_eq!(market.provider(0).slashed, 1_000);
}

/// Cancelling and handing out a job's only shard, or the first of two.
fn both(market: &Market, job: &Pubkey) -> (Instruction, Instruction) {
    let cancel = instructions::cancel_job(market.owner.pubkey(), *job, market.mints);
    let (key, place) = (market.orchestrator.pubkey(), market.place(job, 0));
    let assign = instructions::assign_seats(key, place, &market.accounts(&[0]));
    (cancel, assign)
}

/// Sends two acts in one slot: in one transaction, or in two.
fn in_a_slot(market: &mut Market, acts: [Instruction; 2], together: bool) -> Outcome {
    let parties = [
        market.owner.insecure_clone(),
        market.orchestrator.insecure_clone(),
    ];
    let slot = market.machine.slot();
    let send = |market: &mut Market, acts: &[Instruction]| {
        let metas = || acts.iter().flat_map(|act| &act.accounts);
        let signs = |key: &Keypair| metas().any(|m| m.is_signer && m.pubkey == key.pubkey());
        let signers: Vec<&Keypair> = parties.iter().filter(|key| signs(key)).collect();
        market.machine.send(acts, &signers)
    };
    if !together {
        send(market, &acts[..1]).unwrap();
    }
    let rest = if together { &acts[..] } else { &acts[1..] };
    let outcome = send(market, rest);
    assert_eq!(market.machine.slot(), slot);
    outcome
}

#[test]
fn cancelling_and_assigning_in_the_same_slot_leaves_the_first_of_them_in_either_order() {
    for together in [true, false] {
        let mut market = Market::open();
        let job = market.posted(|_| ());
        let (cancel, assign) = both(&market, &job);
        refused(
            in_a_slot(&mut market, [cancel, assign], together),
            "WrongJobState",
        );
        if together {
            // Neither came about.
            let books = market.job(&job);
            assert_eq!((books.state(), books.created), (Some(JobState::Open), 0));
            market.cancel(&job).unwrap();
        }
        assert_eq!(market.balances(&job).client, 1_000_000);
        assert_eq!(market.provider(0).locked, 0);

        let mut market = Market::open();
        let job = market.posted(|_| ());
        let (cancel, assign) = both(&market, &job);
        let outcome = in_a_slot(&mut market, [assign, cancel], together);
        refused(outcome, "NothingToCancel");
        let locked = if together { 0 } else { 10_000 };
        assert_eq!(market.provider(0).locked, locked);
        assert_eq!(market.balances(&job).client, 1_000_000 - 15_375);
    }
}

#[test]
fn cancelling_a_job_of_two_shards_in_the_slot_in_which_one_is_handed_out_gives_back_the_other() {
    for together in [true, false] {
        let mut market = Market::open();
        market.machine.airdrop(&market.orchestrator.pubkey(), SOL);
        let job = market.posted(|t| t.shards = 2);
        let (cancel, assign) = both(&market, &job);
        in_a_slot(&mut market, [assign, cancel], together).unwrap();
        let books = market.job(&job);
        assert_eq!(
            (books.created, books.cancelled, books.refunded),
            (1, 1, 15_375)
        );
        assert_eq!(market.provider(0).locked, 10_000);

        let mut market = Market::open();
        let job = market.posted(|t| t.shards = 2);
        let (cancel, assign) = both(&market, &job);
        refused(
            in_a_slot(&mut market, [cancel, assign], together),
            "WrongJobState",
        );
        let shard = pda::shard(&job, 0);
        assert!(market.machine.account(&shard).is_none());
        assert_eq!(market.provider(0).locked, 0);
    }
}
