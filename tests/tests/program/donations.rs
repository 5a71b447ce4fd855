//! Tokens that somebody sends into a vault change nothing.

use super::fixture::{Balances, Market, RIGHT, Setup, WRONG};
use millrace_chain::address;
use millrace_program::state::{Provider, bucket_of};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

const GIFT: u64 = 777;

/// Sends a gift into every vault around a job.
fn donate(market: &mut Market, job: &Pubkey) {
    let mints = market.mints;
    let bucket = bucket_of(job);
    let client = address::client(&market.owner.pubkey());
    let mut vaults = vec![
        (mints.payment, address::escrow(&client)),
        (mints.payment, address::treasury(&mints.payment, bucket)),
        (mints.stake, address::treasury(&mints.stake, bucket)),
    ];
    for worker in &market.workers {
        vaults.push((mints.stake, address::stake_vault(&worker.account)));
        vaults.push((mints.payment, address::earnings_vault(&worker.account)));
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
    let purse = address::token_account(&authority, &market.mints.payment);
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
    let vault = address::stake_vault(&market.workers[worker].account);
    let mint = market.mints.stake;
    market.machine.mint(&mint, &vault, 1_000_000);
    let job = market.posted(|_| ());
    super::fixture::refused(market.assign(&job, 0, &[worker]), "StakeBelowMinimum");
}
