use crate::account::canonical_bump;
use crate::constants::{ACCOUNT_VERSION, MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::{SeatsAssigned, record};
use crate::math::sortition::{ADMIT_ALL, Ticket, admits};
use crate::prelude::*;
use crate::state::{
    Job, JobState, Network, Orchestrator, Provider, Seat, SeatStatus, Shard, ShardState, ShardStore,
};

/// Accounts of `assign_seats`; after them, the accounts of the providers who sit down.
#[event_cpi]
#[derive(Accounts)]
pub struct AssignSeats<'info> {
    /// The orchestrator's key; pays the rent of the shard, which comes back to it.
    #[account(mut)]
    pub key: Signer<'info>,
    /// Its account.
    #[account(has_one = key @ MillraceError::NotAuthorized)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own; made when its first seats are taken. It can't
    /// be made twice: a shard is closed only after its job is finished, and a finished job takes no
    /// seats.
    /// CHECK: by its seeds where it is new, by [`ShardStore`] where it is not.
    #[account(mut)]
    pub shard: Option<UncheckedAccount<'info>>,
    /// System program.
    pub system_program: Program<'info, System>,
}

/// What decides who may sit, besides the provider and its seat.
struct Admission {
    min_stake: u64,
    sortition_start: u64,
    waited: u64,
    seed: u64,
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

    /// Starts the shard's life.
    fn open_shard(&self, store: &ShardStore<'_, 'info>, index: u32) -> Result<Shard> {
        let mut job = self.job.load_mut()?;
        // CANNOT hand out what was cancelled or has expired
        require!(
            job.state() == Some(JobState::Open),
            MillraceError::WrongJobState
        );
        job.created += 1;
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
            job.live += 1;
            shard.payer = self.key.key();
            shard.bump = bump;
        }
        job.invariant()?;
        let seats = job.max_replicas;
        drop(job);
        store.create(&self.key, (index, shard.bump, seats))?;
        Ok(shard)
    }
}

/// Seats the providers given as remaining accounts.
pub fn assign_seats<'info>(ctx: Context<'info, AssignSeats<'info>>, index: u32) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    accounts.validate(index)?;
    let newcomers = ctx.remaining_accounts;
    let fits = (1..=MAX_SEATS).contains(&newcomers.len());
    require!(fits, MillraceError::WrongListLength);
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = match store.is_new()? {
        true => accounts.open_shard(&store, index)?,
        false => store.load()?,
    };
    require!(shard.index == index, MillraceError::WrongAccount);
    let job = accounts.job.load()?;
    let admission = {
        let network = accounts.network.load()?;
        Admission {
            min_stake: network.min_stake,
            sortition_start: network.sortition_start,
            waited: clock.slot.saturating_sub(shard.slot),
            seed: job.seed,
        }
    };
    let seeded = job.seed != 0 || admission.sortition_start == ADMIT_ALL;
    require!(seeded, MillraceError::SeedNotSet);
    // CANNOT take seats in which the work does not fit before the deadline
    let fits = match shard.is_single(&job) {
        true => job.first_round_fits(clock.unix_timestamp),
        false => job.round_fits(clock.unix_timestamp),
    };
    require!(fits, MillraceError::TooLate);
    let free = shard.free_seats() >= newcomers.len();
    require!(free, MillraceError::NoFreeSeat);
    // CANNOT sit down where a result of this round may be known already, or where the late ones would
    // be forgiven. What earlier rounds showed is known to all, and nothing of this one is to come.
    let now = clock.unix_timestamp;
    let known = shard.count(SeatStatus::Committed) > 0 && shard.reveals_open(now);
    require!(!known, MillraceError::RevealsOpen);
    let late = now >= shard.commit_by && shard.count(SeatStatus::Assigned) > 0;
    require!(!late, MillraceError::LateSeatsNotExpired);
    shard.start_round(&job, clock.unix_timestamp)?;
    for info in newcomers {
        let loader = AccountLoader::<Provider>::try_from(info)?;
        let mut provider = loader.load_mut()?;
        seat_provider(&mut shard, &job, &mut provider, info.key(), &admission)?;
    }
    let locked = job.seat_lock;
    drop(job);
    store.save(&shard)?;
    record(
        &ctx.accounts.event_authority,
        &SeatsAssigned {
            job: shard.job,
            shard: index,
            attempt: shard.attempt,
            providers: newcomers.iter().map(|p| p.key()).collect(),
            locked,
            commit_by: shard.commit_by,
        },
    )?;
    Ok(())
}

/// Seats one provider: eligible, within the price, with enough free stake, not there already, and
/// admitted by sortition.
fn seat_provider(
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
    // Whoever could choose its address after the seed is known would choose one that is drawn.
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
