//! What a client's wallet signs, and what anyone signs who doubts a result.

use super::super::super::fixture::{Market, RIGHT};
use super::super::town::{Coins, person, town};
use super::{Scene, committed, posted, right, thrice};
use millrace_client::instructions;
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

pub fn open_client(coins: Coins) -> Scene {
    let market = town(coins);
    let newcomer = person("newcomer").pubkey();
    let open = instructions::open_client(newcomer, market.mints);
    Scene::of(market, open)
}

pub fn post_job(coins: Coins) -> Scene {
    let mut market = town(coins);
    thrice(&mut market, posted);
    let terms = market.terms();
    let post = instructions::post_job(market.owner.pubkey(), market.mints, terms);
    Scene::of(market, post)
}

pub fn cancel_job(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, posted);
    let cancel = instructions::cancel_job(market.owner.pubkey(), job, market.mints);
    Scene::of(market, cancel)
}

/// Three results that nobody has said to have.
fn shown(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = committed(market, workers);
    market.show(&job, 0, &right(workers)).unwrap();
    job
}

fn acknowledgement(coins: Coins, by: &str, orchestrator: bool) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, shown);
    let (place, by) = (market.place(&job, 0), person(by).pubkey());
    let acknowledge = instructions::acknowledge_delivery(by, orchestrator, place, 0);
    Scene::of(market, acknowledge)
}

pub fn acknowledge_delivery_by_the_client(coins: Coins) -> Scene {
    acknowledgement(coins, "client", false)
}

pub fn acknowledge_delivery_by_an_orchestrator(coins: Coins) -> Scene {
    acknowledgement(coins, "orchestrator", true)
}

/// Terms of a job of two shards whose results can be challenged.
pub fn challengeable(terms: &mut PostJobArgs) {
    (terms.shards, terms.mode, terms.challenge_secs) = (2, Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// The same of one shard.
pub fn challengeable_alone(terms: &mut PostJobArgs) {
    challengeable(terms);
    terms.shards = 1;
}

fn doubtful(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(challengeable);
    market.answered(&job, 0, &[(worker, RIGHT)]);
    job
}

fn doubtful_alone(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(challengeable_alone);
    market.answered(&job, 0, &[(worker, RIGHT)]);
    job
}

fn challenge(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let (place, owner) = (market.place(&job, 0), market.owner.pubkey());
    let challenger = person("passer-by").pubkey();
    let challenge = instructions::challenge_shard(challenger, &owner, place, market.mints);
    Scene::of(market, challenge)
}

pub fn challenge_shard(coins: Coins) -> Scene {
    challenge(coins, doubtful)
}

pub fn challenge_shard_in_the_jobs_account(coins: Coins) -> Scene {
    challenge(coins, doubtful_alone)
}
