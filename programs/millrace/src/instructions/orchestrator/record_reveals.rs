//! - Caller: an active orchestrator that the job accepts.
//! - Window: once all seats of the round have committed, or from `commit_by` with a quorum of
//!   commitments; before `reveal_by`.
//! - Moves: nothing.

use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{DeliveryAcknowledged, ResultsRevealed, emit};
use crate::prelude::*;
use crate::state::{Job, Mode, Network, Orchestrator, SeatStatus, Shard, ShardState, ShardStore};
use millrace_protocol::commitment;

/// The preimage of a seat's commitment.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct RevealEntry {
    pub seat: u8,
    /// Root of the result.
    pub root: [u8; 32],
    /// Units of the result.
    pub units: u64,
    /// Random bytes that hide the result until it is revealed.
    pub salt: [u8; 32],
}

#[event_cpi]
#[derive(Accounts)]
pub struct RecordReveals<'info> {
    /// The orchestrator's key. Its signature attests that it has the outputs and that they match the roots.
    pub key: Signer<'info>,
    #[account(has_one = key @ MillraceError::NotAuthorized)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

pub fn record_reveals(ctx: Context<RecordReveals>, entries: Vec<RevealEntry>) -> Result<()> {
    let accounts = &ctx.accounts;
    // orchestrator: CANNOT attest deliveries of a job that requires another one
    accounts
        .orchestrator
        .load()?
        .require_serves(&*accounts.job.load()?)?;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    let changed = {
        let (network, job) = (accounts.network.load()?, accounts.job.load()?);
        reveal(&network, &job, &mut shard, &entries, true)?
    };
    store.save(&shard)?;
    for seat in changed.attested {
        emit(
            &ctx.accounts.event_authority,
            &DeliveryAcknowledged {
                job: shard.job,
                shard: shard.index,
                seat,
                by: accounts.key.key(),
            },
        )?;
    }
    if !changed.revealed.is_empty() {
        emit(
            &ctx.accounts.event_authority,
            &ResultsRevealed {
                job: shard.job,
                shard: shard.index,
                seats: changed.revealed,
                delivered: true,
            },
        )?;
    }
    Ok(())
}

/// What [`reveal`] changed, by the indices of the seats.
pub(crate) struct RevealedSeats {
    pub revealed: Vec<u8>,
    /// Revealed before, and attested as delivered now.
    pub attested: Vec<u8>,
}

/// Reveals results of a shard. With `delivered`, a result that is revealed already is marked as delivered; one
/// that is attested already is passed over, so that a stranger's haste costs the other seats nothing.
///
/// # Errors
/// [`MillraceError::WrongListLength`], [`MillraceError::WrongShardState`], [`MillraceError::TooLate`],
/// [`MillraceError::RevealsNotOpen`], [`MillraceError::WrongSeatStatus`], [`MillraceError::RevealMismatch`].
pub(crate) fn reveal(
    network: &Network,
    job: &Job,
    shard: &mut Shard,
    entries: &[RevealEntry],
    delivered: bool,
) -> Result<RevealedSeats> {
    let now = clock()?.unix_timestamp;
    let fits = (1..=MAX_SEATS).contains(&entries.len());
    require!(fits, MillraceError::WrongListLength);
    require!(shard.is_live(), MillraceError::WrongShardState);
    let (in_time, open) = (now < shard.reveal_by, shard.reveals_open(now));
    let attestable = shard.can_attest(job, now);
    let mut changed = RevealedSeats {
        revealed: Vec::new(),
        attested: Vec::new(),
    };
    for entry in entries {
        let seats = shard.seats.get_mut(usize::from(entry.seat));
        let seat = seats.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
        if delivered && seat.status() == SeatStatus::Revealed {
            let same = seat.digest == entry.root && seat.units == entry.units;
            require!(same, MillraceError::RevealMismatch);
            if seat.delivered == 0 {
                require!(attestable, MillraceError::TooLate);
                seat.delivered = 1;
                changed.attested.push(entry.seat);
            }
            continue;
        }
        // CANNOT reveal results while another seat could copy them
        require!(in_time, MillraceError::TooLate);
        require!(open, MillraceError::RevealsNotOpen);
        let committed = seat.status() == SeatStatus::Committed;
        require!(committed, MillraceError::WrongSeatStatus);
        let place = commitment::SeatContext {
            network_id: &network.network_id,
            program: crate::ID.as_array(),
            job: shard.job.as_array(),
            shard: shard.index,
            attempt: seat.attempt,
            provider: seat.provider.as_array(),
        };
        let reveal = commitment::Reveal {
            root: &entry.root,
            units: entry.units,
            salt: &entry.salt,
        };
        let matches = place.commitment(&reveal) == seat.digest;
        require!(matches, MillraceError::RevealMismatch);
        seat.digest = entry.root;
        seat.units = entry.units;
        seat.status = SeatStatus::Revealed as u8;
        seat.delivered = u8::from(delivered);
        changed.revealed.push(entry.seat);
    }
    if changed.revealed.is_empty() {
        return Ok(changed);
    }
    shard.state = ShardState::Revealing as u8;
    if job.mode() == Some(Mode::Challenge) && shard.is_single(job) {
        shard.challenge_by = now.saturating_add(i64::from(job.challenge_secs));
    }
    Ok(changed)
}
