//! What moves a shard forward.

use super::super::super::fixture::{Market, RIGHT};
use super::super::town::town;
use super::{Scene, assigned, committed, posted, thrice, two_shards};
use millrace_chain::instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

fn assignment(step: super::Step, workers: &[usize]) -> Scene {
    let mut market = town();
    let job = thrice(&mut market, step);
    assigned(&mut market, [5, 6, 7]);
    let (key, providers) = (market.orchestrator.pubkey(), market.accounts(workers));
    let assign = instruction::assign_seats(key, market.place(&job, 0), &providers);
    Scene::of(market, assign)
}

pub fn assign_seats_at_a_new_shard() -> Scene {
    assignment(posted, &[0, 1, 2])
}

fn begun(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(two_shards);
    market.assign(&job, 0, &[worker]).unwrap();
    job
}

pub fn assign_seats_at_a_shard_with_a_free_seat() -> Scene {
    assignment(begun, &[1, 2])
}

pub fn record_commitments() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, assigned);
    let claims = [0, 1].map(|worker| market.claim(&job, 0, (worker, RIGHT)));
    let instructions = instruction::record_commitments(market.place(&job, 0), &claims);
    Scene {
        market,
        instructions: instructions.into(),
    }
}

pub fn record_reveals() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, committed);
    let openings = [0, 1].map(|worker| market.opening(&job, 0, (worker, RIGHT)));
    let (key, place) = (market.orchestrator.pubkey(), market.place(&job, 0));
    let reveal = instruction::record_reveals(key, place, openings.into());
    Scene::of(market, reveal)
}
