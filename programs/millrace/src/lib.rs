//! The on-chain program of Millrace: escrow, seats, commitments, verdicts and stakes.
//!
//! This file documents and delegates; each instruction lives in `instructions/<role>/<verb>.rs`.
//!
//! Accounts that only this program can create (all of [`state`]) are recognised by owner and
//! discriminator; their seeds are checked once, when they are made. Relations between accounts
//! (the job of a shard, the provider of a seat, the vault of a client) are compared with the keys
//! stored in them.

// Anchor's macros generate public items without documentation, and test modules unwrap.
#![allow(missing_docs)]
// Its `#[program]` module names each handler again beside the ones that it delegates to.
#![allow(ambiguous_glob_reexports)]
#![deny(arithmetic_overflow)]

pub mod constants;
pub mod error;
pub mod events;
pub mod instructions;
pub mod math;
pub mod state;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

use anchor_lang::prelude::*;
pub use instructions::*;

declare_id!("MiLLraceFkyND3d7H3dVcsmq8XD1HxMjeYCH8qFBgnf");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "Millrace",
    project_url: "https://github.com/millrace/millrace",
    contacts: "link:https://github.com/millrace/millrace/security",
    policy: "https://github.com/millrace/millrace/security/policy",
    preferred_languages: "en"
}

/// The instructions by role.
#[program]
pub mod millrace_program {
    use super::*;

    /// Creates the network with its mints and parameters. Once for each deployment.
    pub fn initialize_network(
        ctx: Context<InitializeNetwork>,
        args: InitializeNetworkArgs,
    ) -> Result<()> {
        instructions::initialize_network(ctx, args)
    }

    /// Opens a treasury vault. Anyone may.
    pub fn open_treasury(ctx: Context<OpenTreasury>, bucket: u8) -> Result<()> {
        instructions::open_treasury(ctx, bucket)
    }

    /// Lets a key assign seats and attest deliveries.
    pub fn register_orchestrator(ctx: Context<RegisterOrchestrator>, key: Pubkey) -> Result<()> {
        instructions::register_orchestrator(ctx, key)
    }

    /// Creates a provider with its vaults.
    pub fn register_provider(
        ctx: Context<RegisterProvider>,
        args: RegisterProviderArgs,
    ) -> Result<()> {
        instructions::register_provider(ctx, args)
    }

    /// Puts tokens at stake.
    pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
        instructions::stake(ctx, amount)
    }

    /// Moves what a provider has earned to its authority. Anyone may crank it.
    pub fn claim_earnings(ctx: Context<ClaimEarnings>) -> Result<()> {
        instructions::claim_earnings(ctx)
    }

    /// Creates a client's counter and escrow vault. Once for each wallet.
    pub fn open_client(ctx: Context<OpenClient>) -> Result<()> {
        instructions::open_client(ctx)
    }

    /// Posts a job and puts its highest cost into escrow.
    pub fn post_job(ctx: Context<PostJob>, args: PostJobArgs) -> Result<()> {
        instructions::post_job(ctx, args)
    }

    /// Cancels and refunds the shards that no seat has taken.
    pub fn cancel_job(ctx: Context<CancelJob>) -> Result<()> {
        instructions::cancel_job(ctx)
    }

    /// Seats providers at a shard and locks their stake.
    pub fn assign_seats<'info>(ctx: Context<'info, AssignSeats<'info>>, index: u32) -> Result<()> {
        instructions::assign_seats(ctx, index)
    }

    /// Takes commitments that the ed25519 program has just checked. Anyone may bring them.
    pub fn record_commitments<'info>(
        ctx: Context<'info, RecordCommitments<'info>>,
        entries: Vec<CommitmentEntry>,
    ) -> Result<()> {
        instructions::record_commitments(ctx, entries)
    }

    /// Opens commitments and attests that the outputs were delivered.
    pub fn record_reveals(ctx: Context<RecordReveals>, entries: Vec<RevealEntry>) -> Result<()> {
        instructions::record_reveals(ctx, entries)
    }

    /// Pays, slashes, reopens or fails a shard, as its seats say. Anyone may.
    pub fn settle_shard<'info>(ctx: Context<'info, SettleShard<'info>>) -> Result<()> {
        instructions::settle_shard(ctx)
    }

    /// Frees a seat that did not commit in time. Anyone may.
    pub fn expire_seat(ctx: Context<ExpireSeat>, seat: u8) -> Result<()> {
        instructions::expire_seat(ctx, seat)
    }

    /// Ends a job whose deadline has passed. Anyone may.
    pub fn expire_job(ctx: Context<ExpireJob>) -> Result<()> {
        instructions::expire_job(ctx)
    }

    /// Closes shard accounts of a finished job and, after the last one, the job. Anyone may.
    pub fn close_job<'info>(ctx: Context<'info, CloseJob<'info>>) -> Result<()> {
        instructions::close_job(ctx)
    }
}
