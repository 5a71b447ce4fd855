//! Signatures of operators, checked by the ed25519 program.

use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

const ED25519_PROGRAM: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");

/// A statement that an operator has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    /// The operator's key.
    pub operator: Pubkey,
    /// The signed message: a digest.
    pub statement: [u8; 32],
    /// The ed25519 signature.
    pub signature: [u8; 64],
}

/// The instruction of the ed25519 program that checks these signatures. Its data has a count and a padding byte,
/// 14 bytes of offsets per signature, and then key, signature and message of each.
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
