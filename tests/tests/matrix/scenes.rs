//! For each instruction a market in which it succeeds, and in which there is another account of
//! each kind, at the same point of its life, that it could be given instead.

pub mod admin;
pub mod client;
pub mod crank;
pub mod money;
pub mod orchestrator;
pub mod provider;

use super::super::fixture::{Answer, Market, RIGHT};
use super::stage::Scene;
use super::town::person;
use millrace_program::PostJobArgs;
use solana_sdk::pubkey::Pubkey;

/// Brings a job to some point of its life, by the three workers given.
type Step = fn(&mut Market, [usize; 3]) -> Pubkey;

/// The same for a job of the client, for another one of its, and for one of another client. Returns
/// the first.
fn thrice(market: &mut Market, step: Step) -> Pubkey {
    let job = step(market, [0, 1, 2]);
    step(market, [3, 4, 5]);
    let own = std::mem::replace(&mut market.owner, person("client2"));
    step(market, [5, 6, 7]);
    market.owner = own;
    job
}

/// Of two shards, so that each has an account of its own.
fn two_shards(terms: &mut PostJobArgs) {
    terms.shards = 2;
}

/// A job of two shards that nobody has taken.
fn posted(market: &mut Market, _: [usize; 3]) -> Pubkey {
    market.posted(two_shards)
}

/// Whose first shard three work at.
fn assigned(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = market.posted(two_shards);
    market.assign(&job, 0, &workers).unwrap();
    job
}

/// Whose first shard has three commitments.
fn committed(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = assigned(market, workers);
    market.commit(&job, 0, &right(workers)).unwrap();
    job
}

/// Whose first shard can be settled.
fn revealed(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = committed(market, workers);
    market.reveal(&job, 0, &right(workers)).unwrap();
    job
}

/// Whose first shard is settled.
fn settled(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = revealed(market, workers);
    market.settle(&job, 0).unwrap();
    job
}

/// A job of one shard, in the job's account, which three work at.
fn assigned_alone(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = market.posted(|_| ());
    market.assign(&job, 0, &workers).unwrap();
    job
}

/// Which has three commitments.
fn committed_alone(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = assigned_alone(market, workers);
    market.commit(&job, 0, &right(workers)).unwrap();
    job
}

/// The honest answers of workers.
fn right(workers: [usize; 3]) -> [(usize, Answer); 3] {
    workers.map(|worker| (worker, RIGHT))
}
