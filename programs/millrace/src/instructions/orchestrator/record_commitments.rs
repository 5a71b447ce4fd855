use super::ed25519::CheckedSignatures;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{CommitmentsRecorded, record};
use crate::prelude::*;
use crate::state::{
    Job, Mode, Network, Provider, Review, SeatStatus, Shard, ShardState, ShardStore,
};
use millrace_protocol::commitment;

/// A commitment for one seat, in the order of the ed25519 check and of the providers' accounts.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CommitmentEntry {
    /// The seat.
    pub seat: u8,
    /// The commitment.
    pub commitment: [u8; 32],
}

/// Accounts of `record_commitments`; after them, the providers' accounts, one for each entry.
/// Nobody but the providers' operators signs anything, and those off chain.
#[event_cpi]
#[derive(Accounts)]
pub struct RecordCommitments<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The instructions of this transaction.
    /// CHECK: its address is compared by the functions that read it.
    pub instructions: UncheckedAccount<'info>,
}

/// Records commitments whose signatures the ed25519 program has just checked.
pub fn record_commitments<'info>(
    ctx: Context<'info, RecordCommitments<'info>>,
    entries: Vec<CommitmentEntry>,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let fits = (1..=MAX_SEATS).contains(&entries.len());
    require!(
        fits && ctx.remaining_accounts.len() == entries.len(),
        MillraceError::WrongListLength
    );
    let clock = clock()?;
    let checked = CheckedSignatures::load(&accounts.instructions, entries.len())?;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    let assigned = shard.state() == Some(ShardState::Assigned);
    require!(assigned, MillraceError::WrongShardState);
    let in_time = clock.unix_timestamp < shard.commit_by;
    require!(in_time, MillraceError::TooLate);

    let network = accounts.network.load()?;
    for (at, (entry, info)) in entries.iter().zip(ctx.remaining_accounts).enumerate() {
        let seats = shard.seats.get_mut(usize::from(entry.seat));
        let seat = seats.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
        let working = seat.status() == SeatStatus::Assigned;
        require!(working, MillraceError::WrongSeatStatus);
        require_keys_eq!(seat.provider, info.key(), MillraceError::WrongAccount);
        let provider = AccountLoader::<Provider>::try_from(info)?;
        let place = commitment::SeatContext {
            network_id: &network.network_id,
            program: crate::ID.as_array(),
            job: shard.job.as_array(),
            shard: shard.index,
            attempt: seat.attempt,
            provider: info.key.as_array(),
        };
        let statement = place.statement(&entry.commitment);
        checked.require(at, &provider.load()?.operator, &statement)?;
        seat.digest = entry.commitment;
        seat.status = SeatStatus::Committed as u8;
    }
    let job = accounts.job.load()?;
    if job.mode() == Some(Mode::Audit) && shard.is_single(&job) {
        // From here on later blocks decide, which nobody knows yet.
        shard.review = Review::Pending as u8;
        shard.slot = clock.slot;
    }
    drop(job);
    store.save(&shard)?;
    record(
        &ctx.accounts.event_authority,
        &CommitmentsRecorded {
            job: shard.job,
            shard: shard.index,
            seats: entries.iter().map(|entry| entry.seat).collect(),
        },
    )?;
    Ok(())
}
