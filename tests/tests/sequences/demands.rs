//! What has to come to pass in every block of sequences, so that none of it goes untested unnoticed. The
//! numbers are half of what the block with the least had when they were written.

use super::coverage::Coverage;

/// How often, at least, each act is done in a block, and refused.
const ACTS: [(&str, u64, u64); 43] = [
    ("accept", 8, 1),
    ("acknowledge", 40, 70),
    ("appoint", 20, 1),
    ("assign", 660, 250),
    ("bank", 180, 18),
    ("bond", 60, 4),
    ("cancel", 16, 1),
    ("challenge", 60, 90),
    ("claim", 200, 19),
    ("claim rewards", 110, 12),
    ("close", 440, 50),
    ("close epoch", 50, 17),
    ("commit", 600, 270),
    ("decline", 40, 14),
    ("deregister", 320, 20),
    ("donate", 60, 4),
    ("draw", 80, 80),
    ("expire job", 90, 12),
    ("expire seat", 60, 70),
    ("fund", 90, 4),
    ("offer", 20, 1),
    ("open again", 0, 5),
    ("open client", 30, 10),
    ("parameters", 100, 9),
    ("pause", 4, 0),
    ("post", 390, 160),
    ("propose", 30, 0),
    ("register", 1, 20),
    ("resume", 20, 0),
    ("retire", 160, 0),
    ("reveal", 320, 230),
    ("rotate", 40, 1),
    ("seed", 160, 30),
    ("set pauser", 50, 0),
    ("settle", 450, 200),
    ("show", 60, 70),
    ("stake", 30, 4),
    ("tampered", 0, 520),
    ("together", 230, 400),
    ("unstake", 360, 4),
    ("withdraw", 310, 30),
    ("withdraw bond", 160, 1),
    ("withdraw treasury", 30, 14),
];
/// How often each error is the right one.
const ERRORS: [(&str, u64); 43] = [
    ("AccountNotInitialized", 240),
    ("AccountOwnedByWrongProgram", 310),
    ("AmountZero", 80),
    ("AuditRateOutOfBounds", 1),
    ("BondBelowMinimum", 20),
    ("BucketOutOfBounds", 3),
    ("DeadlineOutOfBounds", 1),
    ("EpochEmpty", 1),
    ("JobState", 60),
    ("ListLength", 40),
    ("NetworkPaused", 10),
    ("NonceMismatch", 1),
    ("NotAdmittedYet", 1),
    ("NotAuthorized", 100),
    ("NotDue", 50),
    ("NothingToCancel", 1),
    ("NothingToDraw", 70),
    ("OrchestratorInactive", 30),
    ("OrchestratorMismatch", 5),
    ("ParameterOutOfBounds", 9),
    ("PriceAboveCap", 1),
    ("PriceZero", 3),
    ("ProviderNotSettled", 20),
    ("QuorumOutOfBounds", 13),
    ("RevealMismatch", 8),
    ("RevealsClosed", 30),
    ("SeatState", 70),
    ("SeatTaken", 20),
    ("SeatsZero", 1),
    ("SeedMissing", 1),
    ("SeedTaken", 20),
    ("SeedTooEarly", 20),
    ("ShardState", 460),
    ("ShardsOutOfBounds", 7),
    ("SignatureMismatch", 20),
    ("StakeNotFree", 3),
    ("System::AccountAlreadyInUse", 80),
    ("Token::IncorrectProgramId", 1),
    ("Token::InsufficientFunds", 20),
    ("TooEarly", 60),
    ("TooLate", 80),
    ("WindowOutOfBounds", 20),
    ("WrongAccount", 17),
];
/// How often what comes of the acts.
const NOTES: [(&str, u64); 25] = [
    ("audited", 30),
    ("audited: forgotten", 5),
    ("begun again", 6),
    ("capped", 4),
    ("challenge lost", 13),
    ("challenge undecided", 20),
    ("challenge unheard", 17),
    ("challenge won", 6),
    ("closed in parts", 20),
    ("compensated", 5),
    ("drawn by sortition", 140),
    ("epoch: done with", 60),
    ("epoch: halved", 9),
    ("epoch: in full", 16),
    ("epoch: nothing left", 15),
    ("epoch: the rest", 13),
    ("failed", 200),
    ("late", 20),
    ("reopened", 30),
    ("seed: forgotten", 1),
    ("settled by all", 190),
    ("settled by some", 17),
    ("silent", 70),
    ("spared", 40),
    ("wrong", 20),
];

/// Says what was too rare in a block.
pub fn check(coverage: &Coverage) {
    let mut rare = Vec::new();
    let mut need = |what: String, was: u64, wanted: u64| {
        if was < wanted {
            rare.push(format!("{what}: {was} times, and {wanted} are wanted"));
        }
    };
    for (name, done, refused) in ACTS {
        need(format!("{name} is done"), coverage.done(name), done);
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
        need(format!("it comes to: {name}"), coverage.noted(name), wanted);
    }
    assert!(
        rare.is_empty(),
        "too rare in this block:\n{}",
        rare.join("\n")
    );
}
