//! Which tests are run on a mutant, and in which order.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::Path;

/// Number of tests that caught other mutants of a file and are tried first.
const FIRST: usize = 25;

/// Tests that are not about a particular instruction, or take as long as all others together.
const SLOW: &[&str] = &[
    "cost::",
    "every_window_holds",
    "prefunded_accounts_are_created",
    "ten_thousand_settlements",
];

/// For a part of a file's name: the test modules about it, and the instructions whose cases in the matrix reach
/// it, if not the one that the file is named after.
type Near = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const NEAR: &[Near] = &[
    ("client/post_job", &["posting", "audit", "admin"], &[]),
    ("client/cancel_job", &["ending", "twice", "mints"], &[]),
    ("client/challenge_shard", &["challenge", "audit"], &[]),
    (
        "crank/settle_shard/",
        &[
            "payment",
            "disagreement",
            "challenge",
            "settling",
            "late",
            "rewards",
        ],
        &["settle_shard"],
    ),
    (
        "crank/penalty",
        &["late", "disagreement", "rounding", "challenge"],
        &["settle_shard", "expire_seat"],
    ),
    ("crank/close_job", &["ending", "twice"], &[]),
    ("crank/expire_job", &["ending", "late"], &[]),
    ("crank/expire_seat", &["late", "history"], &[]),
    ("crank/seed_job", &["sortition"], &[]),
    ("crank/draw_audit", &["audit"], &[]),
    ("crank/bank_rewards", &["rewards"], &[]),
    ("crank/close_epoch", &["rewards"], &[]),
    ("client/acknowledge", &["delivery"], &[]),
    ("provider/claim_earnings", &["payment", "mints"], &[]),
    ("provider/claim_rewards", &["rewards", "mints"], &[]),
    ("provider/decline", &["delivery", "commitments"], &[]),
    ("provider/reveal", &["reveals"], &[]),
    (
        "provider/",
        &["exits", "providers", "seating", "admin", "mints"],
        &[],
    ),
    ("admin/open_rewards", &["rewards"], &[]),
    ("admin/fund_rewards", &["rewards"], &[]),
    ("admin/initialize", &["network", "history"], &[]),
    ("admin/open_bucket", &["network"], &[]),
    ("admin/pause", &["admin"], &["pause", "resume"]),
    (
        "admin/transfer_authority",
        &["admin"],
        &["propose_authority", "accept_authority", "set_pauser"],
    ),
    ("admin/", &["admin", "mints", "network"], &[]),
    (
        "orchestrator/assign",
        &[
            "seating",
            "reveals",
            "sortition",
            "challenge",
            "admin",
            "ending",
        ],
        &[],
    ),
    (
        "orchestrator/ed25519",
        &["commitments", "delivery"],
        &["record_commitments", "decline_seat"],
    ),
    (
        "orchestrator/record_commitments",
        &["commitments", "late", "audit"],
        &[],
    ),
    (
        "orchestrator/record_reveals",
        &["reveals", "delivery", "challenge"],
        &[],
    ),
    (
        "instructions/tokens",
        &["payment", "exits"],
        &["post_job", "cancel_job", "settle_shard", "deregister"],
    ),
    ("instructions/mints", &["network"], &["initialize_network"]),
    (
        "account/create",
        &["prefunding", "network", "disagreement"],
        &["close_job", "deregister"],
    ),
    (
        "account/",
        &["revival", "providers", "ending"],
        &["close_job", "deregister", "claim_earnings"],
    ),
    (
        "state/shard/store",
        &["settling", "seating", "ending", "challenge"],
        &["assign_seats", "settle_shard", "close_job"],
    ),
    (
        "math/verdict",
        &[
            "disagreement",
            "late",
            "payment",
            "challenge",
            "audit",
            "delivery",
        ],
        &["settle_shard"],
    ),
];

/// The tests that caught mutants of each file, most recent first.
#[derive(Default)]
pub struct Caught(Mutex<HashMap<String, Vec<String>>>);

impl Caught {
    /// Tests to try first on a mutant of the file.
    pub fn first(&self, file: &str) -> Vec<String> {
        let all = self.0.lock();
        all.get(file).cloned().unwrap_or_default()
    }

    /// Records that a test caught a mutant of the file.
    pub fn by(&self, file: &str, test: &str) {
        let mut all = self.0.lock();
        let tests = all.entry(file.to_owned()).or_default();
        tests.retain(|other| other != test);
        tests.insert(0, test.to_owned());
        tests.truncate(FIRST);
    }
}

/// Arguments that leave out the slow tests.
pub fn without_slow() -> Vec<String> {
    let skip = SLOW.iter().flat_map(|name| ["--skip", name]);
    skip.map(str::to_owned).collect()
}

fn near(file: &str) -> Option<&'static Near> {
    NEAR.iter().find(|(part, _, _)| file.contains(part))
}

/// Arguments that select the test modules about a file.
pub fn modules(file: &str) -> Vec<String> {
    let modules = near(file).map_or(&[][..], |(_, modules, _)| modules);
    let names = modules.iter().map(|module| format!("{module}::"));
    names.chain(without_slow()).collect()
}

/// The cases of the matrix for a file; none means those of every instruction. The cases of a
/// settlement take half a minute, so `at_first` selects one of them.
pub fn cases(file: &str, at_first: bool) -> Vec<String> {
    if file.contains("/account/") && !at_first {
        return Vec::new();
    }
    let verbs = near(file).map_or(&[][..], |(_, _, verbs)| verbs);
    let own = file.contains("/instructions/") && verbs.is_empty();
    let stem = Path::new(file).file_stem().filter(|_| own);
    let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
    let verbs = verbs.iter().map(|verb| (*verb).to_owned()).chain(stem);
    verbs
        .map(|verb| match verb.as_str() {
            "settle_shard" if at_first => {
                format!("::{verb}::that_is_challenged_in_its_jobs_account")
            }
            _ => format!("::{verb}::"),
        })
        .collect()
}

/// Whether the mutant accepts other accounts.
pub fn is_about_accounts(what: &str) -> bool {
    let signs = [
        "has_one",
        "address =",
        "_keys_eq",
        "WrongAccount",
        ".require(",
    ];
    signs.iter().any(|sign| what.contains(sign))
}
