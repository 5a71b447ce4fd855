//! What a provider's keys do, and what anyone does for a provider.

use super::super::super::fixture::{RIGHT, offer};
use super::super::town::{person, town};
use super::{Scene, assigned, committed, settled, thrice};
use millrace_chain::instruction;
use solana_sdk::signer::Signer;

const WEEK: i64 = 7 * 86_400;
/// What each has at stake.
const STAKE: u64 = 100_000;

pub fn register_provider() -> Scene {
    let market = town();
    let newcomer = person("newcomer").pubkey();
    let register = instruction::register_provider(newcomer, market.mints, offer(newcomer));
    Scene::of(market, register)
}

pub fn update_provider() -> Scene {
    let market = town();
    let authority = market.workers[0].authority.pubkey();
    let update = instruction::update_provider(authority, offer(authority).offer);
    Scene::of(market, update)
}

pub fn rotate_operator() -> Scene {
    let market = town();
    let authority = market.workers[0].authority.pubkey();
    Scene::of(market, instruction::rotate_operator(authority, authority))
}

pub fn stake() -> Scene {
    let market = town();
    let (funder, provider) = (person("passer-by").pubkey(), market.workers[0].account);
    let stake = instruction::stake(funder, provider, market.mints, 1_000);
    Scene::of(market, stake)
}

pub fn request_unstake() -> Scene {
    let market = town();
    let authority = market.workers[0].authority.pubkey();
    Scene::of(market, instruction::request_unstake(authority, 1_000))
}

pub fn withdraw_stake() -> Scene {
    let mut market = town();
    for worker in 0..market.workers.len() {
        market.unstake(worker, 1_000).unwrap();
    }
    market.warp(WEEK);
    let authority = market.workers[0].authority.pubkey();
    let withdraw = instruction::withdraw_stake(authority, market.mints);
    Scene::of(market, withdraw)
}

pub fn deregister() -> Scene {
    let mut market = town();
    for worker in 0..market.workers.len() {
        market.unstake(worker, STAKE).unwrap();
    }
    market.warp(WEEK);
    for worker in 0..market.workers.len() {
        market.withdraw(worker).unwrap();
    }
    let authority = market.workers[0].authority.pubkey();
    let leave = instruction::deregister(authority, market.mints);
    Scene::of(market, leave)
}

pub fn decline_seat() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, assigned);
    let (place, seat) = (market.place(&job, 0), market.seat_of(&job, 0, 0));
    let (provider, refusal) = (market.workers[0].account, market.refusal(&job, 0, 0));
    let instructions = instruction::decline_seat(place, seat, provider, &refusal);
    Scene {
        market,
        instructions: instructions.into(),
    }
}

pub fn reveal_seats() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, committed);
    let openings = [0, 1].map(|worker| market.opening(&job, 0, (worker, RIGHT)));
    let show = instruction::reveal_seats(market.place(&job, 0), openings.into());
    Scene::of(market, show)
}

pub fn claim_earnings() -> Scene {
    let mut market = town();
    thrice(&mut market, settled);
    let authority = market.workers[0].authority.pubkey();
    let claim = instruction::claim_earnings(&authority, market.mints);
    Scene::of(market, claim)
}
