use crate::constants::{ACCOUNT_VERSION, MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::SeatsAssigned;
use crate::state::{Job, JobState, Network, Orchestrator, Provider, Seat, SeatStatus, Shard};
use anchor_lang::prelude::*;

/// Accounts of `assign_seats`; after them, the accounts of the providers who sit down.
#[event_cpi]
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct AssignSeats<'info> {
    /// The orchestrator's key; pays the rent of the shard, which comes back to it.
    #[account(mut)]
    pub key: Signer<'info>,
    /// Its account.
    #[account(has_one = key @ MillraceError::NotAuthorized)]
    pub orchestrator: Account<'info, Orchestrator>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard; made when its first seats are taken. It can't be made twice: a shard is closed only
    /// after its job is finished, and a finished job takes no seats.
    #[account(
        init_if_needed,
        payer = key,
        space = Shard::SIZE,
        seeds = [seeds::SHARD, job.key().as_ref(), &index.to_le_bytes()],
        bump,
    )]
    pub shard: AccountLoader<'info, Shard>,
    /// System program.
    pub system_program: Program<'info, System>,
}

impl AssignSeats<'_> {
    fn validate(&self, index: u32, now: i64) -> Result<()> {
        // network: CANNOT assign while paused
        self.network.load()?.require_running()?;

        // orchestrator
        require!(
            self.orchestrator.active,
            MillraceError::OrchestratorInactive
        );

        // job: CANNOT take seats in which a whole round does not fit before the deadline
        let job = self.job.load()?;
        let any = job.orchestrator == Pubkey::default();
        let chosen = any || job.orchestrator == self.key.key();
        require!(chosen, MillraceError::OrchestratorMismatch);
        require!(index < job.shards, MillraceError::ShardsOutOfBounds);
        require!(job.round_fits(now), MillraceError::TooLate);
        Ok(())
    }

    /// Whether the shard account was made by this very instruction.
    fn shard_is_new(&self) -> Result<bool> {
        let info = self.shard.as_ref();
        let data = info.try_borrow_data()?;
        Ok(data.iter().take(8).all(|b| *b == 0))
    }

    /// Starts the shard's life.
    fn open_shard(&self, index: u32, bump: u8, now: i64) -> Result<()> {
        let mut job = self.job.load_mut()?;
        // CANNOT hand out what was cancelled or has expired
        require!(job.state() == Some(JobState::Open), MillraceError::JobState);
        job.created += 1;
        job.live += 1;
        job.invariant()?;
        let mut shard = self.shard.load_init()?;
        shard.job = self.job.key();
        shard.payer = self.key.key();
        shard.index = index;
        shard.target = job.replicas;
        shard.bump = bump;
        shard.version = ACCOUNT_VERSION;
        shard.start_round(&job, now)?;
        drop(shard);
        // The discriminator is written here and not at the end, because the shard is loaded again
        // in the same instruction, and without it that is refused.
        self.shard.exit(&crate::ID)
    }
}

/// Seats the providers given as remaining accounts.
pub fn assign_seats<'info>(ctx: Context<'info, AssignSeats<'info>>, index: u32) -> Result<()> {
    let accounts = &ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    accounts.validate(index, now)?;
    let newcomers = ctx.remaining_accounts;
    require!(
        (1..=MAX_SEATS).contains(&newcomers.len()),
        MillraceError::ListLength
    );
    if accounts.shard_is_new()? {
        accounts.open_shard(index, ctx.bumps.shard, now)?;
    }

    let (attempt, locked, commit_by) = {
        let job = accounts.job.load()?;
        let min_stake = accounts.network.load()?.min_stake;
        let mut shard = accounts.shard.load_mut()?;
        require!(
            shard.free_seats() >= newcomers.len(),
            MillraceError::SeatTaken
        );
        shard.start_round(&job, now)?;
        let attempt = shard.attempt;
        for info in newcomers {
            let loader = AccountLoader::<Provider>::try_from(info)?;
            let mut provider = loader.load_mut()?;
            seat_provider(&mut shard, &job, &mut provider, info.key(), min_stake)?;
        }
        (attempt, job.seat_lock, shard.commit_by)
    };
    emit_cpi!(SeatsAssigned {
        job: accounts.job.key(),
        shard: index,
        attempt,
        providers: newcomers.iter().map(|p| p.key()).collect(),
        locked,
        commit_by,
    });
    Ok(())
}

/// Seats one provider: eligible, within the price, with enough free stake, and not there already.
fn seat_provider(
    shard: &mut Shard,
    job: &Job,
    provider: &mut Provider,
    key: Pubkey,
    min_stake: u64,
) -> Result<()> {
    require!(job.admits(provider), MillraceError::ProviderNotEligible);
    require!(
        provider.ask_price <= job.price_cap,
        MillraceError::PriceAboveCap
    );
    require!(
        provider.active >= min_stake,
        MillraceError::StakeBelowMinimum
    );
    let seated = shard.seats.iter().any(|s| s.is_live() && s.provider == key);
    require!(!seated, MillraceError::SeatDuplicate);
    let attempt = shard.attempt;
    let free = shard
        .seats
        .iter_mut()
        .find(|s| s.status() == SeatStatus::Empty);
    let seat = free.ok_or(MillraceError::SeatTaken)?;
    provider.take_seat(job.seat_lock)?;
    provider.invariant()?;
    *seat = Seat {
        provider: key,
        price: provider.ask_price,
        locked: job.seat_lock,
        status: SeatStatus::Assigned as u8,
        attempt,
        ..Seat::default()
    };
    Ok(())
}
