//! What has to come to pass in every block of sequences, so that none of it goes untested unnoticed.

use super::coverage::Coverage;

/// How often, at least, each act is done in a block, and refused.
const ACTS: [(&str, u64, u64); 0] = [];

pub fn check(coverage: &Coverage) {
    for (name, done, refused) in ACTS {
        let (was_done, was_refused) = (coverage.done(name), coverage.refused(name));
        assert!(was_done >= done, "{name} was done {was_done} times");
        let often = was_refused >= refused;
        assert!(often, "{name} was refused {was_refused} times");
        let _ = coverage.noted(name) + coverage.refused_with(name);
    }
}
