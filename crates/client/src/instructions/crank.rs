use super::{Mints, SLOT_HASHES, ShardRef, build, with_writable};
use crate::pda;
use crate::pda::PROGRAM;
use millrace_program::state::{Job, Review, Shard, bucket_of};
use millrace_program::{accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// `settle_shard`, with the accounts of every occupied seat of `shard` as it is now. The cranker's
/// bounty goes to `bounty`, a token account of the stake mint. Where the shard is challenged, the
/// challenger has to be given, and its associated token accounts must exist.
pub fn settle_shard(
    place: ShardRef,
    (books, shard): (&Job, &Shard),
    mints: Mints,
    challenger: Option<Pubkey>,
    bounty: Option<Pubkey>,
) -> Instruction {
    let client = pda::client(&books.client);
    let bucket = bucket_of(&place.job);
    let challenger = challenger.filter(|_| shard.review() == Review::Challenged);
    let challenge = || pda::challenge(&place.job, place.index);
    let instruction = build(
        accounts::SettleShard {
            network: pda::network(),
            client,
            job: place.job,
            shard: place.account(),
            bucket: pda::bucket(bucket),
            escrow: pda::escrow(&client),
            payment_mint: mints.payment,
            payment_treasury: pda::treasury(&mints.payment, bucket),
            payment_token_program: mints.payment_program,
            stake_mint: mints.stake,
            stake_treasury: pda::treasury(&mints.stake, bucket),
            stake_token_program: mints.stake_program,
            bounty,
            challenge: challenger.map(|_| challenge()),
            challenger,
            challenger_payment: challenger.map(|key| mints.payment_account(&key)),
            challenger_stake: challenger.map(|key| mints.stake_account(&key)),
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

/// `expire_seat`; the cranker's bounty goes to `bounty`, a token account of the stake mint.
pub fn expire_seat(
    place: ShardRef,
    seat: u8,
    provider: Pubkey,
    mints: Mints,
    bounty: Option<Pubkey>,
) -> Instruction {
    let bucket = bucket_of(&place.job);
    build(
        accounts::ExpireSeat {
            job: place.job,
            shard: place.account(),
            provider,
            stake_vault: pda::stake_vault(&provider),
            stake_mint: mints.stake,
            bucket: pda::bucket(bucket),
            stake_treasury: pda::treasury(&mints.stake, bucket),
            bounty,
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ExpireSeat { seat },
    )
}

/// `expire_job`.
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

/// `draw_audit`.
pub fn draw_audit(place: ShardRef) -> Instruction {
    build(
        accounts::DrawAudit {
            job: place.job,
            shard: place.account(),
            slot_hashes: SLOT_HASHES,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::DrawAudit {},
    )
}

/// `seed_job`.
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

/// `close_job` for the `shards` given as (account, payer of its rent); the refund goes to the client's
/// associated token account, which must exist.
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
