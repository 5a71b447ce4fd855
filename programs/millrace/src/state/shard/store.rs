//! Storage of shards. The only shard of a job is stored after the job in the job's account, which saves an
//! account and its rent. Shards of larger jobs have an account each.

use crate::account::create_with_bump;
use crate::constants::{MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::prelude::*;
use crate::state::{Job, Seat, SeatStatus, Shard};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;

/// Reads and writes one shard, in its own account or in the job's.
pub struct ShardStore<'a, 'info> {
    job: &'a AccountInfo<'info>,
    /// The shard's account, unless the shard is in the job's account.
    shard: Option<&'a AccountInfo<'info>>,
}

impl<'a, 'info> ShardStore<'a, 'info> {
    /// A shard of `job`: stored in `shard` if the job has several shards, in `job` if it has one.
    ///
    /// # Errors
    /// [`MillraceError::WrongShardAccount`] if an account is given although the job has one shard, or is
    /// missing although it has several.
    pub fn new(
        job: &'a AccountLoader<'info, Job>,
        shard: &'a Option<impl AsRef<AccountInfo<'info>>>,
    ) -> Result<Self> {
        let inline = job.load()?.shards == 1;
        require!(inline == shard.is_none(), MillraceError::WrongShardAccount);
        Ok(Self {
            job: job.as_ref(),
            shard: shard.as_ref().map(AsRef::as_ref),
        })
    }

    /// Whether no seat was ever assigned.
    pub fn is_new(&self) -> Result<bool> {
        match self.shard {
            Some(account) => Ok(account.owner != &crate::ID && account.data_is_empty()),
            None => Ok(self.load()?.version == 0),
        }
    }

    /// Reads the shard.
    ///
    /// # Errors
    /// Anchor's codes for an account of another program or type; [`MillraceError::WrongAccount`] for a
    /// shard of another job.
    pub fn load(&self) -> Result<Shard> {
        let mut shard = Shard::zeroed();
        match self.shard {
            Some(account) => {
                let kind = const { crate::account::ProgramAccountType::of::<Shard>() };
                kind.check(account)?;
                let data = account
                    .try_borrow_data()
                    .map_err(IntoProgramError::into_program_error)?;
                let target = bytemuck::bytes_of_mut(&mut shard);
                copy(&data[8..], target)?;
                require_keys_eq!(shard.job, *self.job.key, MillraceError::WrongAccount);
            }
            None => {
                let data = self.job.try_borrow_data()?;
                let stored = data
                    .get(Job::SIZE..)
                    .ok_or_else(|| ErrorCode::AccountDidNotDeserialize.into_program_error())?;
                copy(
                    stored,
                    &mut bytemuck::bytes_of_mut(&mut shard)[Shard::INLINE_OFFSET..],
                )?;
                shard.job = *self.job.key;
            }
        }
        Ok(shard)
    }

    /// Writes the shard.
    ///
    /// # Errors
    /// [`MillraceError::WrongShardAccount`] if a seat that is not empty does not fit into the account.
    pub fn save(&self, shard: &Shard) -> Result<()> {
        let bytes = bytemuck::bytes_of(shard);
        let (account, from, skip) = match self.shard {
            Some(account) => (account, 8, 0),
            None => (self.job, Job::SIZE, Shard::INLINE_OFFSET),
        };
        let mut data = account.try_borrow_mut_data()?;
        let room = data
            .get_mut(from..)
            .ok_or_else(|| ErrorCode::AccountDidNotSerialize.into_program_error())?;
        let stored = &bytes[skip..];
        let kept = &stored[..stored.len().min(room.len())];
        // A seat that does not fit would be lost, and its stake with it.
        let before_seats = Shard::HEADER_BYTES.saturating_sub(skip);
        let seats = kept.len().saturating_sub(before_seats) / Seat::BYTES;
        let mut beyond = shard.seats.iter().skip(seats);
        let empty = beyond.all(|seat| seat.status() == SeatStatus::Empty);
        require!(empty, MillraceError::WrongShardAccount);
        room[..kept.len()].copy_from_slice(kept);
        Ok(())
    }

    /// Creates the shard's account. Does nothing if the shard is in the job's account.
    pub fn create(&self, payer: &Signer<'info>, index: u32, bump: u8, seats: u8) -> Result<()> {
        let Some(account) = self.shard else {
            return Ok(());
        };
        let index = index.to_le_bytes();
        let seeds: &[&[u8]] = &[seeds::SHARD, self.job.key.as_ref(), &index];
        let space = Shard::space(seats);
        create_with_bump(payer.as_ref(), account, space, &crate::ID, seeds, bump)?;
        account.try_borrow_mut_data()?[..8].copy_from_slice(Shard::DISCRIMINATOR);
        Ok(())
    }
}

impl Job {
    /// Bytes of a job's account, which includes the only shard of a job with one shard.
    pub fn space(shards: u32, max_replicas: u8) -> usize {
        match shards {
            // `post_job` refuses more seats than the maximum, with an error of its own.
            1 => Self::SIZE.saturating_add(Shard::inline_bytes(max_replicas.min(MAX_SEATS as u8))),
            _ => Self::SIZE,
        }
    }
}

impl Shard {
    /// Reads the shard from its own account. For clients.
    pub fn from_account(data: &[u8]) -> Option<Self> {
        let (kind, rest) = data.split_at_checked(8)?;
        let mut shard = Self::zeroed();
        (kind == Self::DISCRIMINATOR).then_some(())?;
        copy(rest, bytemuck::bytes_of_mut(&mut shard)).ok()?;
        Some(shard)
    }

    /// Reads the shard from the account of the job at `address`; `None` if no seat was ever assigned. For
    /// clients.
    pub fn from_job_account(address: &Pubkey, data: &[u8]) -> Option<Self> {
        let mut shard = Self::zeroed();
        let stored = data.get(Job::SIZE..)?;
        copy(
            stored,
            &mut bytemuck::bytes_of_mut(&mut shard)[Self::INLINE_OFFSET..],
        )
        .ok()?;
        shard.job = *address;
        (shard.version != 0).then_some(shard)
    }
}

/// Copies stored bytes to the beginning of `target`. They must contain at least everything before the
/// seats, and fit into `target`.
fn copy(stored: &[u8], target: &mut [u8]) -> Result<()> {
    let before_seats = target.len().saturating_sub(Seat::BYTES * MAX_SEATS);
    let whole = (before_seats..=target.len()).contains(&stored.len());
    require!(whole, ErrorCode::AccountDidNotDeserialize);
    target[..stored.len()].copy_from_slice(stored);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stored_shard_is_read_with_its_seats() {
        let mut shard = Shard::zeroed();
        shard.job = Pubkey::new_unique();
        shard.version = 1;
        shard.seats[1].price = 7;
        let bytes = bytemuck::bytes_of(&shard);
        let seats = 2 * Seat::BYTES;
        let stored = [Shard::DISCRIMINATOR, &bytes[..Shard::HEADER_BYTES + seats]].concat();
        assert_eq!(stored.len(), Shard::space(2));
        assert_eq!(Shard::from_account(&stored).unwrap(), shard);
        assert!(Shard::from_account(&stored[..Shard::HEADER_BYTES]).is_none());

        let inline = &bytes[Shard::INLINE_OFFSET..Shard::HEADER_BYTES + seats];
        assert_eq!(inline.len(), Shard::inline_bytes(2));
        let stored = [&[0; Job::SIZE][..], inline].concat();
        assert_eq!(Shard::from_job_account(&shard.job, &stored).unwrap(), shard);
        assert!(Shard::from_job_account(&shard.job, &[0; Job::SIZE + 400]).is_none());
    }
}
