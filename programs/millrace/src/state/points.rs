use crate::prelude::*;

/// Points of one epoch. An entry whose amount is zero is free.
#[zero_copy]
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Number of points: the protocol fee paid for the work, base units.
    pub amount: u64,
    pub epoch: u32,
    pub padding: [u8; 4],
}

impl Points {
    /// The index of the entry for `epoch`, or of a free entry if the epoch has none.
    pub fn position(all: &[Self], epoch: u32) -> Option<usize> {
        let known = all.iter().position(|p| p.amount > 0 && p.epoch == epoch);
        known.or_else(|| all.iter().position(|p| p.amount == 0))
    }

    /// Removes the points of `epoch` and returns them.
    pub fn take(all: &mut [Self], epoch: u32) -> u64 {
        let mut known = all.iter_mut().filter(|p| p.epoch == epoch);
        known.next().map_or(0, |p| std::mem::take(p).amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_accepts_only_epochs_that_have_an_entry() {
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
    fn an_entry_without_points_is_free_for_any_epoch() {
        let used = Points {
            amount: 1,
            epoch: 4,
            ..Points::default()
        };
        let spent = Points {
            epoch: 5,
            ..Points::default()
        };
        // An entry that once held the epoch's points does not count.
        assert_eq!(Points::position(&[spent, used], 5), Some(0));
        assert_eq!(
            Points::position(&[used, Points::default(), spent], 5),
            Some(1)
        );
    }
}
