//! Random sequences of acts on the program as it was built, against a model that says of each whether it
//! is refused and where every token is after it. `MILLRACE_SEQUENCES` is how many there are in all
//! blocks together, `MILLRACE_SEED` the seed of the first.
#![allow(clippy::unwrap_used, missing_docs)]

/// The network, its parties and their steps, as the other tests of the program have them.
#[allow(dead_code, unused_imports)]
#[path = "program"]
mod program {
    pub mod fixture;
}
use program::fixture;

mod sequences {
    pub mod act;
    mod build;
    mod compare;
    pub mod coverage;
    mod directory;
    mod pick;
    mod pick_acts;
    mod pick_money;
    mod pick_terms;
    pub mod play;
    mod rng;
    mod rules;
    mod rules_doubt;
    mod rules_jobs;
    mod rules_seats;
    mod rules_settle;
    mod rules_verdict;
    pub mod town;
    mod vaults;
    mod world;
}
use sequences::coverage::Coverage;
use sequences::play::play;
use sequences::town::Town;

/// Blocks of sequences, each a test.
const BLOCKS: u64 = 16;
/// Sequences of all blocks, unless the environment says otherwise.
const SEQUENCES: u64 = 2_048;
/// Seeds that once found something. They are always run.
const REGRESSIONS: [u64; 1] = [0];

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(otherwise, |value| value.parse().unwrap())
}

/// Plays the sequences of some seeds: those of even ones with one mint for stake and payments.
fn run(seeds: impl IntoIterator<Item = u64>) -> Coverage {
    let mut coverage = Coverage::default();
    let mut towns = [None, None];
    for seed in seeds {
        let one_mint = seed % 2 == 0;
        let town = towns[usize::from(one_mint)].get_or_insert_with(|| Town::new(one_mint));
        play(town, seed, &mut coverage);
    }
    coverage
}

fn block(number: u64) {
    let all = from_environment("MILLRACE_SEQUENCES", SEQUENCES);
    let first = from_environment("MILLRACE_SEED", 1_000);
    run(first + all * number / BLOCKS..first + all * (number + 1) / BLOCKS);
}

macro_rules! blocks {
    ($($name:ident: $number:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            block($number);
        })+
    };
}

blocks! {
    the_chain_does_what_the_model_says_in_block_00: 0,
    the_chain_does_what_the_model_says_in_block_01: 1,
    the_chain_does_what_the_model_says_in_block_02: 2,
    the_chain_does_what_the_model_says_in_block_03: 3,
    the_chain_does_what_the_model_says_in_block_04: 4,
    the_chain_does_what_the_model_says_in_block_05: 5,
    the_chain_does_what_the_model_says_in_block_06: 6,
    the_chain_does_what_the_model_says_in_block_07: 7,
    the_chain_does_what_the_model_says_in_block_08: 8,
    the_chain_does_what_the_model_says_in_block_09: 9,
    the_chain_does_what_the_model_says_in_block_10: 10,
    the_chain_does_what_the_model_says_in_block_11: 11,
    the_chain_does_what_the_model_says_in_block_12: 12,
    the_chain_does_what_the_model_says_in_block_13: 13,
    the_chain_does_what_the_model_says_in_block_14: 14,
    the_chain_does_what_the_model_says_in_block_15: 15,
}

#[test]
fn what_was_found_once_is_not_found_again() {
    run(REGRESSIONS);
}

/// Sequences that must do everything.
const COVERING: u64 = 160;
/// How often they must do what, and have it refused.
const ACTS: [(&str, u64, u64); 25] = [
    ("acknowledge", 30, 30),
    ("assign", 300, 100),
    ("cancel", 15, 5),
    ("challenge", 30, 50),
    ("claim", 100, 20),
    ("close", 200, 20),
    ("commit", 200, 100),
    ("decline", 15, 5),
    ("donate", 100, 1),
    ("draw", 30, 50),
    ("expire job", 30, 10),
    ("expire seat", 8, 20),
    ("offer", 50, 1),
    ("parameters", 150, 5),
    ("pause", 10, 0),
    ("post", 200, 10),
    ("resume", 30, 0),
    ("retire", 2, 0),
    ("reveal", 100, 100),
    ("settle", 200, 200),
    ("show", 30, 30),
    ("stake", 60, 3),
    ("tampered", 0, 300),
    ("together", 100, 100),
    ("unstake", 200, 1),
];
/// What must come to pass.
const NOTES: [&str; 17] = [
    "audited",
    "audited: forgotten",
    "spared",
    "begun again",
    "reopened",
    "settled by all",
    "settled by some",
    "failed",
    "late",
    "silent",
    "wrong",
    "compensated",
    "capped",
    "challenge lost",
    "challenge won",
    "challenge undecided",
    "challenge unheard",
];

#[test]
fn every_act_is_done_often_and_every_end_is_reached() {
    let coverage = run(0..COVERING);
    coverage.tell();
    for (name, done, refused) in ACTS {
        let (was_done, was_refused) = (coverage.done(name), coverage.refused(name));
        assert!(was_done >= done, "{name} was done {was_done} times");
        let often = was_refused >= refused;
        assert!(often, "{name} was refused {was_refused} times");
    }
    assert_eq!(coverage.done("tampered"), 0);
    for name in NOTES {
        assert!(coverage.noted(name) > 0, "never: {name}");
    }
}

#[test]
fn a_sequence_goes_as_it_does_alone_whatever_was_before() {
    let among_others = run([1_000_003, 1_000_004, 1_000_005, 1_000_007]);
    assert_eq!(among_others.last, run([1_000_007]).last);
}
