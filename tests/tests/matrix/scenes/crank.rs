//! What anyone may do.

use super::super::super::fixture::{Market, RIGHT, WRONG};
use super::super::town::{person, town};
use super::client::challengeable;
use super::{Scene, assigned, posted, right, settled, thrice};
use millrace_chain::instruction;
use millrace_program::state::Mode;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Somebody's token account of the stake mint, for a bounty.
fn finder(market: &Market) -> Option<Pubkey> {
    Some(market.mints.stake_account(&person("newcomer").pubkey()))
}

/// A lie, challenged by a passer-by and outvoted by two others.
fn outvoted(market: &mut Market, [liar, second, third]: [usize; 3]) -> Pubkey {
    let job = market.posted(challengeable);
    market.answered(&job, 0, &[(liar, WRONG)]);
    market.challenge(&job, 0, &person("passer-by")).unwrap();
    market.answered(&job, 0, &[(second, RIGHT), (third, RIGHT)]);
    job
}

/// The only shard of a job, to be settled.
fn alone(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = market.posted(|_| ());
    market.answered(&job, 0, &right(workers));
    job
}

fn settlement(step: super::Step) -> Scene {
    let mut market = town();
    let job = thrice(&mut market, step);
    let (books, shard) = (market.job(&job), market.shard(&job, 0));
    let challenger = Some(person("passer-by").pubkey());
    let place = market.place(&job, 0);
    let books = (&books, &shard);
    let finder = finder(&market);
    let settle = instruction::settle_shard(place, books, market.mints, challenger, finder);
    Scene::of(market, settle)
}

pub fn settle_shard_that_is_challenged() -> Scene {
    settlement(outvoted)
}

pub fn settle_shard_in_its_jobs_account() -> Scene {
    settlement(alone)
}

pub fn expire_seat() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, assigned);
    market.warp(60);
    let (place, seat) = (market.place(&job, 0), market.seat_of(&job, 0, 0));
    let (provider, finder) = (market.workers[0].account, finder(&market));
    let expire = instruction::expire_seat(place, seat, provider, market.mints, finder);
    Scene::of(market, expire)
}

pub fn expire_job() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, posted);
    market.warp(3_600);
    Scene::of(market, instruction::expire_job(job))
}

pub fn seed_job() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, posted);
    market.machine.pass_slots(20, 3);
    Scene::of(market, instruction::seed_job(job))
}

/// A commitment that an audit is to be drawn for.
fn drawable(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(|t| {
        (t.shards, t.mode, t.audit_bps) = (2, Mode::Audit, 10_000);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    market.assign(&job, 0, &[worker]).unwrap();
    market.commit(&job, 0, &[(worker, RIGHT)]).unwrap();
    job
}

pub fn draw_audit() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, drawable);
    market.machine.pass_slots(20, 3);
    let draw = instruction::draw_audit(market.place(&job, 0));
    Scene::of(market, draw)
}

/// Two shards settled by the same workers.
fn finished(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = settled(market, workers);
    market.answered(&job, 1, &right(workers));
    market.settle(&job, 1).unwrap();
    job
}

pub fn close_job() -> Scene {
    let mut market = town();
    let job = thrice(&mut market, finished);
    let close = market.closing(&job, &[0, 1]);
    Scene::of(market, close)
}
