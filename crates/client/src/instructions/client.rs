use super::{Mints, ShardRef, build};
use crate::pda;
use crate::pda::{PROGRAM, SYSTEM_PROGRAM};
use millrace_program::{PostJobArgs, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// `open_client`.
pub fn open_client(owner: Pubkey, mints: Mints) -> Instruction {
    let client = pda::client(&owner);
    build(
        accounts::OpenClient {
            owner,
            network: pda::network(),
            client,
            payment_mint: mints.payment,
            escrow: pda::escrow(&client),
            token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::OpenClient {},
    )
}

/// `post_job` with the deposit from the owner's associated token account.
pub fn post_job(owner: Pubkey, mints: Mints, args: PostJobArgs) -> Instruction {
    let client = pda::client(&owner);
    build(
        accounts::PostJob {
            owner,
            network: pda::network(),
            client,
            job: pda::job(&owner, args.nonce),
            payment_mint: mints.payment,
            source: mints.payment_account(&owner),
            escrow: pda::escrow(&client),
            token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::PostJob { args },
    )
}

/// `cancel_job` with the refund to the owner's associated token account.
pub fn cancel_job(owner: Pubkey, job: Pubkey, mints: Mints) -> Instruction {
    let client = pda::client(&owner);
    build(
        accounts::CancelJob {
            owner,
            client,
            job,
            escrow: pda::escrow(&client),
            payment_mint: mints.payment,
            destination: mints.payment_account(&owner),
            token_program: mints.payment_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::CancelJob {},
    )
}

/// `acknowledge_delivery` by the client, or by an orchestrator where `orchestrator`.
pub fn acknowledge_delivery(
    signer: Pubkey,
    orchestrator: bool,
    place: ShardRef,
    seat: u8,
) -> Instruction {
    build(
        accounts::AcknowledgeDelivery {
            signer,
            orchestrator: orchestrator.then(|| pda::orchestrator(&signer)),
            job: place.job,
            shard: place.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::AcknowledgeDelivery { seat },
    )
}

/// `challenge_shard` with the bond from the challenger's associated token account; `owner` is the
/// wallet that posted the job.
pub fn challenge_shard(
    challenger: Pubkey,
    owner: &Pubkey,
    place: ShardRef,
    mints: Mints,
) -> Instruction {
    let client = pda::client(owner);
    build(
        accounts::ChallengeShard {
            challenger,
            client,
            job: place.job,
            shard: place.account(),
            challenge: pda::challenge(&place.job, place.index),
            payment_mint: mints.payment,
            source: mints.payment_account(&challenger),
            escrow: pda::escrow(&client),
            token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ChallengeShard { index: place.index },
    )
}
