//! Size limits of transactions, and the instructions that set their compute budget.

use solana_sdk::hash::Hash;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use std::collections::HashSet;

/// The network's limit of bytes for one transaction, signatures included.
pub const MAX_TX_BYTES: usize = 1_232;
/// The network's limit of accounts that a transaction locks.
const MAX_ACCOUNTS: usize = 64;
const SIGNATURE_BYTES: usize = 64;
const COMPUTE_BUDGET: Pubkey = pubkey!("ComputeBudget111111111111111111111111111111");

/// Instruction 2 of the compute budget program: the limit of compute units.
pub fn set_compute_unit_limit(units: u32) -> Instruction {
    budget(2, &units.to_le_bytes())
}

/// Instruction 3 of the compute budget program: the price in micro-lamports per compute unit.
pub fn set_compute_unit_price(micro_lamports: u64) -> Instruction {
    budget(3, &micro_lamports.to_le_bytes())
}

fn budget(number: u8, argument: &[u8]) -> Instruction {
    let mut data = vec![number];
    data.extend_from_slice(argument);
    Instruction {
        program_id: COMPUTE_BUDGET,
        accounts: Vec::new(),
        data,
    }
}

/// All instructions of a transaction: the limit, the price unless it is 0, then `instructions`.
pub fn with_budget(instructions: &[Instruction], units: u32, price: u64) -> Vec<Instruction> {
    let mut all = vec![set_compute_unit_limit(units)];
    if price > 0 {
        all.push(set_compute_unit_price(price));
    }
    all.extend_from_slice(instructions);
    all
}

/// Upper bound of the size, in bytes, of the transaction that a [`crate::tx::sender::Sender`] builds.
pub fn size(instructions: &[Instruction], payer: &Pubkey, signers: &[Pubkey]) -> usize {
    let message = message(instructions, payer);
    let required = usize::from(message.header.num_required_signatures);
    // The payer signs, listed or not, and so does every signer of an instruction.
    let listed: HashSet<&Pubkey> = signers.iter().chain([payer]).collect();
    // The number of signatures takes one byte: at most 12 of them fit.
    1 + required.max(listed.len()) * SIGNATURE_BYTES + message.serialize().len()
}

/// Whether these instructions, with those that set the compute budget, fit into one transaction that is
/// paid by `payer` and signed by it and by `signers`.
pub fn fits(instructions: &[Instruction], payer: &Pubkey, signers: &[Pubkey]) -> bool {
    size(instructions, payer, signers) <= MAX_TX_BYTES
        && message(instructions, payer).account_keys.len() <= MAX_ACCOUNTS
}

fn message(instructions: &[Instruction], payer: &Pubkey) -> Message {
    let all = with_budget(instructions, u32::MAX, u64::MAX);
    Message::new_with_blockhash(&all, Some(payer), &Hash::default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use solana_sdk::instruction::AccountMeta;
    use solana_sdk::signature::{Keypair, Signer};
    use solana_sdk::transaction::{Transaction, VersionedTransaction};

    fn instruction(signer: &Pubkey, accounts: usize, data: usize) -> Instruction {
        let others = (0..accounts).map(|_| AccountMeta::new(Pubkey::new_unique(), false));
        Instruction {
            program_id: Pubkey::new_from_array([3; 32]),
            accounts: others
                .chain([AccountMeta::new_readonly(*signer, true)])
                .collect(),
            data: vec![0; data],
        }
    }

    #[test]
    fn size_is_that_of_the_transaction_that_is_sent() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        for (accounts, data) in [(0, 0), (3, 40), (20, 130)] {
            let own = [instruction(&other.pubkey(), accounts, data)];
            let all = with_budget(&own, 1, 1);
            let signed = Transaction::new_signed_with_payer(
                &all,
                Some(&payer.pubkey()),
                &[&payer, &other],
                Hash::default(),
            );
            let bytes = bincode::serialize(&VersionedTransaction::from(signed)).unwrap();
            let signers = [payer.pubkey(), other.pubkey()];
            assert_eq!(size(&own, &payer.pubkey(), &signers), bytes.len());
        }
    }

    #[test]
    fn one_byte_or_one_account_too_many_does_not_fit() {
        let payer = Pubkey::new_unique();
        let bare = size(&[instruction(&payer, 0, 200)], &payer, &[payer]) - 200;
        let fitting = |data| fits(&[instruction(&payer, 0, data)], &payer, &[payer]);
        assert!(fitting(MAX_TX_BYTES - bare));
        assert!(!fitting(MAX_TX_BYTES - bare + 1));
        assert!(!fits(&[instruction(&payer, 64, 0)], &payer, &[payer]));
    }

    #[test]
    fn shared_accounts_are_counted_once() {
        let payer = Pubkey::new_unique();
        let one = instruction(&payer, 20, 8);
        let twice = [one.clone(), one.clone()];
        let alone = size(&[one], &payer, &[payer]);
        assert!(size(&twice, &payer, &[payer]) < alone + 40);
    }

    #[test]
    fn zero_price_adds_no_instruction() {
        assert_eq!(with_budget(&[], 5, 0), vec![set_compute_unit_limit(5)]);
        assert_eq!(with_budget(&[], 5, 7)[1], set_compute_unit_price(7));
    }
}
