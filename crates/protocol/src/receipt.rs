//! The result of a shard as one hash: the Merkle root over its output, with how the program ended
//! and what the meter counted.

use crate::hash::{Digest, sha256};
use crate::merkle;
use crate::units::FUEL_PER_UNIT;

/// Domain of the result root.
pub const RECEIPT_DOMAIN: &[u8; 24] = b"millrace/receipt/v1\0\0\0\0\0";

/// What running a shard gave; equal on every machine for a deterministic program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Merkle root over the output's chunks.
    pub output_root: Digest,
    /// Length of the output in bytes.
    pub output_bytes: u64,
    /// 0 for success, above 0 the program's own exit code, below 0 why it was ended.
    pub exit: i32,
    /// Fuel consumed.
    pub fuel: u64,
}

impl Receipt {
    /// The receipt of an output.
    pub fn new(output: &[u8], exit: i32, fuel: u64) -> Self {
        Self {
            output_root: merkle::root_of_output(output),
            output_bytes: output.len() as u64,
            exit,
            fuel,
        }
    }

    /// The result root that is committed to and revealed.
    pub fn root(&self) -> Digest {
        sha256(&[
            RECEIPT_DOMAIN,
            &self.output_root,
            &self.output_bytes.to_le_bytes(),
            &self.exit.to_le_bytes(),
            &self.fuel.to_le_bytes(),
        ])
    }

    /// Units to be paid: fuel in steps of [`FUEL_PER_UNIT`], begun ones count, at least one.
    pub fn units(&self) -> u64 {
        self.fuel.div_ceil(FUEL_PER_UNIT).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_result_changes_its_root() {
        let base = Receipt::new(b"out", 0, 10);
        for other in [
            Receipt::new(b"oux", 0, 10),
            Receipt::new(b"out", 1, 10),
            Receipt::new(b"out", 0, 11),
            Receipt {
                output_bytes: 4,
                ..base.clone()
            },
        ] {
            assert_ne!(other.root(), base.root(), "{other:?}");
        }
    }

    #[test]
    fn a_begun_unit_counts() {
        let units = |fuel| Receipt::new(b"", 0, fuel).units();
        assert_eq!(
            [units(0), units(1), units(1_000_000), units(1_000_001)],
            [1, 1, 1, 2]
        );
    }
}
