//! Addresses of buffer accounts.

use super::LOADER;
use millrace_protocol::hash::sha256;
use solana_sdk::pubkey::Pubkey;

/// The system program's limit for seeds.
const MAX_SEED_BYTES: usize = 32;

/// The address of a buffer, derived from the wallet that pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferAddress {
    /// The buffer account.
    pub address: Pubkey,
    /// The seed with which the system program derives the address from the wallet.
    pub seed: String,
}

impl BufferAddress {
    /// The buffer in which `wallet` collects the bytes with this hash for `program`. It needs no key file,
    /// and a later run finds what an interrupted one has written.
    pub fn of(wallet: &Pubkey, program: &Pubkey, image_sha256: &[u8; 32]) -> Self {
        let mut seed = hex::encode(sha256(&[program.as_ref(), image_sha256]));
        seed.truncate(MAX_SEED_BYTES);
        // As `Pubkey::create_with_seed`, which can only fail for longer seeds.
        let address = sha256(&[wallet.as_ref(), seed.as_bytes(), LOADER.as_ref()]);
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
    fn address_depends_on_wallet_program_and_bytes_only() {
        let [wallet, program, other] = [1, 2, 3].map(|byte| Pubkey::new_from_array([byte; 32]));
        let buffer = BufferAddress::of(&wallet, &program, &[7; 32]);
        assert_eq!(buffer, BufferAddress::of(&wallet, &program, &[7; 32]));
        let derived = Pubkey::create_with_seed(&wallet, &buffer.seed, &LOADER).unwrap();
        assert_eq!(buffer.address, derived);
        for different in [
            BufferAddress::of(&other, &program, &[7; 32]),
            BufferAddress::of(&wallet, &other, &[7; 32]),
            BufferAddress::of(&wallet, &program, &[8; 32]),
        ] {
            assert_ne!(buffer.address, different.address);
        }
    }
}
