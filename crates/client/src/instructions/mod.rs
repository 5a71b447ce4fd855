//! Instructions of the program, with every account in its place.

mod admin;
mod client;
mod crank;
mod orchestrator;
mod provider;

pub use admin::*;
pub use client::*;
pub use crank::*;
pub use orchestrator::*;
pub use provider::*;

use crate::pda;

use crate::pda::PROGRAM;

use crate::pda::TOKEN_PROGRAM;
use anchor_lang::{InstructionData, ToAccountMetas};
use millrace_program::state::{Job, Network};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

const INSTRUCTIONS_SYSVAR: Pubkey = pubkey!("Sysvar1nstructions1111111111111111111111111");
const SLOT_HASHES: Pubkey = millrace_program::math::slot_hashes::SLOT_HASHES;

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction {
        program_id: PROGRAM,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

fn with_writable(
    mut instruction: Instruction,
    keys: impl IntoIterator<Item = Pubkey>,
) -> Instruction {
    let metas = keys.into_iter().map(|key| AccountMeta::new(key, false));
    instruction.accounts.extend(metas);
    instruction
}

/// The two mints of a network, with the programs that move their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mints {
    /// Mint of stake and rewards.
    pub stake: Pubkey,
    /// Mint of payments.
    pub payment: Pubkey,
    /// Token program of the mint of stake.
    pub stake_program: Pubkey,
    /// Token program of the mint of payments.
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
    /// Of a network whose mints are SPL Token's, as all are that `millrace migrate` initializes.
    fn from(network: &Network) -> Self {
        Self::spl(network.stake_mint, network.payment_mint)
    }
}

/// A shard, and whether it is the only one of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardRef {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub index: u32,
    /// The shard is the only one of its job and is stored in the job's account.
    pub embedded: bool,
}

impl ShardRef {
    /// A shard of the job at `job` with the given books.
    pub fn of(job: Pubkey, books: &Job, index: u32) -> Self {
        let embedded = books.shards == 1;
        Self {
            job,
            index,
            embedded,
        }
    }

    /// The shard's account, where it has one of its own.
    pub fn account(&self) -> Option<Pubkey> {
        (!self.embedded).then(|| pda::shard(&self.job, self.index))
    }
}

/// Creates the associated token account of `owner` unless it is there.
pub fn create_token_account(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> Instruction {
    create_token_account_of(payer, owner, mint, &TOKEN_PROGRAM)
}

/// Creates the associated token account of `owner` for a mint of the given token program, unless it is
/// there.
pub fn create_token_account_of(
    payer: &Pubkey,
    owner: &Pubkey,
    mint: &Pubkey,
    token_program: &Pubkey,
) -> Instruction {
    spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent(
        payer,
        owner,
        mint,
        token_program,
    )
}
