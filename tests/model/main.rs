//! Random sequences of actions on the built program, compared with a model that predicts each refusal
//! with its error and every token balance after each transaction. `MILLRACE_SEQUENCES` is the number of
//! sequences in all blocks together, `MILLRACE_SEED` the seed of the first one. A failing sequence is
//! shrunk to a few steps and printed in the format of the committed regressions.
#![allow(clippy::unwrap_used)]

mod action;
mod chain;
mod coverage;
mod drain;
mod generate;
mod regression;
mod required_coverage;
mod rules;
mod run;
mod shrink;
mod tamper;
mod world;

use chain::mint_setup_of;
use coverage::Coverage;
use regression::{ChainPool, Failure, Regression};
use run::Steps;

/// Blocks of sequences, one test for each.
const BLOCKS: u64 = 16;
/// Default number of sequences in all blocks.
const SEQUENCES: u64 = 2_048;

fn env_number(name: &str, otherwise: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(otherwise, |value| value.parse().unwrap())
}

/// Runs the sequences of these seeds, each with the mint setup of its seed.
fn run(seeds: impl IntoIterator<Item = u64>) -> Coverage {
    let mut coverage = Coverage::default();
    let mut chains = ChainPool::default();
    for seed in seeds {
        let chain = (mint_setup_of(seed), seed);
        let result = chains.run(chain, Steps::Generated, &mut coverage);
        result
            .map_err(Failure::shrunk)
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    coverage
}

/// Runs a block. A block of at least the default size must reach the required coverage.
fn block(number: u64) {
    let all = env_number("MILLRACE_SEQUENCES", SEQUENCES);
    let first = env_number("MILLRACE_SEED", 1_000);
    let coverage = run(first + all * number / BLOCKS..first + all * (number + 1) / BLOCKS);
    coverage.print();
    if all >= SEQUENCES {
        required_coverage::check(&coverage);
    }
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
    chain_matches_the_model_in_block_00: 0,
    chain_matches_the_model_in_block_01: 1,
    chain_matches_the_model_in_block_02: 2,
    chain_matches_the_model_in_block_03: 3,
    chain_matches_the_model_in_block_04: 4,
    chain_matches_the_model_in_block_05: 5,
    chain_matches_the_model_in_block_06: 6,
    chain_matches_the_model_in_block_07: 7,
    chain_matches_the_model_in_block_08: 8,
    chain_matches_the_model_in_block_09: 9,
    chain_matches_the_model_in_block_10: 10,
    chain_matches_the_model_in_block_11: 11,
    chain_matches_the_model_in_block_12: 12,
    chain_matches_the_model_in_block_13: 13,
    chain_matches_the_model_in_block_14: 14,
    chain_matches_the_model_in_block_15: 15,
}

#[test]
fn committed_regressions_pass() {
    let (mut chains, all) = (ChainPool::default(), Regression::all());
    assert!(!all.is_empty(), "there are no regressions");
    for (name, regression) in all {
        assert!(
            !regression.shows.is_empty(),
            "{name} does not describe its rule"
        );
        let chain = (regression.mint_setup, regression.seed);
        let steps = Steps::Replayed(&regression.steps);
        let result = chains.run(chain, steps, &mut Coverage::default());
        if let Err(failure) = result {
            panic!("{name} fails again: {}\n{failure}", regression.shows);
        }
    }
}

#[test]
fn sequences_do_not_influence_each_other() {
    let among_others = run([1_000_007, 1_000_003, 1_000_004, 1_000_005, 1_000_007]);
    assert_eq!(among_others.last, run([1_000_007]).last);
}
