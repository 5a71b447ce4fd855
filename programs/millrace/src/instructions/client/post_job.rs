//! - Caller: a client's wallet.
//! - Window: any time while the network is not paused.
//! - Moves: the deposit, from the wallet's token account to the client's escrow vault; the wallet pays
//!   the rent of the job.

use crate::constants::{ACCOUNT_VERSION, BPS, MAX_CHALLENGED_SEATS, MIN_DISPUTED_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::{JobPosted, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{
    Client, Job, JobState, Meter, Mode, Network, Scenario, first_round_secs, validate_tag,
};

/// The terms of a job, fixed once the job is posted.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct PostJobArgs {
    /// The client's next nonce.
    pub nonce: u64,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// Key of the orchestrator that the job requires; the default key for any.
    pub orchestrator: Pubkey,
    pub scenario: Scenario,
    pub mode: Mode,
    pub meter: Meter,
    /// Number of shards.
    pub shards: u32,
    /// Number of seats that a shard starts with.
    pub replicas: u8,
    /// Number of seats that must agree if a shard has more than one.
    pub quorum: u8,
    /// Maximum number of seats of a shard.
    pub max_replicas: u8,
    /// Maximum price of a unit, base units.
    pub price_cap: u64,
    /// Maximum number of units that a seat is paid for.
    pub max_units: u64,
    /// Time by which every shard must be settled, unix seconds.
    pub deadline: i64,
    /// Time to commit, seconds from assignment.
    pub commit_secs: u32,
    /// Time to reveal, seconds from the end of the commit window.
    pub reveal_secs: u32,
    /// Time to challenge a result, seconds from its reveal; 0 unless the mode is [`Mode::Challenge`].
    pub challenge_secs: u32,
    /// Probability of an audit, basis points; 0 unless the mode is [`Mode::Audit`].
    pub audit_bps: u16,
    /// Maximum deposit that the client agrees to, base units.
    pub max_deposit: u64,
    /// Required supplier; all zeros for any.
    pub supplier: [u8; 16],
    /// Required region; all zeros for any.
    pub region: [u8; 16],
    /// Required score, fuel per second.
    pub min_score: u64,
    /// Required memory, MiB.
    pub min_memory_mb: u32,
    /// Required processor cores.
    pub min_cores: u16,
}

#[event_cpi]
#[derive(Accounts)]
#[instruction(args: PostJobArgs)]
pub struct PostJob<'info> {
    /// The client's wallet, which pays the deposit and the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    /// The wallet's client account.
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::NotAuthorized,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: AccountLoader<'info, Client>,
    #[account(
        init,
        payer = owner,
        space = Job::space(args.shards, args.max_replicas),
        seeds = [seeds::JOB, owner.key().as_ref(), &args.nonce.to_le_bytes()],
        bump,
    )]
    pub job: AccountLoader<'info, Job>,
    /// Mint of payments.
    /// CHECK: compared with the network's in `validate`.
    pub payment_mint: UncheckedAccount<'info>,
    /// A token account of the wallet.
    /// CHECK: checked by the token program.
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    /// The client's escrow vault.
    /// CHECK: compared by the client's `has_one`.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

