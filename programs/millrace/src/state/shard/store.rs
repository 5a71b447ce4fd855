//! Where shards are kept. The only shard of a job lies behind it in the job's own account, which
//! spares an account and its rent; shards of larger jobs have an account each.

use crate::account::create_with_bump;
use crate::constants::{MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::prelude::*;
use crate::state::{Job, Seat, SeatStatus, Shard};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;

/// The place of one shard.
pub struct ShardStore<'a, 'info> {
    job: &'a AccountInfo<'info>,
    own: Option<&'a AccountInfo<'info>>,
}

impl<'a, 'info> ShardStore<'a, 'info> {
    /// The place of a shard of `job`: `own` where the job has several, the job's account where it
    /// has one.
    ///
    /// # Errors
    /// [`MillraceError::WrongShardAccount`] where an account is given for a shard that has none, or is
    /// missing for one that has.
    pub fn of(
        job: &'a AccountLoader<'info, Job>,
        own: &'a Option<impl AsRef<AccountInfo<'info>>>,
    ) -> Result<Self> {
        let inline = job.load()?.shards == 1;
        require!(inline == own.is_none(), MillraceError::WrongShardAccount);
        Ok(Self {
            job: job.as_ref(),
            own: own.as_ref().map(AsRef::as_ref),
        })
    }

    /// Whether no seat was ever taken.
    pub fn is_new(&self) -> Result<bool> {
        match self.own {
            Some(own) => Ok(own.owner != &crate::ID && own.data_is_empty()),
            None => Ok(self.load()?.version == 0),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Anchor's own for an account of another program or type, [`MillraceError::WrongAccount`] for
    /// a shard of another job.
    pub fn load(&self) -> Result<Shard> {
        let mut shard = Shard::zeroed();
        match self.own {
            Some(own) => {
                let kind = const { crate::account::own::<Shard>() };
                kind.check(own)?;
                let data = own
                    .try_borrow_data()
                    .map_err(IntoProgramError::into_program_error)?;
                let target = bytemuck::bytes_of_mut(&mut shard);
                copy(&data[8..], target)?;
                require_keys_eq!(shard.job, *self.job.key, MillraceError::WrongAccount);
            }
            None => {
                let data = self.job.try_borrow_data()?;
                let behind = data
                    .get(Job::SIZE..)
                    .ok_or_else(|| ErrorCode::AccountDidNotDeserialize.into_program_error())?;
                copy(
                    behind,
                    &mut bytemuck::bytes_of_mut(&mut shard)[Shard::OUTER..],
                )?;
                shard.job = *self.job.key;
            }
        }
        Ok(shard)
    }

    /// Writes it back.
    ///
    /// # Errors
    /// [`MillraceError::WrongShardAccount`] where it has more seats than there is room for.
    pub fn save(&self, shard: &Shard) -> Result<()> {
        let bytes = bytemuck::bytes_of(shard);
        let (account, from, skip) = match self.own {
            Some(own) => (own, 8, 0),
            None => (self.job, Job::SIZE, Shard::OUTER),
        };
        let mut data = account.try_borrow_mut_data()?;
        let room = data
            .get_mut(from..)
            .ok_or_else(|| ErrorCode::AccountDidNotSerialize.into_program_error())?;
        let kept = &bytes[skip..][..room.len().min(bytes.len() - skip)];
        // A seat that has no room would be forgotten, and its stake with it.
        let seats = kept.len().saturating_sub(Shard::HEAD - skip) / std::mem::size_of::<Seat>();
        let mut beyond = shard.seats.iter().skip(seats);
        let empty = beyond.all(|seat| seat.status() == SeatStatus::Empty);
        require!(empty, MillraceError::WrongShardAccount);
        room[..kept.len()].copy_from_slice(kept);
        Ok(())
    }

    /// Makes the account of a shard that has one of its own.
    pub fn create(&self, payer: &Signer<'info>, (index, bump, seats): (u32, u8, u8)) -> Result<()> {
        let Some(own) = self.own else {
            return Ok(());
        };
        let index = index.to_le_bytes();
        let seeds: &[&[u8]] = &[seeds::SHARD, self.job.key.as_ref(), &index];
        let place = (Shard::space(seats), &crate::ID);
        create_with_bump(payer.as_ref(), own, place, (seeds, bump))?;
        own.try_borrow_mut_data()?[..8].copy_from_slice(Shard::DISCRIMINATOR);
        Ok(())
    }
}

impl Job {
    /// Bytes of its account: with its only shard behind it, or without where there are several.
    pub fn space(shards: u32, max_replicas: u8) -> usize {
        match shards {
            // More seats than there can be are refused, but not for their size.
            1 => Self::SIZE + Shard::inline_bytes(max_replicas.min(MAX_SEATS as u8)),
            _ => Self::SIZE,
        }
    }
}

impl Shard {
    /// Reads a shard's own account, as it is outside the chain.
    pub fn from_account(data: &[u8]) -> Option<Self> {
        let (kind, rest) = data.split_at_checked(8)?;
        let mut shard = Self::zeroed();
        (kind == Self::DISCRIMINATOR).then_some(())?;
        copy(rest, bytemuck::bytes_of_mut(&mut shard)).ok()?;
        Some(shard)
    }

    /// Reads the shard that lies behind `job` in its account at `address`; `None` before its seats
    /// were first taken.
    pub fn from_job_account(address: &Pubkey, data: &[u8]) -> Option<Self> {
        let mut shard = Self::zeroed();
        let behind = data.get(Job::SIZE..)?;
        copy(
            behind,
            &mut bytemuck::bytes_of_mut(&mut shard)[Self::OUTER..],
        )
        .ok()?;
        shard.job = *address;
        (shard.version != 0).then_some(shard)
    }
}

/// Copies stored bytes to the beginning of `target`; there must be those before the seats at least,
/// and no more than there is room for.
fn copy(stored: &[u8], target: &mut [u8]) -> Result<()> {
    let seats = std::mem::size_of::<crate::state::Seat>() * MAX_SEATS;
    let whole = (target.len() - seats..=target.len()).contains(&stored.len());
    require!(whole, ErrorCode::AccountDidNotDeserialize);
    target[..stored.len()].copy_from_slice(stored);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stored_shard_is_read_with_the_seats_that_it_has() {
        let mut shard = Shard::zeroed();
        shard.job = Pubkey::new_unique();
        shard.version = 1;
        shard.seats[1].price = 7;
        let bytes = bytemuck::bytes_of(&shard);
        let seats = 2 * std::mem::size_of::<Seat>();
        let stored = [Shard::DISCRIMINATOR, &bytes[..Shard::HEAD + seats]].concat();
        assert_eq!(stored.len(), Shard::space(2));
        assert_eq!(Shard::from_account(&stored).unwrap(), shard);
        assert!(Shard::from_account(&stored[..Shard::HEAD]).is_none());

        let behind = &bytes[Shard::OUTER..Shard::HEAD + seats];
        assert_eq!(behind.len(), Shard::inline_bytes(2));
        let stored = [&[0; Job::SIZE][..], behind].concat();
        assert_eq!(Shard::from_job_account(&shard.job, &stored).unwrap(), shard);
        assert!(Shard::from_job_account(&shard.job, &[0; Job::SIZE + 400]).is_none());
    }
}
