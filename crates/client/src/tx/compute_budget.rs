//! How many compute units a transaction asks for: what a simulation of its kind took, with some room.
//!
//! Transactions of one shape (the same instructions with as many accounts and as much data) take much
//! the same, so that one simulation serves all of them. A shape that ran out, or was refused, is
//! simulated again.

use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

/// Most compute units of a transaction.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;
/// Room above what the simulation took, in percent: bumps and clocks differ a little.
const MARGIN_PERCENT: u32 = 20;
/// Room for the instructions that set limit and price, which the simulated transaction may lack.
const FIXED_MARGIN_UNITS: u32 = 1_000;
/// What an instruction is given where it can't be simulated: several times what the dearest one takes.
const FALLBACK_UNITS: u32 = 200_000;
/// Shapes that are remembered; there are some dozens.
const MAX_SHAPES: usize = 4_096;

/// What decides how much a transaction takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TxShape(Vec<(Pubkey, Vec<u8>, usize, usize)>);

impl TxShape {
    /// The shape of a transaction with these instructions.
    pub fn of(instructions: &[Instruction]) -> Self {
        let each = instructions.iter().map(|one| {
            let name = one.data.iter().take(8).copied().collect();
            (one.program_id, name, one.accounts.len(), one.data.len())
        });
        Self(each.collect())
    }

    /// What it is given where no simulation can be had.
    pub fn fallback_units(&self) -> u32 {
        let instructions = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        FALLBACK_UNITS
            .saturating_mul(instructions)
            .min(MAX_COMPUTE_UNITS)
    }
}

/// What shapes took.
#[derive(Default)]
pub struct UnitEstimates(Mutex<HashMap<TxShape, u32>>);

impl UnitEstimates {
    fn known(&self) -> MutexGuard<'_, HashMap<TxShape, u32>> {
        // A poisoned lock still holds whole entries.
        self.0.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// What a transaction of this shape took when it was simulated.
    pub fn get(&self, shape: &TxShape) -> Option<u32> {
        self.known().get(shape).copied()
    }

    /// Remembers what a simulation took, where it is more than what is known.
    pub fn learn(&self, shape: &TxShape, used: u32) {
        let mut known = self.known();
        if known.len() >= MAX_SHAPES {
            known.clear();
        }
        let most = known.entry(shape.clone()).or_default();
        *most = used.max(*most);
    }

    /// Notes that a transaction ran out of `limit` units: from now on the shape gets more.
    pub fn exceeded(&self, shape: &TxShape, limit: u32) {
        self.learn(
            shape,
            limit.saturating_add(limit / 2).min(MAX_COMPUTE_UNITS),
        );
    }

    /// Forgets a shape, so that it is simulated again before the next one is sent.
    pub fn forget(&self, shape: &TxShape) {
        self.known().remove(shape);
    }
}

/// The limit for what took `used` units.
pub fn with_margin(used: u32) -> u32 {
    used.saturating_add(used / 100 * MARGIN_PERCENT)
        .saturating_add(FIXED_MARGIN_UNITS)
        .min(MAX_COMPUTE_UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(name: u8, accounts: usize) -> Instruction {
        let meta = solana_sdk::instruction::AccountMeta::new(Pubkey::new_unique(), false);
        Instruction {
            program_id: Pubkey::new_from_array([1; 32]),
            accounts: vec![meta; accounts],
            data: vec![name; 12],
        }
    }

    #[test]
    fn shapes_differ_by_instruction_accounts_and_data_and_not_by_whose_accounts_they_are() {
        let shape = |name, accounts| TxShape::of(&[instruction(name, accounts)]);
        assert_eq!(shape(1, 3), shape(1, 3));
        assert_ne!(shape(1, 3), shape(2, 3));
        assert_ne!(shape(1, 3), shape(1, 4));
        let longer = TxShape::of(&[instruction(1, 3), instruction(1, 3)]);
        assert_ne!(shape(1, 3), longer);
        assert_eq!(longer.fallback_units(), 2 * shape(1, 3).fallback_units());
    }

    #[test]
    fn a_shape_that_ran_out_gets_more_until_it_has_all_there_is() {
        let (units, shape) = (UnitEstimates::default(), TxShape::of(&[instruction(1, 1)]));
        assert_eq!(units.get(&shape), None);
        units.learn(&shape, 10_000);
        units.learn(&shape, 8_000);
        assert_eq!(units.get(&shape), Some(10_000));
        for _ in 0..20 {
            let limit = with_margin(units.get(&shape).unwrap_or_default());
            units.exceeded(&shape, limit);
        }
        assert_eq!(units.get(&shape), Some(MAX_COMPUTE_UNITS));
        assert_eq!(with_margin(MAX_COMPUTE_UNITS), MAX_COMPUTE_UNITS);
        units.forget(&shape);
        assert_eq!(units.get(&shape), None);
    }
}
