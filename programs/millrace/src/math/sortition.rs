//! Sortition: which providers may take a seat. A provider is admitted if its number is below a threshold
//! that is proportional to its free stake and doubles each slot, so that every provider with stake is
//! admitted in time.
//!
//! The number is a hash, uniform below 2^64. A provider with free stake `s` is admitted after `w` slots
//! with probability `min(1, start × s × 2^w ÷ 2^64)`. It is linear in the stake, so that splitting a stake
//! gains nothing.

use millrace_protocol::hash::sha256;

/// The value of `sortition_start` that admits every provider at once, for small networks.
pub const ADMIT_ALL: u64 = u64::MAX;

/// The input of a provider's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket<'a> {
    pub seed: u64,
    pub job: &'a [u8; 32],
    pub shard: u32,
    pub attempt: u8,
    pub provider: &'a [u8; 32],
}

impl Ticket<'_> {
    /// Uniform below 2^64.
    pub fn number(&self) -> u64 {
        let digest = sha256(&[
            b"millrace/sortition/v1",
            &self.seed.to_le_bytes(),
            self.job,
            &self.shard.to_le_bytes(),
            &[self.attempt],
            self.provider,
        ]);
        let [a, b, c, d, e, f, g, h, ..] = digest;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The threshold below which a number is admitted: `start × free_stake × 2^waited`, at most 2^64.
pub fn threshold(start: u64, free_stake: u64, waited: u64) -> u128 {
    const ALL: u128 = 1 << 64;
    if start == ADMIT_ALL {
        return ALL;
    }
    let first = u128::from(start).saturating_mul(u128::from(free_stake));
    let doublings = u32::try_from(waited.min(64)).unwrap_or(64);
    // If a bit is shifted out, the product is above the maximum.
    if first.leading_zeros() > doublings {
        (first << doublings).min(ALL)
    } else {
        ALL
    }
}

/// Whether a provider with `free_stake` is admitted after `waited` slots.
pub fn admits(start: u64, free_stake: u64, waited: u64, ticket: &Ticket) -> bool {
    start == ADMIT_ALL || u128::from(ticket.number()) < threshold(start, free_stake, waited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_threshold_grows_with_stake_and_doubles_each_slot() {
        assert_eq!(threshold(3, 5, 0), 15);
        assert_eq!(threshold(3, 10, 0), 30);
        assert_eq!(threshold(3, 5, 4), 240);
        assert_eq!(threshold(3, 0, 64), 0);
        assert_eq!(threshold(1, 1, 64), 1 << 64);
        assert_eq!(threshold(u64::MAX - 1, u64::MAX, 1), 1 << 64);
        assert_eq!(threshold(ADMIT_ALL, 0, 0), 1 << 64);
    }

    proptest! {
        #[test]
        fn splitting_a_stake_gains_no_chances(
            start: u64, parts in prop::collection::vec(0u64..1 << 50, 1..20), waited in 0u64..70
        ) {
            let whole = threshold(start, parts.iter().sum(), waited);
            let each: u128 = parts.iter().map(|part| threshold(start, *part, waited)).sum();
            // The sum may exceed the maximum at which the threshold of the whole stake is cut off. By
            // then every provider is admitted.
            prop_assert!(each.min(1 << 64) == whole || start == ADMIT_ALL);
        }

        #[test]
        fn any_stake_is_admitted_after_64_slots(start in 1u64.., stake in 1u64.., seed: u64) {
            let ticket = Ticket { seed, job: &[1; 32], shard: 0, attempt: 0, provider: &[2; 32] };
            prop_assert!(admits(start, stake, 64, &ticket));
        }
    }

    const TICKET: Ticket = Ticket {
        seed: 5,
        job: &[1; 32],
        shard: 2,
        attempt: 3,
        provider: &[2; 32],
    };

    #[test]
    fn each_part_of_a_ticket_changes_its_number() {
        let others = [
            Ticket { seed: 6, ..TICKET },
            Ticket {
                job: &[2; 32],
                ..TICKET
            },
            Ticket { shard: 3, ..TICKET },
            Ticket {
                attempt: 4,
                ..TICKET
            },
            Ticket {
                provider: &[3; 32],
                ..TICKET
            },
        ];
        for other in others {
            assert_ne!(other.number(), TICKET.number(), "{other:?}");
        }
    }

    #[test]
    fn a_number_below_the_threshold_is_admitted() {
        let number = TICKET.number();
        // With start 1 and no slot waited, the threshold is the stake.
        assert!(admits(1, number + 1, 0, &TICKET));
        assert!(!admits(1, number, 0, &TICKET));
        assert!(!admits(1, number - 1, 0, &TICKET));
        assert!(admits(ADMIT_ALL, 0, 0, &TICKET));
    }

    #[test]
    fn a_threshold_that_overflows_is_the_maximum() {
        let highest = u128::from(u64::MAX - 1) * u128::from(u64::MAX);
        assert_eq!(highest.leading_zeros(), 0);
        assert_eq!(threshold(u64::MAX - 1, u64::MAX, 0), 1 << 64);
        assert_eq!(threshold(u64::MAX - 1, 0, 64), 0);
        assert_eq!(threshold(5, 0, 200), 0);
    }
}
