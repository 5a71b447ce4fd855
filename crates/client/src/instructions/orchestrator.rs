use super::{INSTRUCTIONS_SYSVAR, ShardRef, build, with_writable};
use crate::pda;
use crate::pda::{PROGRAM, SYSTEM_PROGRAM};
use millrace_program::{CommitmentEntry, RevealEntry, accounts, instruction as ix};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

const ED25519_PROGRAM: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");

/// `assign_seats` of `providers` at a shard.
pub fn assign_seats(key: Pubkey, place: ShardRef, providers: &[Pubkey]) -> Instruction {
    let instruction = build(
        accounts::AssignSeats {
            key,
            orchestrator: pda::orchestrator(&key),
            network: pda::network(),
            job: place.job,
            shard: place.account(),
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::AssignSeats { index: place.index },
    );
    with_writable(instruction, providers.iter().copied())
}

/// A statement with the signature of an operator over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    /// The operator key.
    pub operator: Pubkey,
    /// The statement that was signed.
    pub statement: [u8; 32],
    /// The signature.
    pub signature: [u8; 64],
}

/// A commitment with the operator's signature over its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCommitment {
    /// The seat.
    pub seat: u8,
    /// The provider in it.
    pub provider: Pubkey,
    /// The commitment.
    pub commitment: [u8; 32],
    /// Its statement, signed.
    pub signed: SignedStatement,
}

/// The ed25519 check and `record_commitments`; they must follow one another in this order.
pub fn record_commitments(place: ShardRef, commitments: &[SignedCommitment]) -> [Instruction; 2] {
    let entry = |c: &SignedCommitment| CommitmentEntry {
        seat: c.seat,
        commitment: c.commitment,
    };
    let mut record = build(
        accounts::RecordCommitments {
            network: pda::network(),
            job: place.job,
            shard: place.account(),
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

/// Layout: count, padding, 14 bytes of offsets each, then key, signature and message each.
pub(super) fn ed25519_check(statements: &[SignedStatement]) -> Instruction {
    const ENTRY: usize = 32 + 64 + 32;
    let count = statements.len();
    let start = 2 + 14 * count;
    let mut data = vec![count as u8, 0];
    for i in 0..count {
        let at = (start + ENTRY * i) as u16;
        for field in [at + 32, u16::MAX, at, u16::MAX, at + 96, 32, u16::MAX] {
            data.extend(field.to_le_bytes());
        }
    }
    for signed in statements {
        data.extend(signed.operator.to_bytes());
        data.extend(signed.signature);
        data.extend(signed.statement);
    }
    Instruction {
        program_id: ED25519_PROGRAM,
        accounts: Vec::new(),
        data,
    }
}

/// `record_reveals`.
pub fn record_reveals(key: Pubkey, place: ShardRef, entries: Vec<RevealEntry>) -> Instruction {
    build(
        accounts::RecordReveals {
            key,
            orchestrator: pda::orchestrator(&key),
            network: pda::network(),
            job: place.job,
            shard: place.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RecordReveals { entries },
    )
}
