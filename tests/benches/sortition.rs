//! Sortition: seats in relation to stake, the gain from splitting a stake, and how long seats stay
//! free.
//!
//! Deterministic and seeded: the program's own tickets and thresholds without a chain. Every ticket of
//! a job is hashed, so large networks get few jobs. Seats are therefore not counted but expected: given
//! the tickets of all others, a provider's chance of a seat is exact because its number is uniform. The
//! seats that were actually drawn are reported too.
//!
//! The program does not order the providers that are admitted in the same slot. An orchestrator orders
//! them by a value that does not depend on the number; figures named `by_number` show what an order by
//! the number would give.

use crate::figures::{Figures, percentile};
use anyhow::{Result, ensure};
use millrace_client::program::math::sortition::{Ticket, threshold};

const SEATS: usize = 3;
/// Providers of a network, and the number of jobs with one shard that are drawn in it.
const NETWORKS: [(usize, usize); 4] = [
    (10, 20_000),
    (1_000, 5_000),
    (100_000, 150),
    (1_000_000, 30),
];
/// Minimum stake, base units: 100 tokens of 6 decimals.
const MIN_STAKE: f64 = 1e8;
/// The largest stake in multiples of the minimum.
const MAX_STAKE: f64 = 1e3;
/// Shape of the Pareto distribution of stakes: a fifth of the providers has most of the stake.
const SHAPE: f64 = 1.16;
/// Number of possible tickets.
const ALL: f64 = (1u128 << 64) as f64;

/// The order of providers that are admitted in the same slot.
#[derive(Clone, Copy)]
enum Tie {
    /// By a value independent of the number, like an orchestrator.
    Chance,
    /// By the number, lowest first.
    Number,
}

impl Tie {
    const ALL: [(Self, &str); 2] = [(Self::Chance, ""), (Self::Number, "by_number.")];

    fn of(self, number: u64) -> u64 {
        match self {
            Self::Chance => mixed(number),
            Self::Number => number,
        }
    }
}

/// A provider's turn: the first slot that admits it, and its rank within that slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    slot: u64,
    tie: u64,
    provider: usize,
}

/// A job's first turns, one more than it has seats.
#[derive(Clone, Copy)]
struct First([Turn; SEATS + 1]);

impl First {
    fn none() -> Self {
        Self(
            [Turn {
                slot: u64::MAX,
                tie: 0,
                provider: usize::MAX,
            }; SEATS + 1],
        )
    }

    fn insert(&mut self, turn: Turn) {
        if turn < self.0[SEATS] {
            self.0[SEATS] = turn;
            self.0.sort_unstable();
        }
    }

    fn seated(&self) -> &[Turn] {
        &self.0[..SEATS]
    }

    /// The turn that a provider has to precede to get a seat.
    fn rival_of(&self, provider: usize) -> &Turn {
        let sits = self.seated().iter().any(|turn| turn.provider == provider);
        &self.0[if sits { SEATS } else { SEATS - 1 }]
    }
}

/// Providers sorted by stake, smallest first.
struct Network {
    start: u64,
    stakes: Vec<u64>,
    /// The stake to split, which belongs to no provider of the network.
    large: u64,
}

impl Network {
    fn new(providers: usize) -> Self {
        let stake = |n: usize| {
            let chance = (mixed(n as u64) as f64 + 1.0) / ALL;
            (MIN_STAKE * chance.powf(-1.0 / SHAPE).min(MAX_STAKE)) as u64
        };
        let mut stakes: Vec<u64> = (0..providers).map(stake).collect();
        stakes.sort_unstable();
        let total: u64 = stakes.iter().sum();
        // The average stake in a network of a hundred providers, or of this network if it is smaller.
        let large = total / providers.min(100) as u64;
        // On average, one provider is admitted in the first slot.
        let start = ((1u128 << 64) / u128::from(total)) as u64;
        Self {
            start,
            stakes,
            large,
        }
    }

    /// Draws a job and returns its first turns for each order of ties.
    fn draw(&self, job: u64) -> Result<[First; 2]> {
        let (seed, address) = (mixed(!job), key(job));
        let mut first = [First::none(); 2];
        for (provider, stake) in self.stakes.iter().enumerate() {
            let ticket = Ticket {
                seed,
                job: &address,
                shard: 0,
                attempt: 0,
                provider: &key(provider as u64),
            };
            let number = ticket.number();
            let slot = self.admitted(*stake, number);
            for (first, (tie, _)) in first.iter_mut().zip(Tie::ALL) {
                if slot <= first.0[SEATS].slot {
                    let tie = tie.of(number);
                    first.insert(Turn {
                        slot,
                        tie,
                        provider,
                    });
                }
            }
        }
        // The closed form must agree with the program's rule.
        for turn in first[1].seated() {
            let [before, then] = self.thresholds(self.stakes[turn.provider], turn.slot);
            let number = u128::from(turn.tie);
            ensure!((before..then).contains(&number), "another slot admits it");
        }
        Ok(first)
    }

    /// The first slot whose threshold exceeds `number`: the smallest `w` with `number < start × stake ×
    /// 2^w`.
    fn admitted(&self, stake: u64, number: u64) -> u64 {
        let first = u128::from(self.start) * u128::from(stake);
        u64::from(128 - (u128::from(number) / first).leading_zeros())
    }

