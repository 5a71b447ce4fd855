//! Actions on seats.

use super::super::base::Base;
use super::super::choices::Choices;
use super::{any_job, any_shard};
use millrace_client::accounts::decode;
use millrace_client::instructions::{ChosenProvider, ShardRef};
use millrace_client::{instructions, pda};
use millrace_fixture::cases::parties::party;
use millrace_fixture::{Answer, RIGHT, WRONG};
use millrace_program::RevealEntry;
use millrace_program::state::{Job, Network, Shard};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Largest number of seats in one instruction.
const MAX_SEATS: usize = 3;

fn orchestrator(choices: &mut Choices) -> Pubkey {
    party(["orchestrator", "orchestrator2"][choices.below(2)]).pubkey()
}

/// A result, mostly the honest one.
fn answer(choices: &mut Choices) -> Answer {
    match choices.below(8) {
        0 | 1 => WRONG,
        2 => Answer {
            units: choices.amount(),
            ..RIGHT
        },
        _ => RIGHT,
    }
}

/// Chooses a shard whose accounts can still be decoded.
fn readable_shard(base: &Base, choices: &mut Choices) -> Option<(Pubkey, Job, Shard)> {
    let (key, job, shard) = any_shard(base, choices)?;
    let network = base.network.machine.account(&pda::network())?;
    let stored = base.network.machine.account(&key)?;
    decode::<Network>(pda::network(), &network.data).ok()?;
    decode::<Job>(key, &stored.data).ok()?;
    let same = base.network.shard_if_any(&key, shard.index)?.seats == shard.seats;
    same.then_some((key, job, shard))
}

/// Workers with seats at a shard, starting from a chosen seat.
fn seated_workers(base: &Base, shard: &Shard, choices: &mut Choices) -> Vec<usize> {
    let (first, count) = (
        choices.below(shard.seats.len()),
        1 + choices.below(MAX_SEATS),
    );
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

pub(super) fn assign(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job) = any_job(base, choices)?;
    let place = ShardRef::of(key, &job, choices.below(job.shards.min(4) as usize) as u32);
    // If there are jobs, there are workers.
    let workers = base.network.workers.len();
    let first = choices.below(workers);
    let taken = (first..first + 1 + choices.below(5)).map(|worker| worker % workers);
    let key = orchestrator(choices);
    let agreed_price = if choices.rarely(8) {
        choices.amount()
    } else {
        u64::MAX
    };
    let chosen = taken.map(|worker| ChosenProvider {
        account: base.network.workers[worker].account,
        agreed_price,
    });
    let chosen: Vec<ChosenProvider> = chosen.collect();
    Some(vec![instructions::assign_seats(key, place, &chosen)])
}

pub(super) fn commit(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = readable_shard(base, choices)?;
    let claims = seated_workers(base, &shard, choices)
        .into_iter()
        .map(|worker| {
            let answer = answer(choices);
            base.network
                .signed_commitment(&key, shard.index, (worker, answer))
        });
    let claims: Vec<_> = claims.collect();
    let place = ShardRef::of(key, &job, shard.index);
    (!claims.is_empty()).then(|| instructions::record_commitments(place, &claims).into())
}

/// Preimages that match the commitments, if those were to the honest or the wrong result.
fn entries(
    base: &Base,
    (key, _, shard): &(Pubkey, Job, Shard),
    choices: &mut Choices,
) -> Vec<RevealEntry> {
    let mut entries = Vec::new();
    for worker in seated_workers(base, shard, choices) {
        let fits = |answer: &Answer| {
            let claim = base
                .network
                .signed_commitment(key, shard.index, (worker, *answer));
            shard.seats[usize::from(claim.seat)].digest == claim.commitment
        };
        let answer = match [RIGHT, WRONG].into_iter().find(fits) {
            Some(fitting) => fitting,
            None => answer(choices),
        };
        entries.push(
            base.network
                .reveal_entry(key, shard.index, (worker, answer)),
        );
    }
    entries
}

pub(super) fn reveal(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let at = readable_shard(base, choices)?;
    let entries = entries(base, &at, choices);
    let place = ShardRef::of(at.0, &at.1, at.2.index);
    Some(vec![instructions::record_reveals(
        orchestrator(choices),
        place,
        entries,
    )])
}

pub(super) fn reveal_by_anyone(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let at = readable_shard(base, choices)?;
    let entries = entries(base, &at, choices);
    let place = ShardRef::of(at.0, &at.1, at.2.index);
    Some(vec![instructions::reveal_seats(place, entries)])
}

pub(super) fn acknowledge(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = readable_shard(base, choices)?;
    let place = ShardRef::of(key, &job, shard.index);
    let seat = choices.below(6) as u8;
    let by_orchestrator = choices.rarely(2);
    let signer = if by_orchestrator {
        orchestrator(choices)
    } else {
        job.client
    };
    let acknowledge = instructions::acknowledge_delivery(signer, by_orchestrator, place, seat);
    Some(vec![acknowledge])
}

pub(super) fn decline(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = readable_shard(base, choices)?;
    let worker = *seated_workers(base, &shard, choices).first()?;
    let refusal = base.network.signed_decline(&key, shard.index, worker);
    let seat = base.network.seat_of(&key, shard.index, worker);
    let provider = base.network.workers[worker].account;
    let place = ShardRef::of(key, &job, shard.index);
    Some(instructions::decline_seat(place, seat, provider, &refusal).into())
}

pub(super) fn expire(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = readable_shard(base, choices)?;
    let worker = *seated_workers(base, &shard, choices).first()?;
    let seat = base.network.seat_of(&key, shard.index, worker);
    let provider = base.network.workers[worker].account;
    let mints = base.network.mints;
    let place = ShardRef::of(key, &job, shard.index);
    Some(vec![instructions::expire_seat(
        place, seat, provider, mints,
    )])
}
