//! Which acts share a transaction: as many as fit, so that a crowd of small shards costs few signatures.
//!
//! A transaction takes effect whole or not at all. So an act that failed is sent alone from then on:
//! what is wrong with one can hold up its neighbours once, not for ever.

use millrace_client::tx::packing::fits;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Most acts of one transaction: what is lost together by one that fails.
const MOST_ACTS: usize = 8;

/// An act's instructions, and whether it must be alone.
pub struct BatchItem<T> {
    /// What they are for.
    pub act: T,
    /// The instructions.
    pub instructions: Vec<Instruction>,
    /// Nothing shares its transaction.
    pub alone: bool,
}

/// Packs acts in their order into transactions of `payer`. Each comes out once; one that fits nothing is
/// alone, for the chain to refuse.
pub fn pack<T>(payer: &Pubkey, items: Vec<BatchItem<T>>) -> Vec<Vec<BatchItem<T>>> {
    let mut batches: Vec<Vec<BatchItem<T>>> = Vec::new();
    // The transaction that is being filled.
    let mut open: Vec<Instruction> = Vec::new();
    for item in items {
        let last = batches.last_mut().filter(|batch| {
            !item.alone && batch.len() < MOST_ACTS && batch.iter().all(|other| !other.alone)
        });
        let before = open.len();
        if let Some(batch) = last {
            open.extend_from_slice(&item.instructions);
            if fits(&open, payer, &[]) {
                batch.push(item);
                continue;
            }
            open.truncate(before);
        }
        open.clone_from(&item.instructions);
        batches.push(vec![item]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_sdk::instruction::AccountMeta;

    const PAYER: Pubkey = Pubkey::new_from_array([1; 32]);

    /// An instruction with `accounts` new accounts and `bytes` of data.
    fn instruction(n: u8, accounts: u8, bytes: usize) -> Instruction {
        let meta = |at: u8| {
            AccountMeta::new(
                Pubkey::new_from_array([n, at].repeat(16).try_into().unwrap_or([0; 32])),
                false,
            )
        };
        Instruction {
            program_id: Pubkey::new_from_array([2; 32]),
            accounts: (0..accounts).map(meta).collect(),
            data: vec![0; bytes],
        }
    }

    fn item(n: u8, accounts: u8, bytes: usize, alone: bool) -> BatchItem<u8> {
        BatchItem {
            act: n,
            instructions: vec![instruction(n, accounts, bytes)],
            alone,
        }
    }

    fn packed(items: Vec<BatchItem<u8>>) -> Vec<Vec<u8>> {
        let batches = pack(&PAYER, items);
        for batch in batches.iter().filter(|batch| batch.len() > 1) {
            let all: Vec<_> = batch.iter().flat_map(|p| p.instructions.clone()).collect();
            assert!(fits(&all, &PAYER, &[]));
        }
        let acts = |batch: &Vec<BatchItem<u8>>| batch.iter().map(|item| item.act).collect();
        batches.iter().map(acts).collect()
    }

    #[test]
    fn small_acts_share_a_transaction_and_keep_their_order() {
        let items = (0..3).map(|n| item(n, 2, 20, false)).collect();
        assert_eq!(packed(items), [[0, 1, 2]]);
    }

    #[test]
    fn what_does_not_fit_begins_the_next() {
        let items = (0..4).map(|n| item(n, 10, 100, false)).collect();
        assert_eq!(packed(items), [[0, 1], [2, 3]]);
    }

    #[test]
    fn one_that_failed_is_alone() {
        let items = vec![
            item(0, 1, 1, false),
            item(1, 1, 1, true),
            item(2, 1, 1, false),
            item(3, 1, 1, false),
        ];
        assert_eq!(packed(items), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn no_transaction_has_more_acts_than_may_be_lost_together() {
        let items = (0..20).map(|n| item(n, 0, 1, false)).collect();
        let sizes: Vec<usize> = packed(items).iter().map(Vec::len).collect();
        assert_eq!(sizes, [8, 8, 4]);
    }

    #[test]
    fn one_that_is_too_large_is_there_all_the_same() {
        let items = vec![
            item(0, 1, 1, false),
            item(1, 60, 500, false),
            item(2, 1, 1, false),
        ];
        assert_eq!(packed(items), [vec![0], vec![1], vec![2]]);
    }
}