    /// The thresholds of the previous slot and of this one.
    fn thresholds(&self, stake: u64, slot: u64) -> [u128; 2] {
        let before = slot.checked_sub(1);
        [
            before.map_or(0, |slot| threshold(self.start, stake, slot)),
            threshold(self.start, stake, slot),
        ]
    }

    /// The probability that a stake gets an earlier turn than another.
    fn chance(&self, stake: u64, tie: Tie, other: &Turn) -> f64 {
        let [before, then] = self.thresholds(stake, other.slot);
        match tie {
            Tie::Number => u128::from(other.tie).clamp(before, then) as f64 / ALL,
            Tie::Chance => {
                (before as f64 + (then - before) as f64 * (other.tie as f64 / ALL)) / ALL
            }
        }
    }

    /// The expected seats of the large stake, split into `parts` equal providers.
    fn split(&self, parts: u64, tie: Tie, first: &First) -> f64 {
        let stake = self.large / parts;
        // At least this many of them get a seat if as many precede the provider whose seat the last one
        // takes.
        let at_least = |seats: usize| {
            let chance = self.chance(stake, tie, &first.0[SEATS - seats]);
            1.0 - fewer(parts, seats, chance)
        };
        (1..=SEATS).map(at_least).sum()
    }
}

/// The probability that fewer than `wanted` of `events` independent events occur.
fn fewer(events: u64, wanted: usize, chance: f64) -> f64 {
    let mut ways = 1.0;
    let mut sum = 0.0;
    for happened in 0..(wanted as u64).min(events + 1) {
        let others = (events - happened) as i32;
        sum += ways * chance.powi(happened as i32) * (1.0 - chance).powi(others);
        ways *= (events - happened) as f64 / (happened + 1) as f64;
    }
    sum
}

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    for (providers, jobs) in NETWORKS {
        of_a_network(figures, &Network::new(providers), jobs)?;
    }
    Ok(())
}

fn of_a_network(figures: &mut Figures, network: &Network, jobs: usize) -> Result<()> {
    let providers = network.stakes.len();
    let drawn: Vec<[First; 2]> = (0..jobs)
        .map(|job| network.draw(job as u64))
        .collect::<Result<_>>()?;
    for (at, (tie, prefix)) in Tie::ALL.into_iter().enumerate() {
        let name = |what: &str| format!("sortition.{providers}.{prefix}{what}");
        let drawn: Vec<&First> = drawn.iter().map(|by| &by[at]).collect();
        let (expected, counted) = deviations(network, tie, &drawn);
        figures.note_with(
            name("share_deviation"),
            expected,
            "%",
            format!("of all seats; {counted:.2} % among {} drawn", jobs * SEATS),
        );
        let seats = |parts| -> f64 {
            let each = drawn.iter().map(|first| network.split(parts, tie, first));
            each.sum()
        };
        let whole = seats(1);
        for parts in [10, 100] {
            let gain = seats(parts) / whole;
            figures.note(name(&format!("split{parts}_gain")), gain, "times");
        }
    }
    let waited: Vec<f64> = drawn
        .iter()
        .map(|[first, _]| first.0[SEATS - 1].slot as f64)
        .collect();
    for (what, percent) in [("p50", 50), ("p95", 95), ("max", 100)] {
        let name = format!("sortition.{providers}.slots_waited.{what}");
        let remark = format!("until {SEATS} could sit, in {jobs} jobs");
        figures.note_with(name, percentile(&waited, percent), "slots", remark);
    }
    let least = network.stakes.iter().min().copied().unwrap_or_default();
    let everyone = (0..=64).find(|slot| threshold(network.start, least, *slot) == 1 << 64);
    figures.note_with(
        format!("sortition.{providers}.slots_waited.everyone"),
        everyone.unwrap_or(64) as f64,
        "slots",
        "until the least stake is admitted for sure",
    );
    Ok(())
}

/// The largest difference between the share of seats and the share of stake, over ten groups of
/// providers sorted by stake, percent: for the expected seats, and for the drawn ones.
fn deviations(network: &Network, tie: Tie, drawn: &[&First]) -> (f64, f64) {
    let providers = network.stakes.len();
    let group = |provider: usize| provider * 10 / providers;
    let (mut stake, mut expected, mut counted) = ([0.0; 10], [0.0; 10], [0.0; 10]);
    for (provider, held) in network.stakes.iter().enumerate() {
        let at = group(provider);
        stake[at] += *held as f64;
        for first in drawn {
            expected[at] += network.chance(*held, tie, first.rival_of(provider));
        }
    }
    for turn in drawn.iter().flat_map(|first| first.seated()) {
        counted[group(turn.provider)] += 1.0;
    }
    let furthest = |seats: [f64; 10]| {
        let (seats_in_all, stake_in_all): (f64, f64) = (seats.iter().sum(), stake.iter().sum());
        let shares = seats.iter().zip(stake);
        shares
            .map(|(seats, stake)| (seats / seats_in_all - stake / stake_in_all).abs() * 100.0)
            .fold(0.0, f64::max)
    };
    (furthest(expected), furthest(counted))
}

/// A distinct key for each number.
fn key(number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// A step of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
