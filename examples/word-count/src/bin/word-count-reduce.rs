//! Sums the counts on standard input, and writes the most frequent words first.

use std::process::ExitCode;

fn main() -> ExitCode {
    let done = words::read_input()
        .and_then(|lines| words::sum(&lines))
        .and_then(|counts| words::write_output(&words::by_count(&counts)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("word-count-reduce: {error}");
            ExitCode::FAILURE
        }
    }
}
