//! Counts the words of standard input.

use std::process::ExitCode;

fn main() -> ExitCode {
    let done = words::read_input()
        .map(|text| words::count(&text))
        .and_then(|counts| words::write_output(&words::by_word(&counts)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("word-count: {error}");
            ExitCode::FAILURE
        }
    }
}
