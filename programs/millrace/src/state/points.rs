use crate::prelude::*;

/// Points of one epoch. Without an amount the place is free.
#[zero_copy]
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// How many: base units of the protocol fee that was paid for them.
    pub amount: u64,
    /// The epoch.
    pub epoch: u32,
    /// Explicit padding.
    pub padding: [u8; 4],
}

impl Points {
    /// Where points of `epoch` belong: with those that are there, or in a free place.
    pub fn position(all: &[Self], epoch: u32) -> Option<usize> {
        let known = all.iter().position(|p| p.amount > 0 && p.epoch == epoch);
        known.or_else(|| all.iter().position(|p| p.amount == 0))
    }

    /// Takes out the points of `epoch`.
    pub fn take(all: &mut [Self], epoch: u32) -> u64 {
        let mut known = all.iter_mut().filter(|p| p.epoch == epoch);
        known.next().map_or(0, |p| std::mem::take(p).amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_takes_known_epochs_only() {
        let points = |amount, epoch| Points {
            amount,
            epoch,
            ..Points::default()
        };
        let mut all = [points(5, 1), points(0, 9), points(7, 2)];
        assert_eq!(Points::position(&all, 2), Some(2));
        assert_eq!(Points::position(&all, 3), Some(1));
        assert_eq!(Points::position(&all, 9), Some(1));
        all[1] = points(1, 3);
        assert_eq!(Points::position(&all, 4), None);
        assert_eq!(Points::take(&mut all, 1), 5);
        assert_eq!(Points::take(&mut all, 1), 0);
        assert_eq!(Points::position(&all, 4), Some(0));
    }

    #[test]
    fn an_empty_place_is_taken_whatever_its_epoch_was() {
        let used = Points {
            amount: 1,
            epoch: 4,
            ..Points::default()
        };
        let spent = Points {
            epoch: 5,
            ..Points::default()
        };
        // The last known place of an epoch is where its points are, and not where they were.
        assert_eq!(Points::position(&[spent, used], 5), Some(0));
        assert_eq!(
            Points::position(&[used, Points::default(), spent], 5),
            Some(1)
        );
    }
}
