//! How many compute units a transaction asks for: what a simulation consumed, with a margin.
//!
//! Transactions of one shape (the same instructions, with as many accounts and as much data) consume about
//! the same, so one simulation serves all of them. A shape that ran out of units, or was refused, is
//! simulated again.

use parking_lot::Mutex;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use std::collections::HashMap;

/// The cluster's limit of compute units for one transaction.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;
/// Margin above the simulation, in percent: bump seeds and clocks differ a little.
const MARGIN_PERCENT: u32 = 20;
/// Margin for the instructions that set limit and price, which the simulated transaction may lack.
const FIXED_MARGIN_UNITS: u32 = 1_000;
/// Units per instruction if no simulation is possible: several times what the most expensive one consumes.
const FALLBACK_UNITS: u32 = 200_000;
/// Limit of remembered shapes. There are a few dozen of them.
const MAX_SHAPES: usize = 4_096;

/// The properties of a transaction that determine what it consumes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TxShape(Vec<(Pubkey, Vec<u8>, usize, usize)>);

impl TxShape {
    /// The shape of a transaction with these instructions: per instruction its program, the first 8 bytes
    /// of its data, and its numbers of accounts and data bytes.
    pub fn of(instructions: &[Instruction]) -> Self {
        let each = instructions.iter().map(|one| {
            let name = one.data.iter().take(8).copied().collect();
            (one.program_id, name, one.accounts.len(), one.data.len())
        });
        Self(each.collect())
    }

    /// Limit for a transaction of this shape if no simulation is possible.
    pub fn fallback_units(&self) -> u32 {
        let instructions = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        FALLBACK_UNITS
            .saturating_mul(instructions)
            .min(MAX_COMPUTE_UNITS)
    }
}

/// Compute units by shape, from simulations.
#[derive(Default)]
pub struct UnitEstimates(Mutex<HashMap<TxShape, u32>>);

impl UnitEstimates {
    /// What the simulation of a transaction of this shape consumed.
    pub fn get(&self, shape: &TxShape) -> Option<u32> {
        self.0.lock().get(shape).copied()
    }

    /// Records what a simulation consumed, unless a higher value is known.
    pub fn record(&self, shape: &TxShape, used: u32) {
        let mut known = self.0.lock();
        if known.len() >= MAX_SHAPES {
            known.clear();
        }
        let most = known.entry(shape.clone()).or_default();
        *most = used.max(*most);
    }

    /// Records that a transaction ran out of `limit` units. Later ones of its shape get half as much again.
    pub fn record_exceeded(&self, shape: &TxShape, limit: u32) {
        self.record(
            shape,
            limit.saturating_add(limit / 2).min(MAX_COMPUTE_UNITS),
        );
    }

    /// Forgets a shape, so that the next transaction of that shape is simulated again.
    pub fn forget(&self, shape: &TxShape) {
        self.0.lock().remove(shape);
    }
}

/// The limit for a transaction that consumes `used` units.
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
    fn shape_depends_on_instructions_and_sizes_but_not_on_addresses() {
        let shape = |name, accounts| TxShape::of(&[instruction(name, accounts)]);
        assert_eq!(shape(1, 3), shape(1, 3));
        assert_ne!(shape(1, 3), shape(2, 3));
        assert_ne!(shape(1, 3), shape(1, 4));
        let longer = TxShape::of(&[instruction(1, 3), instruction(1, 3)]);
        assert_ne!(shape(1, 3), longer);
        assert_eq!(longer.fallback_units(), 2 * shape(1, 3).fallback_units());
    }

    #[test]
    fn limit_rises_after_each_exhaustion_up_to_the_maximum() {
        let (units, shape) = (UnitEstimates::default(), TxShape::of(&[instruction(1, 1)]));
        assert_eq!(units.get(&shape), None);
        units.record(&shape, 10_000);
        units.record(&shape, 8_000);
        assert_eq!(units.get(&shape), Some(10_000));
        for _ in 0..20 {
            let limit = with_margin(units.get(&shape).unwrap_or_default());
            units.record_exceeded(&shape, limit);
        }
        assert_eq!(units.get(&shape), Some(MAX_COMPUTE_UNITS));
        assert_eq!(with_margin(MAX_COMPUTE_UNITS), MAX_COMPUTE_UNITS);
        units.forget(&shape);
        assert_eq!(units.get(&shape), None);
    }
}
