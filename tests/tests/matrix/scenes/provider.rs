//! What a provider's keys do, and what anyone does for a provider.

use super::super::super::fixture::{RIGHT, offer};
use super::super::town::{Coins, person, town};
use super::{Scene, assigned, assigned_alone, committed, committed_alone, settled, thrice};
use millrace_client::instructions;
use solana_sdk::signer::Signer;

const WEEK: i64 = 7 * 86_400;
/// What each has at stake.
const STAKE: u64 = 100_000;

pub fn register_provider(coins: Coins) -> Scene {
    let market = town(coins);
    let newcomer = person("newcomer").pubkey();
    let register = instructions::register_provider(newcomer, market.mints, offer(newcomer));
    Scene::of(market, register)
}

pub fn update_provider(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.workers[0].authority.pubkey();
    let update = instructions::update_provider(authority, offer(authority).offer);
    Scene::of(market, update)
}

pub fn rotate_operator(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.workers[0].authority.pubkey();
    Scene::of(market, instructions::rotate_operator(authority, authority))
}

pub fn stake(coins: Coins) -> Scene {
    let market = town(coins);
    let (funder, provider) = (person("passer-by").pubkey(), market.workers[0].account);
    let stake = instructions::stake(funder, provider, market.mints, 1_000);
    Scene::of(market, stake)
}

pub fn request_unstake(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.workers[0].authority.pubkey();
    Scene::of(market, instructions::request_unstake(authority, 1_000))
}

pub fn withdraw_stake(coins: Coins) -> Scene {
    let mut market = town(coins);
    for worker in 0..market.workers.len() {
        market.unstake(worker, 1_000).unwrap();
    }
    market.warp(WEEK);
    let authority = market.workers[0].authority.pubkey();
    let withdraw = instructions::withdraw_stake(authority, market.mints);
    Scene::of(market, withdraw)
}

pub fn deregister(coins: Coins) -> Scene {
    let mut market = town(coins);
    for worker in 0..market.workers.len() {
        market.unstake(worker, STAKE).unwrap();
    }
    market.warp(WEEK);
    for worker in 0..market.workers.len() {
        market.withdraw(worker).unwrap();
    }
    let authority = market.workers[0].authority.pubkey();
    let leave = instructions::deregister(authority, market.mints);
    Scene::of(market, leave)
}

fn refusal(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let (place, seat) = (market.place(&job, 0), market.seat_of(&job, 0, 0));
    let (provider, refusal) = (market.workers[0].account, market.refusal(&job, 0, 0));
    let instructions = instructions::decline_seat(place, seat, provider, &refusal);
    Scene {
        market,
        instructions: instructions.into(),
    }
}

pub fn decline_seat(coins: Coins) -> Scene {
    refusal(coins, assigned)
}

pub fn decline_seat_in_the_jobs_account(coins: Coins) -> Scene {
    refusal(coins, assigned_alone)
}

fn showing(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let openings = [0, 1].map(|worker| market.opening(&job, 0, (worker, RIGHT)));
    let show = instructions::reveal_seats(market.place(&job, 0), openings.into());
    Scene::of(market, show)
}

pub fn reveal_seats(coins: Coins) -> Scene {
    showing(coins, committed)
}

pub fn reveal_seats_in_the_jobs_account(coins: Coins) -> Scene {
    showing(coins, committed_alone)
}

pub fn claim_earnings(coins: Coins) -> Scene {
    let mut market = town(coins);
    thrice(&mut market, settled);
    let authority = market.workers[0].authority.pubkey();
    let claim = instructions::claim_earnings(&authority, market.mints);
    Scene::of(market, claim)
}
