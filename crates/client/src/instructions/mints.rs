//! The mints of a network.

use crate::pda::{self, TOKEN_PROGRAM};
use millrace_program::state::Network;
use solana_sdk::pubkey::Pubkey;

/// The two mints of a network and their token programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mints {
    /// Mint of stake and rewards.
    pub stake: Pubkey,
    /// Mint of payments.
    pub payment: Pubkey,
    /// Token program of the stake mint.
    pub stake_program: Pubkey,
    /// Token program of the payment mint.
    pub payment_program: Pubkey,
}

impl Mints {
    /// Two mints of the SPL Token program.
    pub fn spl(stake: Pubkey, payment: Pubkey) -> Self {
        Self {
            stake,
            payment,
            stake_program: TOKEN_PROGRAM,
            payment_program: TOKEN_PROGRAM,
        }
    }

    /// The associated token account of `owner` for stake.
    pub fn stake_account(&self, owner: &Pubkey) -> Pubkey {
        pda::token_account_of(owner, &self.stake, &self.stake_program)
    }

    /// The associated token account of `owner` for payments.
    pub fn payment_account(&self, owner: &Pubkey) -> Pubkey {
        pda::token_account_of(owner, &self.payment, &self.payment_program)
    }
}

impl From<&Network> for Mints {
    /// The mints of a network that uses SPL Token, as all networks do that `millrace migrate` initializes.
    fn from(network: &Network) -> Self {
        Self::spl(network.stake_mint, network.payment_mint)
    }
}
