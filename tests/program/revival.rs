//! What is closed stays closed: in one transaction an account is closed, its address is given lamports,
//! and something that would make it live again is tried.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, Market, RIGHT, Setup, key, offer, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{Client, Mode};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
const WEEK: i64 = 7 * 86_400;
/// An account that holds no data is of this program.
const FOREIGN: &str = "AccountOwnedByWrongProgram";

/// Lamports from the payer of fees, enough for any rent.
fn fund(market: &Market, to: Pubkey) -> Instruction {
    const TRANSFER: u32 = 2;
    let lamports: u64 = 50_000_000;
    Instruction {
        program_id: Pubkey::default(),
        accounts: vec![
            AccountMeta::new(market.machine.payer.pubkey(), true),
            AccountMeta::new(to, false),
        ],
        data: [&TRANSFER.to_le_bytes()[..], &lamports.to_le_bytes()].concat(),
    }
}

/// A job whose only shard is paid, and the terms that it was posted with.
fn settled() -> (Market, Pubkey, PostJobArgs) {
    let mut market = Market::open();
    let terms = market.terms();
    let job = market.posted(|_| ());
    market.answered(&job, 0, &ALL);
    market.settle(&job, 0).unwrap();
    (market, job, terms)
}

#[test]
fn a_job_that_is_closed_and_funded_is_not_posted_again_in_the_same_transaction() {
    let (mut market, job, terms) = settled();
    let close = market.closing(&job, &[0]);
    let again = instructions::post_job(market.owner.pubkey(), market.mints, terms);
    let owner = market.owner.insecure_clone();
    let revival = [close.clone(), fund(&market, job), again];
    refused(market.machine.send(&revival, &[&owner]), "NonceMismatch");
    // The next nonce is another address.
    let next = market.terms();
    let other = pda::job(&owner.pubkey(), next.nonce);
    let post = instructions::post_job(owner.pubkey(), market.mints, next);
    let closed_and_posted = [close, fund(&market, job), post];
    market.machine.send(&closed_and_posted, &[&owner]).unwrap();
    assert_ne!(job, other);
    assert!(market.machine.account(&job).unwrap().data.is_empty());
    let books: Client = market.read(&pda::client(&owner.pubkey()));
    assert_eq!((books.next_nonce, books.open_jobs), (2, 1));
}

#[test]
fn nothing_is_done_with_a_job_that_was_closed_and_funded_in_the_same_transaction() {
    let (mut market, job, _) = settled();
    let close = market.closing(&job, &[0]);
    let (owner, own) = (
        market.owner.insecure_clone(),
        market.orchestrator.insecure_clone(),
    );
    let (mints, place) = (market.mints, market.place(&job, 0));
    let providers = market.accounts(&[0]);
    let opening = market.opening(&job, 0, ALL[0]);
    let acts = [
        market.settlement(&job, 0),
        close.clone(),
        instructions::cancel_job(owner.pubkey(), job, mints),
        instructions::expire_job(job),
        instructions::assign_seats(own.pubkey(), place, &providers),
        instructions::record_reveals(own.pubkey(), place, vec![opening.clone()]),
        instructions::reveal_seats(place, vec![opening]),
        instructions::acknowledge_delivery(owner.pubkey(), false, place, 0),
        instructions::challenge_shard(owner.pubkey(), &owner.pubkey(), place, mints),
        instructions::draw_audit(place),
        instructions::expire_seat(place, 0, providers[0], mints, None),
        instructions::seed_job(job),
    ];
    for act in acts {
        let signs = |key: &Pubkey| act.accounts.iter().any(|m| m.is_signer && m.pubkey == *key);
        let signers: Vec<_> = [&owner, &own]
            .into_iter()
            .filter(|key| signs(&key.pubkey()))
            .collect();
        let revival = [close.clone(), fund(&market, job), act.clone()];
        refused(market.machine.send(&revival, &signers), FOREIGN);
    }
    market.machine.send(&[close], &[]).unwrap();
}

