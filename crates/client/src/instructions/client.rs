use super::build::build;
use super::mints::Mints;
use super::shard_ref::ShardRef;
use crate::pda::{self, PROGRAM, SYSTEM_PROGRAM};
use millrace_program::{PostJobArgs, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Opens a client account and its escrow vault for a wallet. Signed by the wallet, which pays the rent.
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

/// Posts a job. The deposit comes from the owner's associated token account. Signed by the owner.
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

/// Cancels the shards of a job that have no seats. The refund goes to the owner's associated token account.
/// Signed by the owner.
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

/// Acknowledges that the output of a seat was delivered. Signed by the client's wallet, or by the key of an
/// orchestrator, for which `orchestrator` is `true`.
pub fn acknowledge_delivery(
    signer: Pubkey,
    orchestrator: bool,
    shard_ref: ShardRef,
    seat: u8,
) -> Instruction {
    build(
        accounts::AcknowledgeDelivery {
            signer,
            orchestrator: orchestrator.then(|| pda::orchestrator(&signer)),
            job: shard_ref.job,
            shard: shard_ref.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::AcknowledgeDelivery { seat },
    )
}

/// Challenges a revealed result, with a bond from the challenger's associated token account. `owner` is the
/// wallet that posted the job. Signed by the challenger.
pub fn challenge_shard(
    challenger: Pubkey,
    owner: &Pubkey,
    shard_ref: ShardRef,
    mints: Mints,
) -> Instruction {
    let client = pda::client(owner);
    build(
        accounts::ChallengeShard {
            challenger,
            client,
            job: shard_ref.job,
            shard: shard_ref.account(),
            challenge: pda::challenge(&shard_ref.job, shard_ref.index),
            payment_mint: mints.payment,
            source: mints.payment_account(&challenger),
            escrow: pda::escrow(&client),
            token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ChallengeShard {
            index: shard_ref.index,
        },
    )
}
