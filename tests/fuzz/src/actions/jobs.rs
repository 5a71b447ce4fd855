//! Actions on jobs and whole shards.

use super::super::base::Base;
use super::super::choices::Choices;
use super::terms::terms;
use super::{any_job, any_shard, anyone};
use millrace_client::accounts::AnyAccount;
use millrace_client::instructions::ShardRef;
use millrace_client::{instructions, pda};
use millrace_fixture::cases::parties::party;
use millrace_program::state::{Review, SeatStatus};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

pub(super) fn post(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let owner = party(["client", "client2", "newcomer"][choices.below(3)]).pubkey();
    let client = base.network.machine.account(&pda::client(&owner))?;
    let Some(AnyAccount::Client(client)) = AnyAccount::decode(&owner, &client.data) else {
        return None;
    };
    let terms = terms(client.next_nonce, base.network.machine.now(), choices);
    Some(vec![instructions::post_job(
        owner,
        base.network.mints,
        terms,
    )])
}

pub(super) fn cancel(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job) = any_job(base, choices)?;
    Some(vec![instructions::cancel_job(
        job.client,
        key,
        base.network.mints,
    )])
}

pub(super) fn challenge(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = any_shard(base, choices)?;
    let place = ShardRef::of(key, &job, shard.index);
    let by = anyone(base, choices)?;
    let challenge = instructions::challenge_shard(by, &job.client, place, base.network.mints);
    Some(vec![challenge])
}

pub(super) fn settle(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, mut shard) = any_shard(base, choices)?;
    let mints = base.network.mints;
    let mut challenger = None;
    if shard.review() == Review::Challenged {
        let address = pda::challenge(&key, shard.index);
        let challenge = base.network.machine.account(&address)?;
        if let Some(AnyAccount::Challenge(challenge)) =
            AnyAccount::decode(&address, &challenge.data)
        {
            challenger = Some(challenge.challenger);
        }
    }
    if choices.rarely(8) {
        // The mint of stake is left out because all results seem to agree.
        for seat in shard.seats.iter_mut().filter(|seat| seat.is_live()) {
            (seat.status, seat.digest) = (SeatStatus::Revealed as u8, [0; 32]);
            seat.units = 0;
        }
    }
    let place = ShardRef::of(key, &job, shard.index);
    let settle = instructions::settle_shard(place, &job, &shard, mints, challenger);
    Some(vec![settle])
}

pub(super) fn expire(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, _) = any_job(base, choices)?;
    Some(vec![instructions::expire_job(key)])
}

pub(super) fn seed(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, _) = any_job(base, choices)?;
    Some(vec![instructions::seed_job(key)])
}

pub(super) fn draw(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job, shard) = any_shard(base, choices)?;
    let place = ShardRef::of(key, &job, shard.index);
    Some(vec![instructions::draw_audit(place)])
}

pub(super) fn close(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let (key, job) = any_job(base, choices)?;
    let ours = super::super::attacker::program_accounts(base).into_iter();
    let shards =
        ours.filter_map(
            |(address, account)| match AnyAccount::decode(&address, &account.data)? {
                AnyAccount::Shard(shard) if shard.job == key => Some((address, shard.payer)),
                _ => None,
            },
        );
    let shards: Vec<(Pubkey, Pubkey)> = shards.collect();
    let some = &shards[choices.below(shards.len() + 1)..];
    Some(vec![instructions::close_job(
        key,
        job.client,
        some,
        base.network.mints,
    )])
}
