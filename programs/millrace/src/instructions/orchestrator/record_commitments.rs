//! - Caller: any; the providers' operators have signed the commitments.
//! - Window: from the assignment of the seats, before `commit_by`.
//! - Moves: nothing.

use super::ed25519::CheckedSignatures;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{CommitmentsRecorded, emit};
use crate::prelude::*;
use crate::state::{
    Job, Mode, Network, Provider, Review, SeatStatus, Shard, ShardState, ShardStore,
};
use millrace_protocol::commitment;

/// The commitment of one seat. Entries are in the order of the ed25519 checks and of the remaining accounts.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CommitmentEntry {
    pub seat: u8,
    pub commitment: [u8; 32],
}

/// The remaining accounts are the providers, one for each entry.
#[event_cpi]
#[derive(Accounts)]
pub struct RecordCommitments<'info> {
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The instructions sysvar.
    /// CHECK: the functions that read it compare its address.
    pub instructions: UncheckedAccount<'info>,
}

/// The preceding instruction must be the ed25519 program's check of the operators' signatures.
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
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
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
        // The draw depends on blocks after this slot, which no one can predict.
        shard.review = Review::Pending as u8;
        shard.slot = clock.slot;
    }
    drop(job);
    store.save(&shard)?;
    emit(
        &ctx.accounts.event_authority,
        &CommitmentsRecorded {
            job: shard.job,
            shard: shard.index,
            seats: entries.iter().map(|entry| entry.seat).collect(),
        },
    )?;
    Ok(())
}
