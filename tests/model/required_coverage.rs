//! The coverage that every block of sequences must reach, so no rule loses its coverage unnoticed. The
//! numbers are less than half of the lowest count of any block when they were written; rarer events are
//! not required.

use crate::coverage::Coverage;

/// Minimum successes and refusals of each action.
const ACTIONS: [(&str, u64, u64); 43] = [
    ("accept authority", 5, 1),
    ("acknowledge", 20, 60),
    ("register orchestrator", 20, 0),
    ("assign", 560, 210),
    ("bank rewards", 130, 15),
    ("bond", 50, 1),
    ("cancel", 12, 0),
    ("challenge", 60, 70),
    ("claim earnings", 170, 14),
    ("claim rewards", 75, 8),
    ("close", 370, 50),
    ("close epoch", 44, 11),
    ("commit", 520, 230),
    ("decline", 80, 20),
    ("deregister", 260, 20),
    ("donate", 60, 6),
    ("draw audit", 80, 80),
    ("expire job", 80, 9),
    ("expire seat", 42, 60),
    ("fund rewards", 90, 1),
    ("update provider", 24, 0),
    ("reopen", 0, 3),
    ("open client", 20, 8),
    ("set parameters", 80, 8),
    ("pause", 4, 0),
    ("post", 320, 110),
    ("propose authority", 20, 0),
    ("register", 1, 20),
    ("resume", 20, 0),
    ("retire orchestrator", 130, 0),
    ("reveal", 270, 200),
    ("rotate operator", 40, 0),
    ("seed job", 140, 30),
    ("set pauser", 46, 0),
    ("settle", 390, 200),
    ("reveal by anyone", 60, 70),
    ("stake", 35, 2),
    ("tampered", 0, 450),
    ("several actions", 200, 370),
    ("request unstake", 290, 0),
    ("withdraw stake", 250, 27),
    ("withdraw bond", 130, 3),
    ("withdraw treasury", 27, 13),
];
/// Minimum refusals with each error.
const ERRORS: [(&str, u64); 39] = [
    ("AccountNotInitialized", 500),
    ("AmountZero", 77),
    ("BondBelowMinimum", 24),
    ("BucketOutOfBounds", 1),
    ("DeadlineOutOfBounds", 1),
    ("NoPointsInEpoch", 2),
    ("WrongJobState", 53),
    ("WrongListLength", 40),
    ("NetworkPaused", 9),
    ("NonceMismatch", 1),
    ("NotAuthorized", 86),
    ("ShardNotDue", 46),
    ("NoAuditPending", 60),
    ("OrchestratorInactive", 22),
    ("OrchestratorMismatch", 4),
    ("ParameterOutOfBounds", 7),
    ("PenaltyAccountsMissing", 9),
    ("LockAboveMaximum", 1),
    ("PriceAboveAgreed", 10),
    ("PriceAboveCap", 1),
    ("ProviderNotSettled", 26),
    ("QuorumOutOfBounds", 13),
    ("RevealMismatch", 5),
    ("RevealsNotOpen", 20),
    ("AlreadySeated", 2),
    ("WrongSeatStatus", 70),
    ("NoFreeSeat", 20),
    ("SeedAlreadySet", 20),
    ("SeedNotAvailable", 18),
    ("WrongShardState", 410),
    ("ShardsOutOfBounds", 4),
    ("SignatureMismatch", 20),
    ("InsufficientFreeStake", 3),
    ("System::AccountAlreadyInUse", 70),
    ("Token::InsufficientFunds", 20),
    ("TooEarly", 60),
    ("TooLate", 70),
    ("WindowOutOfBounds", 9),
    ("WrongAccount", 20),
];
/// Minimum counts of the effects of actions.
const NOTES: [(&str, u64); 28] = [
    ("a candidate was skipped", 3),
    ("audited", 30),
    ("audited: blocks forgotten", 1),
    ("round restarted", 2),
    ("challenge lost", 12),
    ("challenge undecided", 8),
    ("challenge without other results", 19),
    ("challenge won", 15),
    ("closed in batches", 20),
    ("delivery attested", 25),
    ("drawn by sortition", 130),
    ("epoch: fully banked", 46),
    ("epoch: halved", 5),
    ("epoch: full emission", 6),
    ("epoch: no funds", 5),
    ("epoch: remaining funds", 4),
    ("epoch: no rewards", 4),
    ("epoch: share of the fees", 6),
    ("failed", 160),
    ("late", 12),
    ("left a stuck round", 35),
    ("reopened", 20),
    ("seed: forgotten", 2),
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
