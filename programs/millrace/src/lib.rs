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

pub mod account;
pub mod constants;
#[cfg(all(target_os = "solana", not(feature = "cpi")))]
#[allow(unsafe_code)]
mod entrypoint;
pub mod error;
pub mod events;
pub mod instructions;
pub mod math;
mod prelude;
pub mod state;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

use crate::prelude::*;
pub use instructions::*;
use state::{NetworkParameters, Offer};

declare_id!(constants::PROGRAM_ID);

#[cfg(all(target_os = "solana", not(feature = "cpi")))]
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

    /// Posts a job and puts its highest cost into escrow.
    pub fn post_job(ctx: Context<PostJob>, args: PostJobArgs) -> Result<()> {
        instructions::post_job(ctx, args)
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

    /// Closes shard accounts of a finished job and, after the last one, the job. Anyone may.
    pub fn close_job<'info>(ctx: Context<'info, CloseJob<'info>>) -> Result<()> {
        instructions::close_job(ctx)
    }

    /// Creates the network with its mints and parameters. Once for each deployment.
    pub fn initialize_network(
        ctx: Context<InitializeNetwork>,
        args: InitializeNetworkArgs,
    ) -> Result<()> {
        instructions::initialize_network(ctx, args)
    }

    /// Proposes another authority; the default key takes a proposal back.
    pub fn propose_authority(ctx: Context<ProposeAuthority>, proposed: Pubkey) -> Result<()> {
        instructions::propose_authority(ctx, proposed)
    }

    /// Makes the proposed key the authority.
    pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
        instructions::accept_authority(ctx)
    }

    /// Names another pauser.
    pub fn set_pauser(ctx: Context<SetPauser>, pauser: Pubkey) -> Result<()> {
        instructions::set_pauser(ctx, pauser)
    }

    /// Chooses parameters for what comes after.
    pub fn set_parameters(
        ctx: Context<SetParameters>,
        parameters: NetworkParameters,
    ) -> Result<()> {
        instructions::set_parameters(ctx, parameters)
    }

    /// Stops new stakes, jobs and assignments.
    pub fn pause(ctx: Context<Pause>) -> Result<()> {
        instructions::pause(ctx)
    }

    /// Lets them go on.
    pub fn resume(ctx: Context<Pause>) -> Result<()> {
        instructions::resume(ctx)
    }

    /// Opens a bucket with its treasury vaults. Anyone may.
    pub fn open_bucket(ctx: Context<OpenBucket>, index: u8) -> Result<()> {
        instructions::open_bucket(ctx, index)
    }

    /// Takes fees and penalties out of a treasury vault.
    pub fn withdraw_treasury(ctx: Context<WithdrawTreasury>, amount: u64) -> Result<()> {
        instructions::withdraw_treasury(ctx, amount)
    }

    /// Lets a key assign seats and attest deliveries.
    pub fn register_orchestrator(ctx: Context<RegisterOrchestrator>, key: Pubkey) -> Result<()> {
        instructions::register_orchestrator(ctx, key)
    }

    /// Puts tokens into an orchestrator's bond. Anyone may.
    pub fn bond(ctx: Context<Bond>, amount: u64) -> Result<()> {
        instructions::bond(ctx, amount)
    }

    /// Takes an orchestrator out of service.
    pub fn retire_orchestrator(ctx: Context<RetireOrchestrator>) -> Result<()> {
        instructions::retire_orchestrator(ctx)
    }

    /// Gives a retired orchestrator its bond back. Anyone may crank it.
    pub fn withdraw_bond(ctx: Context<WithdrawBond>) -> Result<()> {
        instructions::withdraw_bond(ctx)
    }

    /// Opens the rewards' vault. Anyone may, once.
    pub fn open_rewards(ctx: Context<OpenRewards>) -> Result<()> {
        instructions::open_rewards(ctx)
    }

    /// Puts tokens into the rewards' vault. Anyone may.
    pub fn fund_rewards(ctx: Context<FundRewards>, amount: u64) -> Result<()> {
        instructions::fund_rewards(ctx, amount)
    }

    /// Creates a provider with its vaults.
    pub fn register_provider(
        ctx: Context<RegisterProvider>,
        args: RegisterProviderArgs,
    ) -> Result<()> {
        instructions::register_provider(ctx, args)
    }

    /// Changes what a provider offers.
    pub fn update_provider(ctx: Context<UpdateProvider>, offer: Offer) -> Result<()> {
        instructions::update_provider(ctx, offer)
    }

    /// Names another hot key.
    pub fn rotate_operator(ctx: Context<RotateOperator>, operator: Pubkey) -> Result<()> {
        instructions::rotate_operator(ctx, operator)
    }

    /// Puts tokens at stake. Anyone may, for any provider.
    pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
        instructions::stake(ctx, amount)
    }

    /// Begins to take free stake out.
    pub fn request_unstake(ctx: Context<RequestUnstake>, amount: u64) -> Result<()> {
        instructions::request_unstake(ctx, amount)
    }

    /// Takes out stake that has finished unbonding.
    pub fn withdraw_stake(ctx: Context<WithdrawStake>) -> Result<()> {
        instructions::withdraw_stake(ctx)
    }

    /// Closes a provider that has nothing left.
    pub fn deregister(ctx: Context<Deregister>) -> Result<()> {
        instructions::deregister(ctx)
    }

    /// Leaves a seat without penalty, as its operator has signed. Anyone may bring it.
    pub fn decline_seat(ctx: Context<DeclineSeat>, seat: u8) -> Result<()> {
        instructions::decline_seat(ctx, seat)
    }

    /// Opens commitments without a word about their outputs. Anyone may.
    pub fn reveal_seats(ctx: Context<RevealSeats>, entries: Vec<RevealEntry>) -> Result<()> {
        instructions::reveal_seats(ctx, entries)
    }

    /// Moves what a provider has earned to its authority. Anyone may crank it.
    pub fn claim_earnings(ctx: Context<ClaimEarnings>) -> Result<()> {
        instructions::claim_earnings(ctx)
    }

    /// Moves a provider's banked rewards to its authority. Anyone may crank it.
    pub fn claim_rewards(ctx: Context<ClaimRewards>) -> Result<()> {
        instructions::claim_rewards(ctx)
    }

    /// Creates a client's counter and escrow vault. Once for each wallet.
    pub fn open_client(ctx: Context<OpenClient>) -> Result<()> {
        instructions::open_client(ctx)
    }

    /// Cancels and refunds the shards that no seat has taken.
    pub fn cancel_job(ctx: Context<CancelJob>) -> Result<()> {
        instructions::cancel_job(ctx)
    }

    /// Says that the output of a seat is there.
    pub fn acknowledge_delivery(ctx: Context<AcknowledgeDelivery>, seat: u8) -> Result<()> {
        instructions::acknowledge_delivery(ctx, seat)
    }

    /// Locks a bond and calls for more seats to decide about a result. Anyone may.
    pub fn challenge_shard(ctx: Context<ChallengeShard>, index: u32) -> Result<()> {
        instructions::challenge_shard(ctx, index)
    }

    /// Draws whether others recompute a result. Anyone may.
    pub fn draw_audit(ctx: Context<DrawAudit>) -> Result<()> {
        instructions::draw_audit(ctx)
    }

    /// Takes the seed of a job. Anyone may.
    pub fn seed_job(ctx: Context<SeedJob>) -> Result<()> {
        instructions::seed_job(ctx)
    }

    /// Frees a seat that did not commit in time. Anyone may.
    pub fn expire_seat(ctx: Context<ExpireSeat>, seat: u8) -> Result<()> {
        instructions::expire_seat(ctx, seat)
    }

    /// Ends a job whose deadline has passed. Anyone may.
    pub fn expire_job(ctx: Context<ExpireJob>) -> Result<()> {
        instructions::expire_job(ctx)
    }

    /// Counts the points of an epoch that is over. Anyone may.
    pub fn close_epoch<'info>(ctx: Context<'info, CloseEpoch<'info>>, number: u32) -> Result<()> {
        instructions::close_epoch(ctx, number)
    }

    /// Turns a provider's points into rewards. Anyone may.
    pub fn bank_rewards(ctx: Context<BankRewards>) -> Result<()> {
        instructions::bank_rewards(ctx)
    }
}
