//! Terms of jobs, mostly valid ones.

use super::super::choices::Choices;
use millrace_fixture::TestNetwork;
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;

pub(super) fn terms(nonce: u64, now: i64, choices: &mut Choices) -> PostJobArgs {
    let mut terms = PostJobArgs {
        shards: 1 + choices.below(3) as u32,
        ..TestNetwork::terms_at(nonce, now)
    };
    match choices.below(4) {
        0 => {
            (terms.mode, terms.audit_bps) = (Mode::Audit, 10_000);
            (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
        }
        1 => {
            (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
            (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
        }
        2 => terms.max_replicas = 5 - 2 * choices.below(2) as u8,
        _ => {}
    }
    for _ in 0..choices.below(4) {
        corrupt_term(&mut terms, choices);
    }
    terms
}

/// Changes one term to an arbitrary value.
fn corrupt_term(terms: &mut PostJobArgs, choices: &mut Choices) {
    match choices.below(16) {
        0 => terms.nonce = choices.amount(),
        1 => terms.shards = choices.below(12) as u32,
        2 => terms.replicas = choices.below(8) as u8,
        3 => terms.quorum = choices.below(8) as u8,
        4 => terms.max_replicas = choices.below(8) as u8,
        5 => terms.price_cap = choices.amount(),
        6 => terms.max_units = choices.amount(),
        7 => terms.deadline = terms.deadline.wrapping_add(choices.amount() as i64),
        8 => terms.commit_secs = u32::from(choices.word()),
        9 => terms.reveal_secs = u32::from(choices.word()),
        10 => terms.challenge_secs = u32::from(choices.word()),
        11 => terms.audit_bps = choices.word(),
        12 => terms.max_deposit = choices.amount(),
        13 => terms.min_score = choices.amount(),
        14 => terms.region[choices.below(16)] = choices.byte(),
        _ => terms.min_cores = choices.word(),
    }
}
