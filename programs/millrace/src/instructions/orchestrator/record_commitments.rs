use super::ed25519::CheckedSignatures;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::CommitmentsRecorded;
use crate::state::{Network, Provider, SeatStatus, Shard, ShardState};
use anchor_lang::prelude::*;
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
    /// The shard.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
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
        MillraceError::ListLength
    );
    let now = Clock::get()?.unix_timestamp;
    let checked = CheckedSignatures::load(&accounts.instructions, entries.len())?;

    let (job, index) = {
        let network = accounts.network.load()?;
        let mut shard = accounts.shard.load_mut()?;
        require!(
            shard.state() == Some(ShardState::Assigned),
            MillraceError::ShardState
        );
        require!(now < shard.commit_by, MillraceError::TooLate);
        let (job, index) = (shard.job, shard.index);
        for (at, (entry, info)) in entries.iter().zip(ctx.remaining_accounts).enumerate() {
            let seat = shard
                .seats
                .get_mut(usize::from(entry.seat))
                .ok_or(MillraceError::SeatState)?;
            require!(
                seat.status() == SeatStatus::Assigned,
                MillraceError::SeatState
            );
            require_keys_eq!(seat.provider, info.key(), MillraceError::WrongAccount);
            let provider = AccountLoader::<Provider>::try_from(info)?;
            let place = commitment::Seat {
                network_id: &network.network_id,
                program: crate::ID.as_array(),
                job: job.as_array(),
                shard: index,
                attempt: seat.attempt,
                provider: info.key.as_array(),
            };
            let statement = place.statement(&entry.commitment);
            checked.require(at, &provider.load()?.operator, &statement)?;
            seat.digest = entry.commitment;
            seat.status = SeatStatus::Committed as u8;
        }
        (job, index)
    };
    emit_cpi!(CommitmentsRecorded {
        job,
        shard: index,
        seats: entries.iter().map(|e| e.seat).collect(),
    });
    Ok(())
}
