//! What an account is. The IDL names slots and says nothing of their types, so that is told by what
//! lies in them where the instruction succeeds.

use super::super::fixture::Machine;
use millrace_client::accounts::AnyAccount;
use millrace_client::pda::{PROGRAM, TOKEN_PROGRAM};
use solana_sdk::account::Account;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::{pubkey, sysvar};

/// Where a transaction's own instructions can be read; the chain keeps no account for them.
pub const INSTRUCTIONS: Pubkey = pubkey!("Sysvar1nstructions1111111111111111111111111");
/// The newer token program.
pub const TOKEN_2022: Pubkey = pubkey!("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const UPGRADEABLE_LOADER: Pubkey = pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");

/// Kinds of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account of the program, by its type.
    Ours(&'static str),
    /// A token account.
    Token,
    /// A mint.
    Mint,
    /// An account of the system program.
    Wallet,
    /// A program.
    Program,
    /// The data of an upgradeable program.
    ProgramData,
    /// A sysvar.
    Sysvar,
    /// Nothing is there.
    Nothing,
}

impl Kind {
    /// What the account at this address is.
    pub fn at(machine: &Machine, address: &Pubkey) -> Self {
        let account = machine.account(address).filter(|a| a.lamports > 0);
        match account {
            _ if *address == INSTRUCTIONS => Self::Sysvar,
            Some(account) => Self::of(address, &account),
            None => Self::Nothing,
        }
    }

    fn of(address: &Pubkey, account: &Account) -> Self {
        match account.owner {
            _ if account.executable => Self::Program,
            PROGRAM => match AnyAccount::decode(address, &account.data) {
                Some(AnyAccount::Network(_)) => Self::Ours("Network"),
                Some(AnyAccount::Orchestrator(_)) => Self::Ours("Orchestrator"),
                Some(AnyAccount::Provider(_)) => Self::Ours("Provider"),
                Some(AnyAccount::Client(_)) => Self::Ours("Client"),
                Some(AnyAccount::Job(..)) => Self::Ours("Job"),
                Some(AnyAccount::Shard(_)) => Self::Ours("Shard"),
                Some(AnyAccount::Bucket(_)) => Self::Ours("Bucket"),
                Some(AnyAccount::Rewards(_)) => Self::Ours("Rewards"),
                Some(AnyAccount::Epoch(_)) => Self::Ours("Epoch"),
                Some(AnyAccount::Challenge(_)) => Self::Ours("Challenge"),
                None => panic!("{address} is no account that this program knows"),
            },
            TOKEN_PROGRAM | TOKEN_2022 if Machine::is_token_account(&account.data) => Self::Token,
            TOKEN_PROGRAM | TOKEN_2022 => Self::Mint,
            UPGRADEABLE_LOADER => Self::ProgramData,
            sysvar::ID => Self::Sysvar,
            _ => Self::Wallet,
        }
    }
}
