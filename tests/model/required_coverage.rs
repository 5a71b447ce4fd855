//! The coverage that every block of sequences must reach, so no rule loses its coverage unnoticed. The
//! numbers are less than half of the lowest count of any block when they were written; rarer events are
//! not required.

use crate::coverage::Coverage;

/// Minimum successes and refusals of each action.
const ACTIONS: [(&str, u64, u64); 43] = [
    ("accept authority", 9, 3),
    ("acknowledge", 30, 60),
    ("register orchestrator", 20, 0),
    ("assign", 560, 210),
    ("bank rewards", 150, 17),
    ("bond", 50, 4),
    ("cancel", 12, 0),
    ("challenge", 60, 70),
    ("claim earnings", 170, 20),
    ("claim rewards", 90, 13),
    ("close", 370, 50),
    ("close epoch", 50, 15),
    ("commit", 520, 230),
    ("decline", 30, 18),
    ("deregister", 260, 20),
    ("donate", 60, 11),
    ("draw audit", 80, 80),
    ("expire job", 80, 14),
    ("expire seat", 50, 60),
    ("fund rewards", 90, 3),
    ("update provider", 30, 0),
    ("reopen", 0, 5),
    ("open client", 20, 12),
    ("set parameters", 80, 9),
    ("pause", 4, 0),
    ("post", 320, 140),
    ("propose authority", 20, 0),
    ("register", 1, 20),
    ("resume", 20, 0),
    ("retire orchestrator", 130, 0),
    ("reveal", 270, 200),
    ("rotate operator", 40, 0),
    ("seed job", 140, 30),
    ("set pauser", 50, 0),
    ("settle", 390, 200),
    ("reveal by anyone", 60, 70),
    ("stake", 40, 3),
    ("tampered", 0, 450),
    ("several actions", 200, 370),
    ("request unstake", 290, 0),
    ("withdraw stake", 250, 30),
    ("withdraw bond", 130, 3),
    ("withdraw treasury", 30, 16),
];
/// Minimum refusals with each error.
const ERRORS: [(&str, u64); 36] = [
    ("AccountNotInitialized", 500),
    ("AmountZero", 80),
    ("BondBelowMinimum", 30),
    ("BucketOutOfBounds", 3),
    ("DeadlineOutOfBounds", 3),
    ("NoPointsInEpoch", 3),
    ("WrongJobState", 60),
    ("WrongListLength", 40),
    ("NetworkPaused", 16),
    ("NonceMismatch", 3),
    ("NotAuthorized", 90),
    ("ShardNotDue", 50),
    ("NoAuditPending", 60),
    ("OrchestratorInactive", 30),
    ("OrchestratorMismatch", 4),
    ("ParameterOutOfBounds", 8),
    ("PriceAboveCap", 3),
    ("ProviderNotSettled", 30),
    ("QuorumOutOfBounds", 13),
    ("RevealMismatch", 9),
    ("RevealsNotOpen", 20),
    ("AlreadySeated", 3),
    ("WrongSeatStatus", 70),
    ("NoFreeSeat", 20),
    ("SeedAlreadySet", 20),
    ("SeedNotAvailable", 20),
    ("WrongShardState", 450),
    ("ShardsOutOfBounds", 8),
    ("SignatureMismatch", 20),
    ("InsufficientFreeStake", 3),
    ("System::AccountAlreadyInUse", 70),
    ("Token::InsufficientFunds", 20),
    ("TooEarly", 60),
    ("TooLate", 80),
    ("WindowOutOfBounds", 20),
    ("WrongAccount", 20),
];
/// Minimum counts of the effects of actions.
const NOTES: [(&str, u64); 25] = [
    ("audited", 30),
    ("audited: blocks forgotten", 4),
    ("round restarted", 5),
    ("compensation capped", 3),
    ("challenge lost", 12),
    ("challenge undecided", 20),
    ("challenge without other results", 19),
    ("challenge won", 7),
    ("closed in batches", 20),
    ("compensated", 6),
    ("drawn by sortition", 130),
    ("epoch: fully banked", 50),
    ("epoch: halved", 12),
    ("epoch: full emission", 12),
    ("epoch: no funds", 15),
    ("epoch: remaining funds", 14),
    ("failed", 180),
    ("late", 20),
    ("reopened", 20),
    ("seed: forgotten", 5),
    ("settled by all", 170),
    ("settled by some", 18),
    ("silent", 60),
    ("not audited", 40),
    ("disagreed", 20),
];

/// Panics with everything that was too rare in a block.
pub(crate) fn check(coverage: &Coverage) {
    let mut rare = Vec::new();
    let mut need = |what: String, was: u64, wanted: u64| {
        if was < wanted {
            rare.push(format!("{what}: {was} times, {wanted} required"));
        }
    };
    for (name, done, refused) in ACTIONS {
        need(format!("{name} succeeds"), coverage.done(name), done);
        need(
            format!("{name} is refused"),
            coverage.refused(name),
            refused,
        );
    }
    for (name, wanted) in ERRORS {
        need(
            format!("refused with {name}"),
            coverage.refused_with(name),
            wanted,
        );
    }
    for (name, wanted) in NOTES {
        need(format!("effect: {name}"), coverage.noted(name), wanted);
    }
    assert!(
        rare.is_empty(),
        "too rare in this block:\n{}",
        rare.join("\n")
    );
}
