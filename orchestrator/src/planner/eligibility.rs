//! Decides whether a provider may take a seat. [`check`] is the only place that decides it, with one order
//! of reasons: the program's own refusals in the program's order, then what only this orchestrator knows.

use super::availability::Availability;
use super::failures::FailureHistory;
use super::snapshot::Snapshot;
use millrace_client::Pubkey;
use millrace_client::program::math::sortition::{ADMIT_ALL, Ticket, admits, threshold};
use millrace_client::program::state::{Job, Network, Provider, Shard};
use millrace_protocol::selection::Ineligible;

/// What eligibility depends on besides the seat and the provider.
pub(super) struct Rules<'a> {
    /// The network's minimum stake, base units.
    pub min_stake: u64,
    /// The network's sortition threshold.
    pub sortition_start: u64,
    /// The newest slot seen.
    pub slot: u64,
    pub failures: FailureHistory<'a>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(snapshot: &Snapshot<'a>, network: &Network) -> Self {
        Self {
            min_stake: network.min_stake,
            sortition_start: network.sortition_start,
            slot: snapshot.slot,
            failures: FailureHistory::new(snapshot.submissions),
        }
    }

    /// Whether a job cannot be assigned before its seed is taken from the chain.
    pub(super) fn needs_seed(&self, job: &Job) -> bool {
        self.sortition_start != ADMIT_ALL && job.seed == 0
    }
}

/// Free seats of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vacancy {
    pub shard: u32,
    pub attempt: u8,
    /// Slot since which the seats have been free.
    pub free_since: u64,
}

impl Vacancy {
    /// The seats of a shard that never had any assigned.
    pub(super) fn new_shard(job: &Job, shard: u32) -> Self {
        Self {
            shard,
            attempt: 0,
            free_since: job.seed_slot,
        }
    }

    /// The free seats of a shard on chain.
    pub(super) fn of(shard: &Shard) -> Self {
        Self {
            shard: shard.index,
            attempt: shard.attempt,
            free_since: shard.slot,
        }
    }
}

/// The seat that providers are checked for.
#[derive(Clone, Copy)]
pub(super) struct SeatRequest<'a> {
    /// Address of the job.
    pub address: Pubkey,
    pub job: &'a Job,
    pub vacancy: Vacancy,
    /// Providers in the shard's other seats.
    pub seated: &'a [Pubkey],
}

impl<'a> SeatRequest<'a> {
    /// A seat of a shard that never had any assigned.
    pub(super) fn new_shard(address: Pubkey, job: &'a Job, shard: u32) -> Self {
        Self {
            address,
            job,
            vacancy: Vacancy::new_shard(job, shard),
            seated: &[],
        }
    }

    /// A seat of any new shard of a job: of one with an index that no shard has, so that no failure of a
    /// single shard counts.
    pub(super) fn any_shard(address: Pubkey, job: &'a Job) -> Self {
        Self::new_shard(address, job, u32::MAX)
    }
}

/// A provider that is checked.
#[derive(Clone, Copy)]
pub(super) struct Applicant<'a> {
    pub key: &'a Pubkey,
    pub account: &'a Provider,
    pub availability: Availability,
}

/// Whether sortition counts. It does not for questions about a job as such, because sortition admits every
/// provider in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sortition {
    Apply,
    Ignore,
}

/// Checks whether a provider may take a seat.
///
/// # Errors
/// The first reason why not.
pub(super) fn check(
    rules: &Rules,
    request: &SeatRequest,
    applicant: &Applicant,
    sortition: Sortition,
) -> Result<(), Ineligible> {
    let (job, account) = (request.job, applicant.account);
    let availability = &applicant.availability;
    // What the program checks, in its order.
    require(job.admits(account), Ineligible::ProviderNotEligible)?;
    require(
        account.ask_price <= job.price_cap,
        Ineligible::PriceAboveCap,
    )?;
    require(
        job.seat_lock <= account.max_seat_lock,
        Ineligible::LockAboveMaximum,
    )?;
    require(
        account.active >= rules.min_stake,
        Ineligible::StakeBelowMinimum,
    )?;
    let is_seated = request.seated.contains(applicant.key);
    require(!is_seated, Ineligible::AlreadySeated)?;
    if sortition == Sortition::Apply {
        check_sortition(rules, request, applicant)?;
    }
    let has_room = availability.account_room(account) > 0;
    require(has_room, Ineligible::ProviderAtCapacity)?;
    let free_stake = account
        .free_stake()
        .saturating_sub(availability.promised_stake);
    require(
        free_stake >= job.seat_lock,
        Ineligible::InsufficientFreeStake,
    )?;
    // What only this orchestrator knows.
    require(availability.online, Ineligible::AgentOffline)?;
    let can_run = availability.free_capacity > 0;
    require(can_run, Ineligible::AgentAtCapacity)?;
    let shard = request.vacancy.shard;
    let has_failed = rules
        .failures
        .excludes(&request.address, shard, applicant.key);
    require(!has_failed, Ineligible::AlreadyTried)
}

/// The part of [`check`] that is about sortition: the only part that differs between jobs with the same
/// terms, and the only part that takes a hash.
///
/// # Errors
/// [`Ineligible::RegisteredAfterPosting`], [`Ineligible::NotAdmittedYet`].
pub(super) fn check_sortition(
    rules: &Rules,
    request: &SeatRequest,
    applicant: &Applicant,
) -> Result<(), Ineligible> {
    let (start, account) = (rules.sortition_start, applicant.account);
    if start == ADMIT_ALL {
        return Ok(());
    }
    let was_registered = account.registered_at < request.job.posted_at;
    require(was_registered, Ineligible::RegisteredAfterPosting)?;
    let vacancy = request.vacancy;
    let waited = rules.slot.saturating_sub(vacancy.free_since);
    if threshold(start, account.free_stake(), waited) > u128::from(u64::MAX) {
        // Every number is below the threshold.
        return Ok(());
    }
    let ticket = Ticket {
        seed: request.job.seed,
        job: request.address.as_array(),
        shard: vacancy.shard,
        attempt: vacancy.attempt,
        provider: applicant.key.as_array(),
    };
    let is_admitted = admits(start, account.free_stake(), waited, &ticket);
    require(is_admitted, Ineligible::NotAdmittedYet)
}

fn require(holds: bool, reason: Ineligible) -> Result<(), Ineligible> {
    if holds { Ok(()) } else { Err(reason) }
}
