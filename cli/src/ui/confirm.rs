//! Confirmation prompts.

use crate::error::CliError;
use std::io::{BufRead, IsTerminal, Write};

/// Asks for `y` or `yes`.
///
/// # Errors
/// [`CliError::NotConfirmed`], also if standard input is not a terminal.
pub fn ask_yes(question: &str) -> Result<(), CliError> {
    let answer = read_answer(&format!("{question} [y/N] "))?;
    match answer.to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::NotConfirmed),
    }
}

/// Asks to type a word, for actions that cannot be undone.
///
/// # Errors
/// [`CliError::NotConfirmed`], also if standard input is not a terminal.
pub fn ask_typed(question: &str, word: &str) -> Result<(), CliError> {
    if read_answer(&format!("{question} Type `{word}` to continue: "))? == word {
        Ok(())
    } else {
        Err(CliError::NotConfirmed)
    }
}

fn read_answer(question: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::NotConfirmed);
    }
    let mut stderr = std::io::stderr();
    // If the question cannot be printed, the answer still counts.
    let _ = write!(stderr, "{question}");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|_| CliError::NotConfirmed)?;
    Ok(answer.trim().to_owned())
}
