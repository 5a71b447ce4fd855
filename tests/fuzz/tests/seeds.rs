//! The inputs that are kept with the sources: that the fuzzer still works, and that what was found once is
//! not found again.
#![allow(clippy::unwrap_used)]

use millrace_fuzz::coverage::covered;
use millrace_fuzz::play::play;
use millrace_fuzz::report::Tally;
use std::path::PathBuf;

#[test]
fn seeds_pass_and_every_instruction_succeeds_once() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut tally = Tally::default();
    for file in std::fs::read_dir(folder).unwrap() {
        tally.add(play(
            &std::fs::read(file.unwrap().path()).unwrap(),
            &mut |_| (),
        ));
    }
    assert_eq!(tally.never_done(), Vec::<&str>::new());
    let covered = covered();
    // Far more than what starts the program, and less than all: the traces are of the program.
    assert!(covered.branches.percent() > 10.0, "{covered:?}");
    assert!(covered.branches.hit < covered.branches.all, "{covered:?}");
}
