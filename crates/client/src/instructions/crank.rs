use super::build::{SLOT_HASHES, build, with_writable};
use super::mints::Mints;
use super::shard_ref::ShardRef;
use crate::pda::{self, PROGRAM};
use millrace_program::state::{Job, Review, Seat, Shard, bucket_of};
use millrace_program::{accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Settles a shard, with the accounts of every occupied seat of `shard`. If the shard is challenged,
/// `challenger` is required, and its associated token account of payments must exist. Needs no signature.
pub fn settle_shard(
    shard_ref: ShardRef,
    job: &Job,
    shard: &Shard,
    mints: Mints,
    challenger: Option<Pubkey>,
) -> Instruction {
    // The mint is written if stake is burnt, so it is left out if every seat agrees: writing it would keep
    // other settlements from running at the same time.
    let mut occupied = shard.seats.iter().filter(|seat| seat.is_live());
    let first = occupied.next();
    let agrees = |seat: &Seat| first.is_some_and(|first| first.agrees_with(seat));
    let may_burn = !first.is_some_and(agrees) || !occupied.all(agrees);
    let client = pda::client(&job.client);
    let bucket = bucket_of(&shard_ref.job);
    let challenger = challenger.filter(|_| shard.review() == Review::Challenged);
    let challenge = || pda::challenge(&shard_ref.job, shard_ref.index);
    let instruction = build(
        accounts::SettleShard {
            network: pda::network(),
            client,
            job: shard_ref.job,
            shard: shard_ref.account(),
            bucket: pda::bucket(bucket),
            escrow: pda::escrow(&client),
            payment_mint: mints.payment,
            treasury: pda::treasury(&mints.payment, bucket),
            payment_token_program: mints.payment_program,
            stake_mint: may_burn.then_some(mints.stake),
            stake_token_program: may_burn.then_some(mints.stake_program),
            challenge: challenger.map(|_| challenge()),
            challenger,
            challenger_payment: challenger.map(|key| mints.payment_account(&key)),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::SettleShard {},
    );
    let seats = shard.seats.iter().filter(|seat| seat.is_live());
    let keys = seats.flat_map(|seat| {
        let provider = seat.provider;
        [
            provider,
            pda::earnings_vault(&provider),
            pda::stake_vault(&provider),
        ]
    });
    with_writable(instruction, keys)
}

/// Frees a late seat and burns its penalty. Needs no signature.
pub fn expire_seat(shard_ref: ShardRef, seat: u8, provider: Pubkey, mints: Mints) -> Instruction {
    build(
        accounts::ExpireSeat {
            job: shard_ref.job,
            shard: shard_ref.account(),
            provider,
            stake_vault: pda::stake_vault(&provider),
            stake_mint: mints.stake,
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ExpireSeat { seat },
    )
}

/// Ends a job whose deadline has passed. Needs no signature.
pub fn expire_job(job: Pubkey) -> Instruction {
    build(
        accounts::ExpireJob {
            job,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ExpireJob {},
    )
}

/// Decides whether a shard with one result is audited. Needs no signature.
pub fn draw_audit(shard_ref: ShardRef) -> Instruction {
    build(
        accounts::DrawAudit {
            job: shard_ref.job,
            shard: shard_ref.account(),
            slot_hashes: SLOT_HASHES,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::DrawAudit {},
    )
}

/// Takes the seed of a job's sortition from a recent block. Needs no signature.
pub fn seed_job(job: Pubkey) -> Instruction {
    build(
        accounts::SeedJob {
            job,
            slot_hashes: SLOT_HASHES,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::SeedJob {},
    )
}

/// Closes a finished job. `shards` are the accounts of its shards, each with the payer of its rent. The refund
/// goes to the owner's associated token account, which must exist. Needs no signature.
pub fn close_job(
    job: Pubkey,
    owner: Pubkey,
    shards: &[(Pubkey, Pubkey)],
    mints: Mints,
) -> Instruction {
    let client = pda::client(&owner);
    let instruction = build(
        accounts::CloseJob {
            client,
            owner,
            job,
            escrow: pda::escrow(&client),
            payment_mint: mints.payment,
            destination: mints.payment_account(&owner),
            token_program: mints.payment_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::CloseJob {},
    );
    with_writable(
        instruction,
        shards.iter().flat_map(|(shard, payer)| [*shard, *payer]),
    )
}
