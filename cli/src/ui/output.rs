//! Output of commands: text, or JSON with `--json`, on standard output; notices on standard error.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use millrace_protocol::amount::format_amount;
use serde::Serialize;
use std::io::Write;

pub const SOL_DECIMALS: u8 = 9;

#[derive(Clone, Copy, Debug, Default)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Prints `value` as JSON, or as the text that `text` returns.
    pub fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if !self.json {
            return print_line(&text(value));
        }
        match serde_json::to_string_pretty(value) {
            Ok(json) => print_line(&json),
            Err(error) => tracing::error!(%error, "failed to serialize the output"),
        }
    }

    /// Prints text, except with `--json`.
    pub fn print_text(&self, text: &str) {
        if !self.json {
            print_line(text);
        }
    }
}

/// Prints a line to standard output. A reader that closed the pipe, such as `head`, is not an error.
pub fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line to standard error.
pub fn notice(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Formats a table; the columns with an index in `numbers` are right-aligned.
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

/// Formats names and values in two columns.
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

/// The difference of two amounts with its sign.
pub fn change(before: u64, after: u64, decimals: u8) -> String {
    let sign = if after < before { '-' } else { '+' };
    format!("{sign}{}", format_amount(after.abs_diff(before), decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units_and_changes_have_signs() {
        assert_eq!(sol(5_000), "0.000005 SOL");
        assert_eq!(tokens(1_500_000, 6), "1.5 tokens");
        assert_eq!(change(2_000_000, 500_000, 6), "-1.5");
        assert_eq!(change(1, 1, 6), "+0");
    }

    #[test]
    fn table_has_every_row() {
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
