//! - Caller: an active orchestrator with the minimum bond, which the job accepts.
//! - Window: while the network is not paused, seats are free, no result of the round can be public, and
//!   the work fits before the deadline.
//! - Moves: nothing; the seats lock stake, and the caller pays the rent of a new shard account.
//!
//! A candidate that changed its offer since it was chosen, or has no room any more, is skipped and does not
//! cost the others their seats.

use crate::account::canonical_bump;
use crate::constants::{ACCOUNT_VERSION, MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::{SeatsAssigned, emit};
use crate::math::sortition::{ADMIT_ALL, Ticket, admits};
use crate::prelude::*;
use crate::state::{
    Job, JobState, Network, Orchestrator, Provider, Seat, SeatStatus, Shard, ShardState, ShardStore,
};

/// The remaining accounts are the providers to seat.
#[event_cpi]
#[derive(Accounts)]
pub struct AssignSeats<'info> {
    /// The orchestrator's key, which pays the rent of a new shard and receives it when the shard is closed.
    #[account(mut)]
    pub key: Signer<'info>,
    #[account(has_one = key @ MillraceError::NotAuthorized)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards; created with the first seats. It cannot be created twice:
    /// a shard is closed only after its job is finished, and a finished job has no free seats.
    /// CHECK: by its seeds if the account is new, else by [`ShardStore`].
    #[account(mut)]
    pub shard: Option<UncheckedAccount<'info>>,
    pub system_program: Program<'info, System>,
}

/// The network's and the job's part of the decision whether a provider may take a seat.
#[derive(Clone, Copy)]
pub struct Admission {
    pub min_stake: u64,
    /// The price at which the orchestrator chose the provider, base units per unit.
    pub agreed_price: u64,
    pub sortition_start: u64,
    pub waited: u64,
    pub seed: u64,
}

impl<'info> AssignSeats<'info> {
    fn validate(&self, index: u32) -> Result<()> {
        // network: CANNOT assign while paused
        let network = self.network.load()?;
        network.require_running()?;

        // orchestrator
        let job = self.job.load()?;
        let orchestrator = self.orchestrator.load()?;
        orchestrator.require_serves(&job)?;
        let bonded = orchestrator.bonded >= network.min_bond;
        require!(bonded, MillraceError::BondBelowMinimum);

        // job
        require!(index < job.shards, MillraceError::ShardsOutOfBounds);
        Ok(())
    }

    /// Creates the shard.
    fn open_shard(&self, store: &ShardStore<'_, 'info>, index: u32) -> Result<Shard> {
        let mut job = self.job.load_mut()?;
        // CANNOT start a shard of a cancelled or expired job
        require!(
            job.state() == Some(JobState::Open),
            MillraceError::WrongJobState
        );
        job.created = job.created.saturating_add(1);
        let mut shard: Shard = bytemuck::Zeroable::zeroed();
        shard.job = self.job.key();
        shard.index = index;
        shard.target = job.replicas;
        shard.quorum = job.first_quorum();
        shard.slot = job.seed_slot;
        shard.state = ShardState::Assigned as u8;
        shard.version = ACCOUNT_VERSION;
        if let Some(own) = &self.shard {
            let seeds = [seeds::SHARD, shard.job.as_ref(), &index.to_le_bytes()];
            let bump = canonical_bump(&seeds, own.key);
            let bump = bump.map_err(|_| MillraceError::WrongAccount.into_program_error())?;
            job.live = job.live.saturating_add(1);
            shard.payer = self.key.key();
            shard.bump = bump;
        }
        job.invariant()?;
        let seats = job.max_replicas;
        drop(job);
        store.create(&self.key, index, shard.bump, seats)?;
        Ok(shard)
    }
}

