use crate::constants::{BUCKETS, MAX_BUCKET_EPOCHS};
use crate::math::money;
use crate::prelude::*;
use crate::state::Points;

/// A treasury vault and the points of each epoch. Settlements are spread over several buckets, so
/// that settlements of different jobs need not write the same account.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Bucket {
    /// Treasury vault for fees.
    pub treasury: Pubkey,
    /// Points given by settlements of this bucket, by epoch, until the epoch is closed.
    pub points: [Points; MAX_BUCKET_EPOCHS],
    pub index: u8,
    pub bump: u8,
    pub version: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 61],
}

impl ProgramAccount for Bucket {}

impl Bucket {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Whether points of `epoch` can be added: it has an entry, or an entry is free.
    pub fn has_room(&self, epoch: u32) -> bool {
        Points::position(&self.points, epoch).is_some()
    }

    /// Adds points, if the bucket has room for the epoch.
    pub fn add_points(&mut self, epoch: u32, amount: u64) -> Result<()> {
        if let Some(at) = Points::position(&self.points, epoch) {
            let points = &mut self.points[at];
            points.epoch = epoch;
            points.amount = money::add(points.amount, amount)?;
        }
        Ok(())
    }

    /// Removes the points of `epoch` and returns them.
    pub fn take(&mut self, epoch: u32) -> u64 {
        Points::take(&mut self.points, epoch)
    }
}

/// The index of the bucket that a job's settlements write.
pub fn bucket_of(job: &Pubkey) -> u8 {
    job.to_bytes()[0] % BUCKETS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytemuck::Zeroable;

    #[test]
    fn points_are_kept_by_epoch_and_taken_once() {
        let mut bucket = Bucket::zeroed();
        for epoch in 0..MAX_BUCKET_EPOCHS as u32 {
            assert!(bucket.has_room(epoch));
            bucket.add_points(epoch, 5).unwrap();
        }
        bucket.add_points(2, 6).unwrap();
        let full = MAX_BUCKET_EPOCHS as u32;
        assert!(bucket.has_room(2) && !bucket.has_room(full));
        bucket.add_points(full, 1).unwrap();
        assert_eq!(bucket.take(full), 0);
        assert_eq!((bucket.take(2), bucket.take(2)), (11, 0));
        assert!(bucket.has_room(full));
    }

    #[test]
    fn jobs_are_spread_over_the_buckets() {
        let of = |first: u8| bucket_of(&Pubkey::new_from_array([first; 32]));
        assert_eq!((of(0), of(7), of(8), of(255)), (0, 7, 0, 7));
    }
}
