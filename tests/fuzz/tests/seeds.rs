//! Runs the committed inputs, which shows that the fuzzer works and that past findings stay fixed.
#![allow(clippy::unwrap_used)]

use millrace_fuzz::coverage::covered;
use millrace_fuzz::report::RunCounts;
use millrace_fuzz::run::run;
use std::path::PathBuf;

#[test]
fn seeds_pass_and_every_instruction_succeeds_once() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut counts = RunCounts::default();
    for file in std::fs::read_dir(folder).unwrap() {
        counts.add(run(
            &std::fs::read(file.unwrap().path()).unwrap(),
            &mut |_| (),
        ));
    }
    assert_eq!(counts.never_done(), Vec::<&str>::new());
    let covered = covered();
    // More than the entrypoint alone and less than everything, so the traces are of the program.
    assert!(covered.branches.percent() > 10.0, "{covered:?}");
    assert!(covered.branches.hit < covered.branches.all, "{covered:?}");
}
