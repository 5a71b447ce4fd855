use crate::constants::{ACCOUNT_VERSION, BPS, MAX_CHALLENGED_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::{JobPosted, record};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{
    Client, Job, JobState, Meter, Mode, Network, Scenario, first_round_secs, validate_tag,
};

/// The terms of a job. Fixed once posted.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct PostJobArgs {
    /// The client's next nonce.
    pub nonce: u64,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// The orchestrator it asks for; the default key for any.
    pub orchestrator: Pubkey,
    /// Kind of work.
    pub scenario: Scenario,
    /// How results are verified.
    pub mode: Mode,
    /// What units count.
    pub meter: Meter,
    /// Shards.
    pub shards: u32,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree where there is more than one.
    pub quorum: u8,
    /// Seats that a shard may have at the most.
    pub max_replicas: u8,
    /// Most that a unit may cost, base units.
    pub price_cap: u64,
    /// Most units that a shard is paid for.
    pub max_units: u64,
    /// When everything must be settled, unix seconds.
    pub deadline: i64,
    /// Time to commit, seconds.
    pub commit_secs: u32,
    /// Time to reveal, seconds.
    pub reveal_secs: u32,
    /// Time to challenge a result, seconds; 0 unless the mode is [`Mode::Challenge`].
    pub challenge_secs: u32,
    /// How often an audit is drawn, basis points; 0 unless the mode is [`Mode::Audit`].
    pub audit_bps: u16,
    /// Most that the client agrees to put into escrow, base units.
    pub max_deposit: u64,
    /// Supplier it requires, or zeros.
    pub supplier: [u8; 16],
    /// Region it requires, or zeros.
    pub region: [u8; 16],
    /// Score it requires, fuel per second.
    pub min_score: u64,
    /// Memory it requires, MiB.
    pub min_memory_mb: u32,
    /// Cores it requires.
    pub min_cores: u16,
}

/// Accounts of `post_job`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(args: PostJobArgs)]
pub struct PostJob<'info> {
    /// The wallet; pays deposit and rent. The one signature.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The wallet's client account.
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::NotAuthorized,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: AccountLoader<'info, Client>,
    /// The job.
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
    /// Where the deposit comes from.
    /// CHECK: the token program looks at it.
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    /// The client's escrow vault.
    /// CHECK: the client's account names it, see `has_one` above.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// System program.
    pub system_program: Program<'info, System>,
}

impl PostJob<'_> {
    /// Checks the terms and returns the deposit.
    fn validate(&self, args: &PostJobArgs, now: i64) -> Result<u64> {
        // network: CANNOT take new jobs while paused
        let network = self.network.load()?;
        network.require_running()?;

        // client: a nonce is used once, so a closed job's address never lives again
        let next = self.client.load()?.next_nonce;
        require!(args.nonce == next, MillraceError::NonceMismatch);

        // payment mint
        require_keys_eq!(
            self.payment_mint.key(),
            network.payment_mint,
            MillraceError::WrongAccount
        );

        // shards and seats: two different results must never both have a quorum
        let shards_fit = (1..=network.max_shards).contains(&args.shards);
        require!(shards_fit, MillraceError::ShardsOutOfBounds);
        let majority = u16::from(args.quorum) * 2 > u16::from(args.max_replicas);
        let most = match args.mode {
            Mode::Challenge => network.max_replicas.min(MAX_CHALLENGED_SEATS),
            Mode::Quorum | Mode::Audit => network.max_replicas,
        };
        let seats_fit = args.quorum >= 1
            && majority
            && args.replicas <= args.max_replicas
            && args.max_replicas <= most;
        let mode_fits = match args.mode {
            Mode::Quorum => args.quorum <= args.replicas,
            // One seat, and at least one more that can be called.
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
        let round = i64::from(args.commit_secs) + i64::from(args.reveal_secs);
        let first = first_round_secs(args.mode, round, args.challenge_secs);
        let latest = now.saturating_add(i64::from(network.max_deadline_secs));
        let earliest = now.saturating_add(first);
        let deadline_fits = args.deadline >= earliest && args.deadline <= latest;
        require!(deadline_fits, MillraceError::DeadlineOutOfBounds);

        // requirement
        validate_tag(&args.supplier)?;
        validate_tag(&args.region)?;

        // deposit: CANNOT exceed what the wallet agreed to, whatever the fee is by now
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

/// Posts a job.
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
        job.bounty_bps = network.bounty_bps;
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
        (accounts.source.as_ref(), accounts.escrow.as_ref()),
        accounts.owner.as_ref(),
        deposit,
    )?;

    record(
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
