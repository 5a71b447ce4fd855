//! A client of the upgradeable loader: the program that holds other programs, and lets whoever has the
//! upgrade authority replace their bytes.
//!
//! A program takes two accounts: one at its own address, and one beside it with its bytes, the slot of
//! its last change and its upgrade authority. New bytes go first into a buffer account, piece by piece,
//! and from there into the program in a single transaction.

pub mod flight;
pub mod image;
pub mod instruction;
pub mod state;
pub mod writer;

use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

/// The upgradeable loader.
pub const LOADER: Pubkey = pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");

/// Where the loader keeps a program's bytes.
pub fn program_data(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[program.as_ref()], &LOADER).0
}

/// A buffer's address, and the seed that it has below the wallet that pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferAddress {
    /// The address.
    pub address: Pubkey,
    /// The seed.
    pub seed: String,
}

impl BufferAddress {
    /// The buffer in which `wallet` gathers the bytes with this hash for `program`. There is one such
    /// place, and no key file is needed for it: a second run finds what an interrupted one has left.
    pub fn of(wallet: &Pubkey, program: &Pubkey, sha256: &[u8; 32]) -> Self {
        let digest = millrace_protocol::hash::sha256(&[program.as_ref(), sha256]);
        let mut seed = hex::encode(digest);
        // The system program takes seeds of at most 32 bytes.
        seed.truncate(32);
        // The same hash as the system program's.
        let address =
            millrace_protocol::hash::sha256(&[wallet.as_ref(), seed.as_bytes(), LOADER.as_ref()]);
        Self {
            address: Pubkey::new_from_array(address),
            seed,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_buffer_is_found_again_by_wallet_program_and_bytes_alone() {
        let [wallet, program, other] = [1, 2, 3].map(|byte| Pubkey::new_from_array([byte; 32]));
        let place = BufferAddress::of(&wallet, &program, &[7; 32]);
        assert_eq!(place, BufferAddress::of(&wallet, &program, &[7; 32]));
        let derived = Pubkey::create_with_seed(&wallet, &place.seed, &LOADER).unwrap();
        assert_eq!(place.address, derived);
        for different in [
            BufferAddress::of(&other, &program, &[7; 32]),
            BufferAddress::of(&wallet, &other, &[7; 32]),
            BufferAddress::of(&wallet, &program, &[8; 32]),
        ] {
            assert_ne!(place.address, different.address);
        }
    }
}
