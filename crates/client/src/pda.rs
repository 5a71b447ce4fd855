//! Addresses that the program derives, and those of the programs that it uses.

use millrace_program::constants::seeds;
use solana_sdk::pubkey::Pubkey;

/// The Millrace program.
pub const PROGRAM: Pubkey = millrace_program::ID;
/// The SPL Token program.
pub const TOKEN_PROGRAM: Pubkey = anchor_spl::token::ID;
/// The system program.
pub const SYSTEM_PROGRAM: Pubkey = Pubkey::new_from_array([0; 32]);

fn derive(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &PROGRAM).0
}

/// The network account.
pub fn network() -> Pubkey {
    derive(&[seeds::NETWORK])
}

/// A bucket account, which collects fees, penalties and points.
pub fn bucket(index: u8) -> Pubkey {
    derive(&[seeds::BUCKET, &[index]])
}

/// The account with the totals of rewards.
pub fn rewards() -> Pubkey {
    derive(&[seeds::REWARDS])
}

/// The vault from which rewards are paid.
pub fn rewards_vault() -> Pubkey {
    derive(&[seeds::REWARDS_VAULT])
}

/// The account of a closed epoch.
pub fn epoch(number: u32) -> Pubkey {
    derive(&[seeds::EPOCH, &number.to_le_bytes()])
}

/// An orchestrator's bond vault.
pub fn bond_vault(orchestrator: &Pubkey) -> Pubkey {
    derive(&[seeds::BOND, orchestrator.as_ref()])
}

/// The account of a shard's challenge.
pub fn challenge(job: &Pubkey, index: u32) -> Pubkey {
    derive(&[seeds::CHALLENGE, job.as_ref(), &index.to_le_bytes()])
}

/// The treasury vault of a bucket for `mint`.
pub fn treasury(mint: &Pubkey, bucket: u8) -> Pubkey {
    derive(&[seeds::TREASURY, mint.as_ref(), &[bucket]])
}

/// The account of the orchestrator with this key.
pub fn orchestrator(key: &Pubkey) -> Pubkey {
    derive(&[seeds::ORCHESTRATOR, key.as_ref()])
}

/// The account of the provider with this authority (cold key).
pub fn provider(authority: &Pubkey) -> Pubkey {
    derive(&[seeds::PROVIDER, authority.as_ref()])
}

/// A provider's stake vault.
pub fn stake_vault(provider: &Pubkey) -> Pubkey {
    derive(&[seeds::STAKE, provider.as_ref()])
}

/// A provider's earnings vault.
pub fn earnings_vault(provider: &Pubkey) -> Pubkey {
    derive(&[seeds::EARNINGS, provider.as_ref()])
}

/// The client account of a wallet.
pub fn client(owner: &Pubkey) -> Pubkey {
    derive(&[seeds::CLIENT, owner.as_ref()])
}

/// A client's escrow vault.
pub fn escrow(client: &Pubkey) -> Pubkey {
    derive(&[seeds::ESCROW, client.as_ref()])
}

/// The account of a wallet's job with this nonce.
pub fn job(owner: &Pubkey, nonce: u64) -> Pubkey {
    derive(&[seeds::JOB, owner.as_ref(), &nonce.to_le_bytes()])
}

/// The account of a shard, if its job has several shards.
pub fn shard(job: &Pubkey, index: u32) -> Pubkey {
    derive(&[seeds::SHARD, job.as_ref(), &index.to_le_bytes()])
}

/// The key with which the program signs its events.
pub fn event_authority() -> Pubkey {
    derive(&[b"__event_authority"])
}

/// The account in which the upgradeable loader keeps the program's bytes.
pub fn program_data() -> Pubkey {
    solana_loader_v3_interface::get_program_data_address(&PROGRAM)
}

/// The associated token account of `owner` for an SPL Token mint.
pub fn token_account(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    token_account_of(owner, mint, &TOKEN_PROGRAM)
}

/// The associated token account of `owner` for a mint of the given token program.
pub fn token_account_of(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Pubkey {
    spl_associated_token_account_interface::address::get_associated_token_address_with_program_id(
        owner,
        mint,
        token_program,
    )
}
