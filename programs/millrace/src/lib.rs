//! The on-chain program of Millrace: escrow, seats, commitments, settlement and stake.
//!
//! This file lists the instructions and delegates; each one is in `instructions/<role>/<verb>.rs`.
//!
//! Only this program can create the accounts in [`state`]. They are recognized by owner and discriminator;
//! their seeds are checked once, at creation. Relations between accounts (the job of a shard, the provider
//! of a seat, the vault of a client) are compared with the keys stored in the accounts.

#![allow(missing_docs)]
// Anchor's `#[program]` module has a handler of the same name for each handler that it delegates to.
#![allow(ambiguous_glob_reexports)]
#![deny(arithmetic_overflow)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
#![warn(unreachable_pub)]

pub mod account;
pub mod constants;
#[cfg(all(target_os = "solana", not(any(feature = "cpi", feature = "stock"))))]
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

#[program]
pub mod millrace_program {
    use super::*;

    /// Posts a job and deposits its maximum cost.
    pub fn post_job(ctx: Context<PostJob>, args: PostJobArgs) -> Result<()> {
        instructions::post_job(ctx, args)
    }

    /// Assigns seats of a shard to providers and locks their stake.
    pub fn assign_seats<'info>(
        ctx: Context<'info, AssignSeats<'info>>,
        index: u32,
        agreed_prices: Vec<u64>,
    ) -> Result<()> {
        instructions::assign_seats(ctx, index, agreed_prices)
    }

    /// Records commitments that the preceding ed25519 instruction checks. Any caller.
    pub fn record_commitments<'info>(
        ctx: Context<'info, RecordCommitments<'info>>,
        entries: Vec<CommitmentEntry>,
    ) -> Result<()> {
        instructions::record_commitments(ctx, entries)
    }

    /// Reveals results and attests the delivery of their outputs.
    pub fn record_reveals(ctx: Context<RecordReveals>, entries: Vec<RevealEntry>) -> Result<()> {
        instructions::record_reveals(ctx, entries)
    }

    /// Pays, slashes, reopens or fails a shard, as its seats require. Any caller.
    pub fn settle_shard<'info>(ctx: Context<'info, SettleShard<'info>>) -> Result<()> {
        instructions::settle_shard(ctx)
    }

    /// Closes shard accounts of a finished job and, after the last one, the job. Any caller.
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

    /// Proposes another authority; the default key withdraws the proposal.
    pub fn propose_authority(ctx: Context<ProposeAuthority>, proposed: Pubkey) -> Result<()> {
        instructions::propose_authority(ctx, proposed)
    }

    /// Makes the proposed key the authority.
    pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
        instructions::accept_authority(ctx)
    }

    /// Sets the pauser.
    pub fn set_pauser(ctx: Context<SetPauser>, pauser: Pubkey) -> Result<()> {
        instructions::set_pauser(ctx, pauser)
    }

    /// Sets the parameters. Posted jobs keep their terms.
    pub fn set_parameters(
        ctx: Context<SetParameters>,
        parameters: NetworkParameters,
    ) -> Result<()> {
        instructions::set_parameters(ctx, parameters)
    }

    /// Pauses new stakes, jobs and assignments.
    pub fn pause(ctx: Context<Pause>) -> Result<()> {
        instructions::pause(ctx)
    }

    /// Resumes new stakes, jobs and assignments.
    pub fn resume(ctx: Context<Pause>) -> Result<()> {
        instructions::resume(ctx)
    }

    /// Creates a bucket with its treasury vaults. Any caller.
    pub fn open_bucket(ctx: Context<OpenBucket>, index: u8) -> Result<()> {
        instructions::open_bucket(ctx, index)
    }

    /// Withdraws fees and penalties from a treasury vault.
    pub fn withdraw_treasury(ctx: Context<WithdrawTreasury>, amount: u64) -> Result<()> {
        instructions::withdraw_treasury(ctx, amount)
    }

    /// Registers a key that may assign seats and attest deliveries.
    pub fn register_orchestrator(ctx: Context<RegisterOrchestrator>, key: Pubkey) -> Result<()> {
        instructions::register_orchestrator(ctx, key)
    }

    /// Deposits tokens into an orchestrator's bond. Any caller.
    pub fn bond(ctx: Context<Bond>, amount: u64) -> Result<()> {
        instructions::bond(ctx, amount)
    }

    /// Retires an orchestrator.
    pub fn retire_orchestrator(ctx: Context<RetireOrchestrator>) -> Result<()> {
        instructions::retire_orchestrator(ctx)
    }

    /// Returns the bond of a retired orchestrator and closes its accounts. Any caller.
    pub fn withdraw_bond(ctx: Context<WithdrawBond>) -> Result<()> {
        instructions::withdraw_bond(ctx)
    }

    /// Creates the rewards vault. Any caller, once.
    pub fn open_rewards(ctx: Context<OpenRewards>) -> Result<()> {
        instructions::open_rewards(ctx)
    }

    /// Deposits tokens into the rewards vault. Any caller.
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

    /// Changes a provider's offer.
    pub fn update_provider(ctx: Context<UpdateProvider>, offer: Offer) -> Result<()> {
        instructions::update_provider(ctx, offer)
    }

    /// Sets a provider's hot key.
    pub fn rotate_operator(ctx: Context<RotateOperator>, operator: Pubkey) -> Result<()> {
        instructions::rotate_operator(ctx, operator)
    }

    /// Deposits stake for a provider. Any caller.
    pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
        instructions::stake(ctx, amount)
    }

    /// Starts to unbond free stake.
    pub fn request_unstake(ctx: Context<RequestUnstake>, amount: u64) -> Result<()> {
        instructions::request_unstake(ctx, amount)
    }

    /// Withdraws stake that has finished unbonding.
    pub fn withdraw_stake(ctx: Context<WithdrawStake>) -> Result<()> {
        instructions::withdraw_stake(ctx)
    }

    /// Closes a provider that has nothing left.
    pub fn deregister(ctx: Context<Deregister>) -> Result<()> {
        instructions::deregister(ctx)
    }

    /// Frees a seat without penalty, with a signature of the provider's operator. Any caller.
    pub fn decline_seat(ctx: Context<DeclineSeat>, seat: u8) -> Result<()> {
        instructions::decline_seat(ctx, seat)
    }

    /// Reveals results without attesting the delivery of their outputs. Any caller.
    pub fn reveal_seats(ctx: Context<RevealSeats>, entries: Vec<RevealEntry>) -> Result<()> {
        instructions::reveal_seats(ctx, entries)
    }

    /// Pays a provider's earnings to its authority. Any caller.
    pub fn claim_earnings(ctx: Context<ClaimEarnings>) -> Result<()> {
        instructions::claim_earnings(ctx)
    }

    /// Pays a provider's banked rewards to its authority. Any caller.
    pub fn claim_rewards(ctx: Context<ClaimRewards>) -> Result<()> {
        instructions::claim_rewards(ctx)
    }

    /// Creates a wallet's client account and escrow vault. Once for each wallet.
    pub fn open_client(ctx: Context<OpenClient>) -> Result<()> {
        instructions::open_client(ctx)
    }

    /// Cancels and refunds the shards without seats.
    pub fn cancel_job(ctx: Context<CancelJob>) -> Result<()> {
        instructions::cancel_job(ctx)
    }

    /// Confirms the delivery of a seat's output.
    pub fn acknowledge_delivery(ctx: Context<AcknowledgeDelivery>, seat: u8) -> Result<()> {
        instructions::acknowledge_delivery(ctx, seat)
    }

    /// Challenges a result: locks a bond and calls for more seats. Any caller.
    pub fn challenge_shard(ctx: Context<ChallengeShard>, index: u32) -> Result<()> {
        instructions::challenge_shard(ctx, index)
    }

    /// Draws whether more seats recompute a result. Any caller.
    pub fn draw_audit(ctx: Context<DrawAudit>) -> Result<()> {
        instructions::draw_audit(ctx)
    }

    /// Takes the seed of a job's sortition. Any caller.
    pub fn seed_job(ctx: Context<SeedJob>) -> Result<()> {
        instructions::seed_job(ctx)
    }

    /// Frees a seat that did not commit in time, with a penalty. Any caller.
    pub fn expire_seat(ctx: Context<ExpireSeat>, seat: u8) -> Result<()> {
        instructions::expire_seat(ctx, seat)
    }

    /// Fails the shards without seats of a job whose deadline has passed. Any caller.
    pub fn expire_job(ctx: Context<ExpireJob>) -> Result<()> {
        instructions::expire_job(ctx)
    }

    /// Counts the points of an epoch that is over and promises its rewards. Any caller.
    pub fn close_epoch<'info>(ctx: Context<'info, CloseEpoch<'info>>, number: u32) -> Result<()> {
        instructions::close_epoch(ctx, number)
    }

    /// Turns a provider's points of a closed epoch into rewards. Any caller.
    pub fn bank_rewards(ctx: Context<BankRewards>) -> Result<()> {
        instructions::bank_rewards(ctx)
    }
}
