//! The result of a shard as one hash over the output, the exit and the consumed fuel.

use crate::hash::{Digest, sha256};
use crate::merkle;
use crate::units::FUEL_PER_UNIT;

/// Domain of the result root.
pub const RECEIPT_DOMAIN: &[u8; 24] = b"millrace/receipt/v1\0\0\0\0\0";

/// What a run of a shard produced. Runs of the same shard have equal receipts on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Merkle root of the output.
    pub output_root: Digest,
    /// Length of the output in bytes.
    pub output_bytes: u64,
    /// 0 for success, above 0 the program's exit code, below 0 why it was ended.
    pub exit: i32,
    /// Fuel consumed.
    pub fuel: u64,
}

impl Receipt {
    /// The receipt of a run with this output.
    pub fn new(output: &[u8], exit: i32, fuel: u64) -> Self {
        Self {
            output_root: merkle::root_of_output(output),
            output_bytes: output.len() as u64,
            exit,
            fuel,
        }
    }

    /// The root of the result, which a provider commits to and reveals.
    pub fn root(&self) -> Digest {
        sha256(&[
            RECEIPT_DOMAIN,
            &self.output_root,
            &self.output_bytes.to_le_bytes(),
            &self.exit.to_le_bytes(),
            &self.fuel.to_le_bytes(),
        ])
    }

    /// Units to pay for: fuel in steps of [`FUEL_PER_UNIT`], rounded up, at least one.
    pub fn units(&self) -> u64 {
        self.fuel.div_ceil(FUEL_PER_UNIT).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_changes_the_root() {
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
    fn units_are_rounded_up() {
        let units = |fuel| Receipt::new(b"", 0, fuel).units();
        assert_eq!(
            [units(0), units(1), units(1_000_000), units(1_000_001)],
            [1, 1, 1, 2]
        );
    }
}
