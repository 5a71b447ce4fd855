//! Which tests are run on a mutant, and in which order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Tests that caught other mutants of a file are tried first: so many.
const FIRST: usize = 10;

/// Tests that look at no instruction more closely than others do, or take as long as all others.
const SLOW: &[&str] = &[
    "cost::",
    "every_window_holds",
    "every_account_is_made",
    "ten_thousand_settlements",
];

/// Verbs whose scenes in the matrix reach what several instructions share.
const SHARED: &[(&str, &[&str])] = &[
    ("crank/settlement", &["settle_shard"]),
    ("crank/penalty", &["settle_shard", "expire_seat"]),
    (
        "orchestrator/ed25519",
        &["record_commitments", "decline_seat"],
    ),
    (
        "instructions/tokens",
        &["post_job", "cancel_job", "settle_shard", "deregister"],
    ),
    ("instructions/mints", &["initialize_network"]),
    ("admin/pause", &["pause", "resume"]),
    (
        "admin/hand_over",
        &["propose_authority", "accept_authority", "set_pauser"],
    ),
    (
        "state/shard_store",
        &["assign_seats", "settle_shard", "close_job"],
    ),
    ("math/verdict", &["settle_shard"]),
];

/// Which tests caught mutants of which file, the last first.
#[derive(Default)]
pub struct Caught(Mutex<HashMap<String, Vec<String>>>);

impl Caught {
    /// The tests to try first on a mutant of the file.
    pub fn first(&self, file: &str) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(file).cloned().unwrap_or_default()
    }

    /// A test caught a mutant of the file.
    pub fn by(&self, file: &str, test: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The scenes of the matrix for a file; all, where it is of no instruction.
pub fn scenes(file: &str) -> Vec<String> {
    let shared = SHARED.iter().find(|(part, _)| file.contains(part));
    let verbs = match shared {
        Some((_, verbs)) => verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        None if file.contains("/instructions/") => {
            let stem = Path::new(file).file_stem().unwrap_or_default();
            vec![stem.to_string_lossy().into_owned()]
        }
        None => Vec::new(),
    };
    verbs
        .into_iter()
        .map(|verb| format!("instructions::{verb}::"))
        .collect()
}
