//! What is done to seats.

use super::super::base::Base;
use super::super::picks::Picks;
use super::{any_job, any_shard};
use millrace_client::accounts::decode;
use millrace_client::instructions::ShardRef;
use millrace_client::{instructions, pda};
use millrace_fixture::cases::parties::party;
use millrace_fixture::{Answer, RIGHT, WRONG};
use millrace_program::RevealEntry;
use millrace_program::state::{Job, Network, Shard};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Most seats that one instruction is about.
const MOST: usize = 3;

/// One of the orchestrators.
fn conductor(picks: &mut Picks) -> Pubkey {
    party(["orchestrator", "orchestrator2"][picks.below(2)]).pubkey()
}

/// An answer, mostly the right one.
fn answer(picks: &mut Picks) -> Answer {
    match picks.below(8) {
        0 | 1 => WRONG,
        2 => Answer {
            units: picks.amount(),
            ..RIGHT
        },
        _ => RIGHT,
    }
}

/// A shard of the input's choice, in a town whose books can still be read as they were written.
fn legible_shard(base: &Base, picks: &mut Picks) -> Option<(Pubkey, Job, Shard)> {
    let (key, job, shard) = any_shard(base, picks)?;
    let network = base.network.machine.account(&pda::network())?;
    let stored = base.network.machine.account(&key)?;
    decode::<Network>(pda::network(), &network.data).ok()?;
    decode::<Job>(key, &stored.data).ok()?;
    let same = base.network.shard_if_any(&key, shard.index)?.seats == shard.seats;
    same.then_some((key, job, shard))
}

/// Workers who sit at a shard, from a seat of the input's choice on.
fn sitting(base: &Base, shard: &Shard, picks: &mut Picks) -> Vec<usize> {
    let (first, count) = (picks.below(shard.seats.len()), 1 + picks.below(MOST));
    let seats = shard
        .seats
        .iter()
        .cycle()
        .skip(first)
        .take(shard.seats.len());
    let workers = seats.filter(|seat| seat.is_live()).filter_map(|seat| {
        let mut workers = base.network.workers.iter();
        workers.position(|worker| worker.account == seat.provider)
    });
    workers.take(count).collect()
}

pub fn assign(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let (key, job) = any_job(base, picks)?;
    let place = ShardRef::of(key, &job, picks.below(job.shards.min(4) as usize) as u32);
    // There are jobs only where there are workers.
    let workers = base.network.workers.len();
    let first = picks.below(workers);
    let taken = (first..first + 1 + picks.below(5)).map(|worker| worker % workers);
    let providers: Vec<Pubkey> = taken.map(|w| base.network.workers[w].account).collect();
    Some(vec![instructions::assign_seats(
        conductor(picks),
        place,
        &providers,
    )])
}

pub fn commit(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let (key, job, shard) = legible_shard(base, picks)?;
    let claims = sitting(base, &shard, picks).into_iter().map(|worker| {
        let answer = answer(picks);
        base.network
            .signed_commitment(&key, shard.index, (worker, answer))
    });
    let claims: Vec<_> = claims.collect();
    let place = ShardRef::of(key, &job, shard.index);
    (!claims.is_empty()).then(|| instructions::record_commitments(place, &claims).into())
}

/// Preimages that fit what was committed to, where that was one of the usual answers.
fn openings(
    base: &Base,
    (key, _, shard): &(Pubkey, Job, Shard),
    picks: &mut Picks,
) -> Vec<RevealEntry> {
    let mut openings = Vec::new();
    for worker in sitting(base, shard, picks) {
        let fits = |answer: &Answer| {
            let claim = base
                .network
                .signed_commitment(key, shard.index, (worker, *answer));
            shard.seats[usize::from(claim.seat)].digest == claim.commitment
        };
        let answer = match [RIGHT, WRONG].into_iter().find(fits) {
            Some(fitting) => fitting,
            None => answer(picks),
        };
        openings.push(
            base.network
                .reveal_entry(key, shard.index, (worker, answer)),
        );
    }
    openings
}

pub fn reveal(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let at = legible_shard(base, picks)?;
    let openings = openings(base, &at, picks);
    let place = ShardRef::of(at.0, &at.1, at.2.index);
    Some(vec![instructions::record_reveals(
        conductor(picks),
        place,
        openings,
    )])
}

pub fn show(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let at = legible_shard(base, picks)?;
    let openings = openings(base, &at, picks);
    let place = ShardRef::of(at.0, &at.1, at.2.index);
    Some(vec![instructions::reveal_seats(place, openings)])
}

pub fn acknowledge(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let (key, job, shard) = legible_shard(base, picks)?;
    let place = ShardRef::of(key, &job, shard.index);
    let seat = picks.below(6) as u8;
    let by_orchestrator = picks.rarely(2);
    let signer = match by_orchestrator {
        true => conductor(picks),
        false => job.client,
    };
    let acknowledge = instructions::acknowledge_delivery(signer, by_orchestrator, place, seat);
    Some(vec![acknowledge])
}

pub fn decline(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let (key, job, shard) = legible_shard(base, picks)?;
    let worker = *sitting(base, &shard, picks).first()?;
    let refusal = base.network.signed_decline(&key, shard.index, worker);
    let seat = base.network.seat_of(&key, shard.index, worker);
    let provider = base.network.workers[worker].account;
    let place = ShardRef::of(key, &job, shard.index);
    Some(instructions::decline_seat(place, seat, provider, &refusal).into())
}

pub fn expire(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let (key, job, shard) = legible_shard(base, picks)?;
    let worker = *sitting(base, &shard, picks).first()?;
    let seat = base.network.seat_of(&key, shard.index, worker);
    let provider = base.network.workers[worker].account;
    let mints = base.network.mints;
    let finder = super::anyone(base, picks)?;
    let finder = picks.rarely(2).then(|| mints.stake_account(&finder));
    let place = ShardRef::of(key, &job, shard.index);
    Some(vec![instructions::expire_seat(
        place, seat, provider, mints, finder,
    )])
}
