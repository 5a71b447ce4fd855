//! Plays inputs from files and folders again and tells what they cover; of a single file, what each of
//! its steps does.

use millrace_fuzz::play::play;
use millrace_fuzz::report::{Tally, report};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for argument in std::env::args_os().skip(1).map(PathBuf::from) {
        match argument.is_dir() {
            true => {
                for entry in std::fs::read_dir(&argument)? {
                    files.push(entry?.path());
                }
            }
            false => files.push(argument),
        }
    }
    files.sort();
    let alone = files.len() == 1;
    let mut tally = Tally::default();
    for file in &files {
        tally.add(play(&std::fs::read(file)?, &mut |line| {
            if alone {
                println!("{line}");
            }
        }));
    }
    println!("inputs: {}", files.len());
    print!("{}", report(&tally));
    Ok(())
}
