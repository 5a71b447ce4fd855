//! Terms of jobs, mostly such as can be had.

use super::super::picks::Picks;
use millrace_fixture::TestNetwork;
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;

/// Terms of the input's choice.
pub fn terms(nonce: u64, now: i64, picks: &mut Picks) -> PostJobArgs {
    let mut terms = PostJobArgs {
        shards: 1 + picks.below(3) as u32,
        ..TestNetwork::terms_at(nonce, now)
    };
    match picks.below(4) {
        0 => {
            (terms.mode, terms.audit_bps) = (Mode::Audit, 10_000);
            (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
        }
        1 => {
            (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
            (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
        }
        2 => terms.max_replicas = 5 - 2 * picks.below(2) as u8,
        _ => {}
    }
    for _ in 0..picks.below(4) {
        strange(&mut terms, picks);
    }
    terms
}

/// Changes one term to anything.
fn strange(terms: &mut PostJobArgs, picks: &mut Picks) {
    match picks.below(16) {
        0 => terms.nonce = picks.amount(),
        1 => terms.shards = picks.below(12) as u32,
        2 => terms.replicas = picks.below(8) as u8,
        3 => terms.quorum = picks.below(8) as u8,
        4 => terms.max_replicas = picks.below(8) as u8,
        5 => terms.price_cap = picks.amount(),
        6 => terms.max_units = picks.amount(),
        7 => terms.deadline = terms.deadline.wrapping_add(picks.amount() as i64),
        8 => terms.commit_secs = u32::from(picks.word()),
        9 => terms.reveal_secs = u32::from(picks.word()),
        10 => terms.challenge_secs = u32::from(picks.word()),
        11 => terms.audit_bps = picks.word(),
        12 => terms.max_deposit = picks.amount(),
        13 => terms.min_score = picks.amount(),
        14 => terms.region[picks.below(16)] = picks.byte(),
        _ => terms.min_cores = picks.word(),
    }
}
