//! What goes to standard output: tables for people, JSON for programs.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use millrace_protocol::amount::format_amount;
use serde::Serialize;
use std::io::Write;

/// Decimals of SOL.
pub const SOL_DECIMALS: u8 = 9;

/// Where a command's data goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Shows `value` as JSON, or as the text that `text` makes of it.
    pub fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if !self.json {
            return print_line(&text(value));
        }
        match serde_json::to_string_pretty(value) {
            Ok(json) => print_line(&json),
            Err(error) => tracing::error!(%error, "the answer can't be written as JSON"),
        }
    }

    /// Shows text that has no place in JSON.
    pub fn print_text(&self, text: &str) {
        if !self.json {
            print_line(text);
        }
    }
}

/// Writes a line. A reader that has gone away, such as `head`, is no error.
pub fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line beside the data, to standard error.
pub fn notice(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A table; columns whose number is in `numbers` are set to the right.
pub fn table<const N: usize>(
    head: [&str; N],
    numbers: &[usize],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for number in numbers {
        if let Some(column) = table.column_mut(*number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// A table of names and values.
pub fn key_values<const N: usize>(rows: [(&str, String); N]) -> String {
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("{name:width$}  {value}"))
        .collect();
    lines.join("\n")
}

/// Paragraphs below one another.
pub fn join_paragraphs<const N: usize>(paragraphs: [String; N]) -> String {
    paragraphs.join("\n\n")
}

/// Lamports as SOL, with the unit.
pub fn sol(lamports: u64) -> String {
    format!("{} SOL", format_amount(lamports, SOL_DECIMALS))
}

/// Base units as tokens, with the unit.
pub fn tokens(units: u64, decimals: u8) -> String {
    format!("{} tokens", format_amount(units, decimals))
}

/// A change of tokens with its sign.
pub fn change(before: u64, after: u64, decimals: u8) -> String {
    let sign = if after < before { '-' } else { '+' };
    format!("{sign}{}", format_amount(after.abs_diff(before), decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_carry_their_unit_and_changes_their_sign() {
        assert_eq!(sol(5_000), "0.000005 SOL");
        assert_eq!(tokens(1_500_000, 6), "1.5 tokens");
        assert_eq!(change(2_000_000, 500_000, 6), "-1.5");
        assert_eq!(change(1, 1, 6), "+0");
    }

    #[test]
    fn a_table_has_every_row() {
        let text = table(
            ["a", "b"],
            &[1],
            [["x".into(), "1".into()], ["y".into(), "22".into()]],
        );
        assert!(
            text.contains("22") && text.contains('x') && text.contains('y'),
            "{text}"
        );
    }
}
