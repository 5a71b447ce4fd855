//! Runs inputs from files and folders and prints what they cover. For a single file it also prints each
//! step.

use millrace_fuzz::report::{RunCounts, report};
use millrace_fuzz::run::run;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for argument in std::env::args_os().skip(1).map(PathBuf::from) {
        if argument.is_dir() {
            for entry in std::fs::read_dir(&argument)? {
                files.push(entry?.path());
            }
        } else {
            files.push(argument)
        }
    }
    files.sort();
    let alone = files.len() == 1;
    let mut counts = RunCounts::default();
    for file in &files {
        counts.add(run(&std::fs::read(file)?, &mut |line| {
            if alone {
                println!("{line}");
            }
        }));
    }
    println!("inputs: {}", files.len());
    print!("{}", report(&counts));
    Ok(())
}
