//! Tokens that somebody sends into a vault change nothing.

use millrace_client::{instructions, pda};
use millrace_fixture::{Balances, Market, PARAMETERS, RIGHT, Setup, WRONG, refused};
use millrace_program::constants::BUCKETS;
use millrace_program::state::{Provider, bucket_of};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const GIFT: u64 = 777;

/// Sends a gift into every vault around a job.
fn donate(market: &mut Market, job: &Pubkey) {
    let mints = market.mints;
    let bucket = bucket_of(job);
    let client = pda::client(&market.owner.pubkey());
    let mut vaults = vec![
        (mints.payment, pda::escrow(&client)),
        (mints.payment, pda::treasury(&mints.payment, bucket)),
        (mints.stake, pda::treasury(&mints.stake, bucket)),
    ];
    for worker in &market.workers {
        vaults.push((mints.stake, pda::stake_vault(&worker.account)));
        vaults.push((mints.payment, pda::earnings_vault(&worker.account)));
    }
    for (mint, vault) in vaults {
        market.machine.mint(&mint, &vault, GIFT);
    }
}

/// A job with a liar from beginning to end; gifts come before and after every step.
fn run(gifts: bool) -> (Balances, u64, Vec<Provider>) {
    let mut market = Setup::default().build();
    let job = market.posted(|_| ());
    let gift = |market: &mut Market| {
        if gifts {
            donate(market, &job);
        }
    };
    let answers = [(0, RIGHT), (1, WRONG), (2, RIGHT)];
    gift(&mut market);
    market.answered(&job, 0, &answers);
    gift(&mut market);
    market.settle(&job, 0).unwrap();
    gift(&mut market);
    market.close(&job, &[0]).unwrap();
    market.claim_earnings(0).unwrap();
    let authority = market.workers[0].authority.pubkey();
    let purse = pda::token_account(&authority, &market.mints.payment);
    let books = (0..3).map(|w| market.provider(w)).collect();
    (market.balances(&job), market.machine.tokens(&purse), books)
}

#[test]
fn gifts_stay_where_they_were_sent_and_change_nothing_else() {
    let (plain, claimed, books) = run(false);
    let (gifted, claimed_too, books_too) = run(true);
    let gifts = 3 * GIFT;
    let with_gifts = |amounts: &[u64]| amounts.iter().map(|a| a + gifts).collect();
    let expected = Balances {
        client: plain.client,
        escrow: plain.escrow + gifts,
        fees: plain.fees + gifts,
        penalties: plain.penalties + gifts,
        stakes: with_gifts(&plain.stakes),
        earnings: with_gifts(&plain.earnings),
    };
    assert_eq!(gifted, expected);
    assert_eq!((claimed, claimed_too), (4_000, 4_000));
    for (one, other) in books.iter().zip(&books_too) {
        let of = |p: &Provider| [p.active, p.deposited, p.slashed, p.earned, p.claimed];
        assert_eq!(of(one), of(other));
    }
}

#[test]
fn a_gift_in_a_stake_vault_is_no_stake() {
    let mut market = Market::open();
    let worker = market.hire(0, |_| ());
    let vault = pda::stake_vault(&market.workers[worker].account);
    let mint = market.mints.stake;
    market.machine.mint(&mint, &vault, 1_000_000);
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[worker]), "StakeBelowMinimum");
}

#[test]
fn a_gift_in_a_bond_vault_is_no_bond_and_leaves_with_it() {
    let mut parameters = PARAMETERS;
    parameters.min_bond = 1_000;
    let mut market = Setup {
        parameters,
        ..Setup::default()
    }
    .build();
    let (own, mints) = (market.orchestrator.insecure_clone(), market.mints);
    let wallet = own.pubkey();
    let fund = (&mints.stake, 999);
    market.machine.open_wallet(&wallet, mints, fund);
    let bond = instructions::bond(wallet, &wallet, mints, 999);
    market.machine.send(&[bond], &[&own]).unwrap();
    let vault = pda::bond_vault(&pda::orchestrator(&wallet));
    market.machine.mint(&mints.stake, &vault, GIFT);
    let job = market.posted(|_| ());
    refused(market.assign(&job, 0, &[0]), "BondBelowMinimum");
    let retire = instructions::retire_orchestrator(wallet, &wallet);
    market.machine.send(&[retire], &[&own]).unwrap();
    market.warp(7 * 86_400);
    let payer = market.authority.pubkey();
    let withdraw = instructions::withdraw_bond(&wallet, payer, mints);
    market.machine.send(&[withdraw], &[]).unwrap();
    assert_eq!(
        market.machine.tokens(&mints.stake_account(&wallet)),
        999 + GIFT
    );
}

#[test]
fn a_gift_in_the_rewards_vault_is_promised_to_nobody() {
    let mut market = Market::open();
    market.fund_rewards(500);
    let mint = market.mints.stake;
    market.machine.mint(&mint, &pda::rewards_vault(), 1_000_000);
    let job = market.posted(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    market.answered(&job, 0, &[(0, RIGHT)]);
    market.settle(&job, 0).unwrap();
    market.rewarded_until_due(0, 0);
    assert_eq!(market.provider(0).reward_due, 500);
    market.claim_rewards(0).unwrap();
    assert_eq!(market.machine.tokens(&pda::rewards_vault()), 1_000_000);
}

#[test]
fn gifts_in_the_treasuries_of_every_bucket_can_be_withdrawn_and_pay_nobody_else() {
    let mut market = Market::open();
    let (own, mints) = (market.authority.insecure_clone(), market.mints);
    let purse = mints.payment_account(&market.owner.pubkey());
    for bucket in 0..BUCKETS {
        let vault = pda::treasury(&mints.payment, bucket);
        market.machine.mint(&mints.payment, &vault, GIFT);
        let withdraw =
            |amount| instructions::withdraw_treasury(own.pubkey(), mints, bucket, purse, amount);
        let outcome = market.machine.send(&[withdraw(GIFT + 1)], &[&own]);
        refused(outcome, "InsufficientFunds");
        market.machine.send(&[withdraw(GIFT)], &[&own]).unwrap();
    }
    let gifts = u64::from(BUCKETS) * GIFT;
    assert_eq!(market.machine.tokens(&purse), 1_000_000 + gifts);
}
