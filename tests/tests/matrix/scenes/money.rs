//! Treasuries, bonds and the rewards' vault.

use super::super::super::fixture::Market;
use super::super::town::{Coins, person, town};
use super::{Scene, settled, thrice};
use millrace_client::instructions;
use millrace_program::state::bucket_of;
use solana_sdk::signer::Signer;

/// Seconds of an epoch.
const EPOCH: i64 = 86_400;
const WEEK: i64 = 7 * 86_400;

pub fn withdraw_treasury(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, settled);
    let authority = market.authority.pubkey();
    let purse = market.mints.payment_account(&authority);
    let bucket = bucket_of(&job);
    let withdraw = instructions::withdraw_treasury(authority, market.mints, bucket, purse, 1);
    Scene::of(market, withdraw)
}

pub fn bond(coins: Coins) -> Scene {
    let market = town(coins);
    let funder = person("passer-by").pubkey();
    let orchestrator = person("orchestrator").pubkey();
    let bond = instructions::bond(funder, &orchestrator, market.mints, 1_000);
    Scene::of(market, bond)
}

pub fn withdraw_bond(coins: Coins) -> Scene {
    let mut market = town(coins);
    let authority = market.authority.pubkey();
    for name in ["orchestrator", "orchestrator2"] {
        let key = person(name);
        let bond = instructions::bond(key.pubkey(), &key.pubkey(), market.mints, 1_000);
        market.machine.send(&[bond], &[&key]).unwrap();
        let retire = instructions::retire_orchestrator(authority, &key.pubkey());
        market
            .machine
            .send(&[retire], &[&market.authority])
            .unwrap();
    }
    market.warp(WEEK);
    let orchestrator = person("orchestrator").pubkey();
    let withdraw = instructions::withdraw_bond(&orchestrator, authority, market.mints);
    Scene::of(market, withdraw)
}

pub fn open_rewards(coins: Coins) -> Scene {
    let market = town(coins);
    let open = instructions::open_rewards(person("passer-by").pubkey(), market.mints);
    Scene::of(market, open)
}

pub fn fund_rewards(coins: Coins) -> Scene {
    let mut market = town(coins);
    market.fund_rewards(1_000);
    let fund = instructions::fund_rewards(person("passer-by").pubkey(), market.mints, 1_000);
    Scene::of(market, fund)
}

/// Two epochs that are over, in which everyone has points; the first is closed.
fn over(coins: Coins) -> Market {
    let mut market = town(coins);
    market.fund_rewards(10_000_000);
    for _ in 0..2 {
        thrice(&mut market, settled);
        market.warp(EPOCH);
    }
    market.close_epoch(0).unwrap();
    market
}

pub fn close_epoch(coins: Coins) -> Scene {
    let close = instructions::close_epoch(person("passer-by").pubkey(), 1);
    Scene::of(over(coins), close)
}

pub fn bank_rewards(coins: Coins) -> Scene {
    let mut market = over(coins);
    market.close_epoch(1).unwrap();
    let (provider, payer) = (market.workers[0].account, market.authority.pubkey());
    Scene::of(market, instructions::bank_rewards(provider, 1, payer))
}

pub fn claim_rewards(coins: Coins) -> Scene {
    let mut market = over(coins);
    for worker in 0..market.workers.len() {
        market.bank(worker, 0).unwrap();
    }
    let authority = market.workers[0].authority.pubkey();
    let claim = instructions::claim_rewards(&authority, market.mints);
    Scene::of(market, claim)
}
