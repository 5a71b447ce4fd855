//! What anyone may do.

use super::super::super::fixture::{Answer, Market, RIGHT, WRONG};
use super::super::town::{Coins, person, town};
use super::client::{challengeable, challengeable_alone};
use super::{Scene, assigned, assigned_alone, posted, revealed, right, settled, thrice};
use millrace_client::instructions;
use millrace_program::PostJobArgs;
use millrace_program::state::{Mode, Review};
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

/// Challenged in the job's account.
fn outvoted_alone(market: &mut Market, [liar, second, third]: [usize; 3]) -> Pubkey {
    let job = market.posted(challengeable_alone);
    market.answered(&job, 0, &[(liar, WRONG)]);
    market.challenge(&job, 0, &person("passer-by")).unwrap();
    market.answered(&job, 0, &[(second, RIGHT), (third, RIGHT)]);
    job
}

/// Two results of two seats, for which a third one has to be opened.
fn disagreeing(market: &mut Market, [first, second, _]: [usize; 3]) -> Pubkey {
    let job = market.posted(|t| (t.shards, t.replicas, t.quorum) = (2, 2, 2));
    market.answered(&job, 0, &[(first, RIGHT), (second, WRONG)]);
    job
}

/// Three results, no two of which agree.
fn without_quorum(market: &mut Market, [first, second, third]: [usize; 3]) -> Pubkey {
    let job = market.posted(super::two_shards);
    let other = Answer {
        root: [8; 32],
        ..RIGHT
    };
    let answers = [(first, RIGHT), (second, WRONG), (third, other)];
    market.answered(&job, 0, &answers);
    job
}

/// A lie that an audit fell on, and that two others outvote.
fn audited(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let [liar, second, third] = workers;
    let job = market.posted(audited_always);
    market.assign(&job, 0, &[liar]).unwrap();
    market.commit(&job, 0, &[(liar, WRONG)]).unwrap();
    market.machine.pass_slots(20, 3);
    market.draw(&job, 0).unwrap();
    let both = [(liar, WRONG), (second, RIGHT)];
    market.answered_after(&job, 0, &[(second, RIGHT)], &both);
    market.settle(&job, 0).unwrap();
    let third = [(third, RIGHT)];
    market.answered_after(&job, 0, &third, &third);
    job
}

fn settlement(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    let (books, shard) = (market.job(&job), market.shard(&job, 0));
    let challenged = shard.review() == Review::Challenged;
    let challenger = challenged.then(|| person("passer-by").pubkey());
    let place = market.place(&job, 0);
    let books = (&books, &shard);
    let finder = finder(&market);
    let settle = instructions::settle_shard(place, books, market.mints, challenger, finder);
    Scene::of(market, settle)
}

pub fn settle_shard_that_is_challenged(coins: Coins) -> Scene {
    settlement(coins, outvoted)
}

pub fn settle_shard_that_is_challenged_in_its_jobs_account(coins: Coins) -> Scene {
    settlement(coins, outvoted_alone)
}

pub fn settle_shard_in_its_jobs_account(coins: Coins) -> Scene {
    settlement(coins, alone)
}

pub fn settle_shard_in_an_account_of_its_own(coins: Coins) -> Scene {
    settlement(coins, revealed)
}

pub fn settle_shard_whose_seats_disagree(coins: Coins) -> Scene {
    settlement(coins, disagreeing)
}

pub fn settle_shard_without_a_quorum(coins: Coins) -> Scene {
    settlement(coins, without_quorum)
}

pub fn settle_shard_that_is_audited(coins: Coins) -> Scene {
    settlement(coins, audited)
}

fn expiry(coins: Coins, step: super::Step) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, step);
    market.warp(60);
    let (place, seat) = (market.place(&job, 0), market.seat_of(&job, 0, 0));
    let (provider, finder) = (market.workers[0].account, finder(&market));
    let expire = instructions::expire_seat(place, seat, provider, market.mints, finder);
    Scene::of(market, expire)
}

pub fn expire_seat(coins: Coins) -> Scene {
    expiry(coins, assigned)
}

pub fn expire_seat_in_the_jobs_account(coins: Coins) -> Scene {
    expiry(coins, assigned_alone)
}

pub fn expire_job(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, posted);
    market.warp(3_600);
    Scene::of(market, instructions::expire_job(job))
}

pub fn seed_job(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, posted);
    market.machine.pass_slots(20, 3);
    Scene::of(market, instructions::seed_job(job))
}

/// Terms of a job of two shards, of which each is audited.
fn audited_always(terms: &mut PostJobArgs) {
    (terms.shards, terms.mode, terms.audit_bps) = (2, Mode::Audit, 10_000);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// A commitment that an audit is to be drawn for.
fn drawable(market: &mut Market, [worker, ..]: [usize; 3]) -> Pubkey {
    let job = market.posted(audited_always);
    market.assign(&job, 0, &[worker]).unwrap();
    market.commit(&job, 0, &[(worker, RIGHT)]).unwrap();
    job
}

pub fn draw_audit(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, drawable);
    market.machine.pass_slots(20, 3);
    let draw = instructions::draw_audit(market.place(&job, 0));
    Scene::of(market, draw)
}

/// Two shards settled by the same workers.
fn finished(market: &mut Market, workers: [usize; 3]) -> Pubkey {
    let job = settled(market, workers);
    market.answered(&job, 1, &right(workers));
    market.settle(&job, 1).unwrap();
    job
}

pub fn close_job(coins: Coins) -> Scene {
    let mut market = town(coins);
    let job = thrice(&mut market, finished);
    let close = market.closing(&job, &[0, 1]);
    Scene::of(market, close)
}
