use super::build::{INSTRUCTIONS_SYSVAR, build, with_writable};
use super::ed25519::{SignedStatement, ed25519_check};
use super::shard_ref::ShardRef;
use crate::pda::{self, PROGRAM, SYSTEM_PROGRAM};
use millrace_program::{CommitmentEntry, RevealEntry, accounts, instruction as ix};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;

/// A provider that was chosen for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenProvider {
    /// The provider's account.
    pub account: Pubkey,
    /// The price at which it was chosen, base units per unit. If it asks more by now, it is skipped.
    pub agreed_price: u64,
}

/// Assigns free seats of a shard to `providers`. Signed by the orchestrator's key.
pub fn assign_seats(key: Pubkey, shard_ref: ShardRef, providers: &[ChosenProvider]) -> Instruction {
    let instruction = build(
        accounts::AssignSeats {
            key,
            orchestrator: pda::orchestrator(&key),
            network: pda::network(),
            job: shard_ref.job,
            shard: shard_ref.account(),
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::AssignSeats {
            index: shard_ref.index,
            agreed_prices: providers.iter().map(|p| p.agreed_price).collect(),
        },
    );
    with_writable(instruction, providers.iter().map(|p| p.account))
}

/// A commitment, and its statement signed by the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCommitment {
    /// Index of the seat in the shard.
    pub seat: u8,
    /// The account of the provider in that seat.
    pub provider: Pubkey,
    /// The commitment to a result.
    pub commitment: [u8; 32],
    /// The signed statement.
    pub signed: SignedStatement,
}

/// Records commitments that operators have signed: the check of their signatures and `record_commitments`, which
/// must follow each other in this order. Needs no signature.
pub fn record_commitments(
    shard_ref: ShardRef,
    commitments: &[SignedCommitment],
) -> [Instruction; 2] {
    let entry = |c: &SignedCommitment| CommitmentEntry {
        seat: c.seat,
        commitment: c.commitment,
    };
    let mut record = build(
        accounts::RecordCommitments {
            network: pda::network(),
            job: shard_ref.job,
            shard: shard_ref.account(),
            instructions: INSTRUCTIONS_SYSVAR,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RecordCommitments {
            entries: commitments.iter().map(entry).collect(),
        },
    );
    let metas = commitments.iter();
    let metas = metas.map(|c| AccountMeta::new_readonly(c.provider, false));
    record.accounts.extend(metas);
    let signed: Vec<SignedStatement> = commitments.iter().map(|c| c.signed).collect();
    [ed25519_check(&signed), record]
}

/// Reveals results. Signed by the orchestrator's key.
pub fn record_reveals(key: Pubkey, shard_ref: ShardRef, entries: Vec<RevealEntry>) -> Instruction {
    build(
        accounts::RecordReveals {
            key,
            orchestrator: pda::orchestrator(&key),
            network: pda::network(),
            job: shard_ref.job,
            shard: shard_ref.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RecordReveals { entries },
    )
}
