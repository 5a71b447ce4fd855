//! Packs chain actions into transactions: as many as fit, so that many small shards need few signatures.
//!
//! A transaction takes effect as a whole or not at all. An action that has failed is therefore sent alone
//! from then on: it can delay the others of its transaction once, not every time.

use millrace_client::tx::packing::fits;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Actions per transaction: how many are lost together if one of them fails.
const MAX_ACTIONS: usize = 8;

/// An action with its instructions.
pub(super) struct BatchItem<T> {
    pub action: T,
    pub instructions: Vec<Instruction>,
    /// The action must not share its transaction.
    pub alone: bool,
}

/// Packs actions in their order into transactions paid by `payer`. Every action is in exactly one of them;
/// one that is too large for any transaction is alone, for the cluster to refuse.
pub(super) fn pack<T>(payer: &Pubkey, items: Vec<BatchItem<T>>) -> Vec<Vec<BatchItem<T>>> {
    let mut batches: Vec<Vec<BatchItem<T>>> = Vec::new();
    // The transaction that is being filled.
    let mut open: Vec<Instruction> = Vec::new();
    for item in items {
        let last = batches.last_mut().filter(|batch| {
            !item.alone && batch.len() < MAX_ACTIONS && batch.iter().all(|other| !other.alone)
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

    /// An instruction with `accounts` accounts and `bytes` of data.
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
            action: n,
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
        let actions = |batch: &Vec<BatchItem<u8>>| batch.iter().map(|item| item.action).collect();
        batches.iter().map(actions).collect()
    }

    #[test]
    fn small_actions_share_a_transaction_in_order() {
        let items = (0..3).map(|n| item(n, 2, 20, false)).collect();
        assert_eq!(packed(items), [[0, 1, 2]]);
    }

    #[test]
    fn action_that_does_not_fit_starts_the_next_transaction() {
        let items = (0..4).map(|n| item(n, 10, 100, false)).collect();
        assert_eq!(packed(items), [[0, 1], [2, 3]]);
    }

    #[test]
    fn failed_action_is_sent_alone() {
        let items = vec![
            item(0, 1, 1, false),
            item(1, 1, 1, true),
            item(2, 1, 1, false),
            item(3, 1, 1, false),
        ];
        assert_eq!(packed(items), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn number_of_actions_per_transaction_is_limited() {
        let items = (0..20).map(|n| item(n, 0, 1, false)).collect();
        let sizes: Vec<usize> = packed(items).iter().map(Vec::len).collect();
        assert_eq!(sizes, [8, 8, 4]);
    }

    #[test]
    fn oversized_action_is_sent_alone() {
        let items = vec![
            item(0, 1, 1, false),
            item(1, 60, 500, false),
            item(2, 1, 1, false),
        ];
        assert_eq!(packed(items), [vec![0], vec![1], vec![2]]);
    }
}