#[test]
fn a_shard_that_is_closed_and_funded_is_neither_handed_out_nor_settled_again() {
    let mut market = Market::open();
    let job = market.posted(|t| t.shards = 2);
    for index in [0, 1] {
        market.answered(&job, index, &ALL);
        market.settle(&job, index).unwrap();
    }
    let (close, settle) = (market.closing(&job, &[0]), market.settlement(&job, 0));
    let shard = pda::shard(&job, 0);
    let own = market.orchestrator.insecure_clone();
    let (place, providers) = (market.place(&job, 0), market.accounts(&[0]));
    let assign = instructions::assign_seats(own.pubkey(), place, &providers);
    let revival = [close.clone(), fund(&market, shard), assign];
    refused(market.machine.send(&revival, &[&own]), "InvariantBroken");
    let revival = [close.clone(), fund(&market, shard), settle];
    refused(market.machine.send(&revival, &[]), FOREIGN);
    let revival = [close.clone(), fund(&market, shard), close];
    refused(market.machine.send(&revival, &[]), FOREIGN);
    market.close(&job, &[1, 0]).unwrap();
}

#[test]
fn a_decided_challenge_is_not_made_again_in_the_same_transaction() {
    let mut market = Setup {
        purse: 2_000_000,
        ..Setup::default()
    }
    .build();
    let job = market.posted(|t| {
        (t.mode, t.challenge_secs) = (Mode::Challenge, 120);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    market.answered(&job, 0, &ALL[..1]);
    let owner = market.owner.insecure_clone();
    market.challenge(&job, 0, &owner).unwrap();
    market.answered(&job, 0, &ALL[1..]);
    let settle = market.settlement(&job, 0);
    let (place, mints) = (market.place(&job, 0), market.mints);
    let again = instructions::challenge_shard(owner.pubkey(), &owner.pubkey(), place, mints);
    let fund = fund(&market, pda::challenge(&job, 0));
    let revival = [settle, fund, again];
    refused(market.machine.send(&revival, &[&owner]), "WrongShardState");
    market.settle(&job, 0).unwrap();
}

#[test]
fn an_epoch_whose_last_points_are_banked_is_not_closed_again_in_the_same_transaction() {
    let (mut market, _, _) = settled();
    market.fund_rewards(10_000_000);
    market.warp(86_400);
    market.close_epoch(0).unwrap();
    market.bank(0, 0).unwrap();
    market.bank(1, 0).unwrap();
    let payer = market.authority.insecure_clone();
    let last = instructions::bank_rewards(market.workers[2].account, 0, payer.pubkey());
    let again = instructions::close_epoch(payer.pubkey(), 0);
    let revival = [last, fund(&market, pda::epoch(0)), again];
    refused(market.machine.send(&revival, &[&payer]), "NoPointsInEpoch");
    market.bank(2, 0).unwrap();
}

#[test]
fn a_provider_that_leaves_and_registers_in_one_transaction_has_nothing() {
    let mut market = Market::open();
    market.unstake(0, 100_000).unwrap();
    market.warp(WEEK);
    market.withdraw(0).unwrap();
    let (cold, account) = {
        let worker = &market.workers[0];
        (worker.authority.insecure_clone(), worker.account)
    };
    let leave = instructions::deregister(cold.pubkey(), market.mints);
    let stake = instructions::stake(cold.pubkey(), account, market.mints, 1_000);
    let staked_meanwhile = [leave.clone(), fund(&market, account), stake];
    refused(market.machine.send(&staked_meanwhile, &[&cold]), FOREIGN);
    let args = offer(market.workers[0].operator.pubkey());
    let again = instructions::register_provider(cold.pubkey(), market.mints, args);
    let come_again = [leave, fund(&market, account), again];
    market.machine.send(&come_again, &[&cold]).unwrap();
    let books = market.provider(0);
    let money = [books.active, books.deposited, books.withdrawn, books.earned];
    assert_eq!((money, books.agreed, books.open_seats), ([0; 4], 0, 0));
}

#[test]
fn an_orchestrator_whose_bond_is_withdrawn_is_not_bonded_again_in_the_same_transaction() {
    let mut market = Market::open();
    let (own, mints) = (key(4), market.mints);
    let wallet = own.pubkey();
    let of_stake = (&mints.stake, 1_000);
    market.machine.open_wallet(&wallet, mints, of_stake);
    let retire = instructions::retire_orchestrator(wallet, &wallet);
    market.machine.send(&[retire], &[&own]).unwrap();
    market.warp(WEEK);
    let payer = market.authority.pubkey();
    let withdraw = instructions::withdraw_bond(&wallet, payer, mints);
    let bond = instructions::bond(wallet, &wallet, mints, 1_000);
    let revival = [withdraw, fund(&market, pda::orchestrator(&wallet)), bond];
    refused(market.machine.send(&revival, &[&own]), FOREIGN);
}
