//! Asking a person before something is signed.

use crate::error::CliError;
use std::io::{BufRead, IsTerminal, Write};

/// Asks for a yes.
///
/// # Errors
/// [`CliError::NotConfirmed`], also where nobody can be asked.
pub fn ask_yes(question: &str) -> Result<(), CliError> {
    let answer = read_answer(&format!("{question} [y/N] "))?;
    match answer.to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::NotConfirmed),
    }
}

/// Asks for a word to be typed, where a yes is given too easily.
///
/// # Errors
/// [`CliError::NotConfirmed`], also where nobody can be asked.
pub fn ask_typed(question: &str, word: &str) -> Result<(), CliError> {
    match read_answer(&format!("{question} Type «{word}» to go on: "))? == word {
        true => Ok(()),
        false => Err(CliError::NotConfirmed),
    }
}

fn read_answer(question: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::NotConfirmed);
    }
    let mut stderr = std::io::stderr();
    // Where the question can't be shown, the answer decides all the same.
    let _ = write!(stderr, "{question}");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|_| CliError::NotConfirmed)?;
    Ok(answer.trim().to_owned())
}