/// `agreed_prices` has for each provider the price at which the orchestrator chose it, base units per unit.
///
/// # Errors
/// If no provider can be seated, or at a new shard fewer than must agree, the first refusal.
pub fn assign_seats<'info>(
    ctx: Context<'info, AssignSeats<'info>>,
    index: u32,
    agreed_prices: Vec<u64>,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    accounts.validate(index)?;
    let candidates = ctx.remaining_accounts;
    let fits =
        (1..=MAX_SEATS).contains(&candidates.len()) && agreed_prices.len() == candidates.len();
    require!(fits, MillraceError::WrongListLength);
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let is_new = store.is_new()?;
    let mut shard = if is_new {
        accounts.open_shard(&store, index)?
    } else {
        store.load()?
    };
    require!(shard.index == index, MillraceError::WrongAccount);
    let job = accounts.job.load()?;
    let admission = {
        let network = accounts.network.load()?;
        Admission {
            min_stake: network.min_stake,
            agreed_price: 0,
            sortition_start: network.sortition_start,
            waited: clock.slot.saturating_sub(shard.slot),
            seed: job.seed,
        }
    };
    let seeded = job.seed != 0 || admission.sortition_start == ADMIT_ALL;
    require!(seeded, MillraceError::SeedNotSet);
    // CANNOT assign seats whose work does not fit before the deadline
    let fits = if shard.is_single(&job) {
        job.first_round_fits(clock.unix_timestamp)
    } else {
        job.round_fits(clock.unix_timestamp)
    };
    require!(fits, MillraceError::TooLate);
    let free = shard.free_seats() >= candidates.len();
    require!(free, MillraceError::NoFreeSeat);
    // CANNOT assign seats once a result of this round may be public, or while late seats are not expired:
    // the new windows would make them punctual. Results of earlier rounds are public to all seats alike.
    let now = clock.unix_timestamp;
    let public = shard.count(SeatStatus::Committed) > 0 && shard.reveals_open(now);
    require!(!public, MillraceError::RevealsOpen);
    let late = now >= shard.commit_by && shard.count(SeatStatus::Assigned) > 0;
    require!(!late, MillraceError::LateSeatsNotExpired);
    shard.start_round(&job, clock.unix_timestamp)?;
    let mut seated = Vec::with_capacity(candidates.len());
    let mut refusal = None;
    for (info, agreed_price) in candidates.iter().zip(&agreed_prices) {
        let admission = Admission {
            agreed_price: *agreed_price,
            ..admission
        };
        // The account is read within: a provider may have deregistered since it was chosen.
        let taken = AccountLoader::<Provider>::try_from(info).and_then(|loader| {
            let mut provider = loader.load_mut()?;
            seat_provider(&mut shard, &job, &mut provider, info.key(), &admission)
        });
        match taken {
            Ok(()) => seated.push(info.key()),
            Err(reason) if reason == MillraceError::InvariantBroken.into_program_error() => {
                return Err(reason);
            }
            Err(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    // CANNOT start a shard with fewer seats than must agree, if more were chosen: they would only wait
    let least = if is_new {
        candidates.len().min(usize::from(shard.quorum))
    } else {
        1
    };
    if let (true, Some(reason)) = (seated.len() < least, refusal) {
        return Err(reason);
    }
    let locked = job.seat_lock;
    drop(job);
    store.save(&shard)?;
    emit(
        &ctx.accounts.event_authority,
        &SeatsAssigned {
            job: shard.job,
            shard: index,
            attempt: shard.attempt,
            providers: seated,
            locked,
            commit_by: shard.commit_by,
        },
    )?;
    Ok(())
}

/// Gives a seat to a provider that is eligible, within the price cap and the agreed price, with enough free
/// stake, not yet in the shard, and admitted by sortition. Changes nothing if it refuses.
pub fn seat_provider(
    shard: &mut Shard,
    job: &Job,
    provider: &mut Provider,
    key: Pubkey,
    admission: &Admission,
) -> Result<()> {
    require!(job.admits(provider), MillraceError::ProviderNotEligible);
    require!(
        provider.ask_price <= job.price_cap,
        MillraceError::PriceAboveCap
    );
    require!(
        provider.ask_price <= admission.agreed_price,
        MillraceError::PriceAboveAgreed
    );
    require!(
        job.seat_lock <= provider.max_seat_lock,
        MillraceError::LockAboveMaximum
    );
    require!(
        provider.active >= admission.min_stake,
        MillraceError::StakeBelowMinimum
    );
    let seated = shard.seats.iter().any(|s| s.is_live() && s.provider == key);
    require!(!seated, MillraceError::AlreadySeated);
    let ticket = Ticket {
        seed: admission.seed,
        job: shard.job.as_array(),
        shard: shard.index,
        attempt: shard.attempt,
        provider: key.as_array(),
    };
    let (start, waited) = (admission.sortition_start, admission.waited);
    // A provider that registers once the seed is public could choose an address that is admitted.
    let known = start == ADMIT_ALL || provider.registered_at < job.posted_at;
    require!(known, MillraceError::RegisteredAfterPosting);
    let drawn = admits(start, provider.free_stake(), waited, &ticket);
    require!(drawn, MillraceError::NotAdmittedYet);
    let attempt = shard.attempt;
    let mut seats = shard.seats.iter_mut();
    let free = seats.find(|s| s.status() == SeatStatus::Empty);
    let seat = free.ok_or_else(|| MillraceError::NoFreeSeat.into_program_error())?;
    provider.take_seat(job.seat_lock)?;
    provider.invariant()?;
    *seat = Seat {
        provider: key,
        price: provider.ask_price,
        status: SeatStatus::Assigned as u8,
        attempt,
        ..Seat::default()
    };
    Ok(())
}