impl PostJob<'_> {
    /// Checks the terms and returns the deposit.
    fn validate(&self, args: &PostJobArgs, now: i64) -> Result<u64> {
        // network: CANNOT take new jobs while paused
        let network = self.network.load()?;
        network.require_running()?;

        // client: CANNOT use a nonce twice, so that the address of a closed job is never used again
        let next = self.client.load()?.next_nonce;
        require!(args.nonce == next, MillraceError::NonceMismatch);

        // payment mint
        require_keys_eq!(
            self.payment_mint.key(),
            network.payment_mint,
            MillraceError::WrongAccount
        );

        // shards and seats: CANNOT allow two different results to both have a quorum
        let shards_fit = (1..=network.max_shards).contains(&args.shards);
        require!(shards_fit, MillraceError::ShardsOutOfBounds);
        let majority = u16::from(args.quorum) * 2 > u16::from(args.max_replicas);
        let max_replicas = match args.mode {
            Mode::Challenge => network.max_replicas.min(MAX_CHALLENGED_SEATS),
            Mode::Quorum | Mode::Audit => network.max_replicas,
        };
        // CANNOT let one dissenter void a result
        let outvoted = args.max_replicas == 1
            || (args.max_replicas >= MIN_DISPUTED_SEATS && args.quorum < args.max_replicas);
        let seats_fit = args.quorum >= 1
            && outvoted
            && majority
            && args.replicas <= args.max_replicas
            && args.max_replicas <= max_replicas;
        let mode_fits = match args.mode {
            Mode::Quorum => args.quorum <= args.replicas,
            // One seat, and a maximum of at least two.
            Mode::Audit | Mode::Challenge => {
                args.replicas == 1 && args.quorum >= 2 && args.quorum <= args.max_replicas
            }
        };
        require!(seats_fit && mode_fits, MillraceError::QuorumOutOfBounds);
        let rate_fits = match args.mode {
            Mode::Audit => (1..=BPS).contains(&u64::from(args.audit_bps)),
            Mode::Quorum | Mode::Challenge => args.audit_bps == 0,
        };
        require!(rate_fits, MillraceError::AuditRateOutOfBounds);

        // windows and deadline
        let bounds = network.min_window_secs..=network.max_window_secs;
        let challenge_fits = match args.mode {
            Mode::Challenge => bounds.contains(&args.challenge_secs),
            Mode::Quorum | Mode::Audit => args.challenge_secs == 0,
        };
        let windows_fit = bounds.contains(&args.commit_secs)
            && bounds.contains(&args.reveal_secs)
            && challenge_fits;
        require!(windows_fit, MillraceError::WindowOutOfBounds);
        let round = i64::from(args.commit_secs).saturating_add(i64::from(args.reveal_secs));
        let first = first_round_secs(args.mode, round, args.challenge_secs);
        let latest = now.saturating_add(i64::from(network.max_deadline_secs));
        let earliest = now.saturating_add(first);
        let deadline_fits = args.deadline >= earliest && args.deadline <= latest;
        require!(deadline_fits, MillraceError::DeadlineOutOfBounds);

        // requirement
        validate_tag(&args.supplier)?;
        validate_tag(&args.region)?;

        // deposit: CANNOT exceed what the wallet agreed to, even if the fee has changed
        require!(
            args.price_cap > 0 && args.max_units > 0,
            MillraceError::PriceZero
        );
        let cost = money::shard_cost(
            args.price_cap,
            args.max_units,
            args.max_replicas,
            network.fee_bps,
        )?;
        let deposit = money::mul(cost, u64::from(args.shards))?;
        require!(
            deposit <= args.max_deposit,
            MillraceError::DepositAboveMaximum
        );
        Ok(deposit)
    }
}

pub fn post_job(ctx: Context<PostJob>, args: PostJobArgs) -> Result<()> {
    let clock = clock()?;
    let deposit = ctx.accounts.validate(&args, clock.unix_timestamp)?;
    let owner = ctx.accounts.owner.key();

    let accounts = &ctx.accounts;
    let client_held_after = {
        let mut client = accounts.client.load_mut()?;
        client.next_nonce = money::add(client.next_nonce, 1)?;
        client.held = money::add(client.held, deposit)?;
        let open = client.open_jobs.checked_add(1);
        client.open_jobs =
            open.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
        client.held
    };
    {
        let network = accounts.network.load()?;
        let highest_price = money::mul(args.price_cap, args.max_units)?;
        let mut job = accounts.job.load_init()?;
        job.client = owner;
        job.manifest = args.manifest;
        job.orchestrator = args.orchestrator;
        job.supplier = args.supplier;
        job.region = args.region;
        job.nonce = args.nonce;
        job.price_cap = args.price_cap;
        job.max_units = args.max_units;
        job.deposited = deposit;
        job.min_score = args.min_score;
        job.posted_at = clock.unix_timestamp;
        job.seed_slot = clock.slot;
        job.deadline = args.deadline;
        job.seat_lock = money::share(highest_price, network.lock_bps)?;
        job.shards = args.shards;
        job.commit_secs = args.commit_secs;
        job.reveal_secs = args.reveal_secs;
        job.min_memory_mb = args.min_memory_mb;
        job.min_cores = args.min_cores;
        job.fee_bps = network.fee_bps;
        job.slash_bps = network.slash_bps;
        job.late_bps = network.late_bps;
        job.audit_bps = args.audit_bps;
        job.draw_slots = network.draw_slots;
        job.accept_secs = network.accept_secs;
        job.challenge_secs = args.challenge_secs;
        job.scenario = args.scenario as u8;
        job.mode = args.mode as u8;
        job.meter = args.meter as u8;
        job.replicas = args.replicas;
        job.quorum = args.quorum;
        job.max_replicas = args.max_replicas;
        job.state = JobState::Open as u8;
        job.bump = ctx.bumps.job;
        job.version = ACCOUNT_VERSION;
        job.invariant()?;
    }

    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.payment_mint.as_ref(),
    };
    tokens.deposit(
        accounts.source.as_ref(),
        accounts.escrow.as_ref(),
        accounts.owner.as_ref(),
        deposit,
    )?;

    emit(
        &ctx.accounts.event_authority,
        &JobPosted {
            job: accounts.job.key(),
            client: owner,
            nonce: args.nonce,
            manifest: args.manifest,
            shards: args.shards,
            deposited: deposit,
            client_held_after,
        },
    )?;
    Ok(())
}
