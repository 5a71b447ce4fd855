//! What moves a shard forward.

use super::super::super::fixture::{Market, RIGHT};
use super::super::town::{Coins, town};
use super::{
    Scene, assigned, assigned_alone, committed, committed_alone, posted, thrice, two_shards,
};
use millrace_client::instructions;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

fn assignment(coins: Coins, step: super::Step, workers: &[usize]) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    assigned(&mut market, [5, 6, 7]);
    let (key, providers) = (market.orchestrator.pubkey(), market.accounts(workers));
    let assign = instructions::assign_seats(key, market.place(&job, 0), &providers);
    Scene::of(market, assign)
}

pub fn assign_seats_at_a_new_shard(coins: Coins) -> Scene {
    assignment(coins, posted, &[0, 1, 2])
}

fn begun(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(two_shards);
    market.assign(&job, 0, &[worker]).unwrap();
    job
}

pub fn assign_seats_at_a_shard_with_a_free_seat(coins: Coins) -> Scene {
    assignment(coins, begun, &[1, 2])
}

fn commitments(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let claims = [0, 1].map(|worker| market.claim(&job, 0, (worker, RIGHT)));
    let instructions = instructions::record_commitments(market.place(&job, 0), &claims);
    Scene {
        market,
        instructions: instructions.into(),
    }
}

pub fn record_commitments(coins: Coins) -> Scene {
    commitments(coins, assigned)
}

pub fn record_commitments_in_the_jobs_account(coins: Coins) -> Scene {
    commitments(coins, assigned_alone)
}

fn reveals(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let openings = [0, 1].map(|worker| market.opening(&job, 0, (worker, RIGHT)));
    let (key, place) = (market.orchestrator.pubkey(), market.place(&job, 0));
    let reveal = instructions::record_reveals(key, place, openings.into());
    Scene::of(market, reveal)
}

pub fn record_reveals(coins: Coins) -> Scene {
    reveals(coins, committed)
}

pub fn record_reveals_in_the_jobs_account(coins: Coins) -> Scene {
    reveals(coins, committed_alone)
}
