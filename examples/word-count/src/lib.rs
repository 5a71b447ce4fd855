//! Counts words, and sums counts.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// How often each word occurs.
pub type Counts = BTreeMap<String, u64>;

/// Counts the words of `text`: sequences of letters and digits, in lower case.
pub fn count(text: &str) -> Counts {
    let mut counts = Counts::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    counts
}

/// Sums lines of the form `word<tab>count`.
///
/// # Errors
/// If a line has another form or a sum overflows; the message has the number of the line.
pub fn sum(lines: &str) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for (number, line) in lines.lines().enumerate() {
        let wrong = || format!("line {} is not `word<tab>count`: `{line}`", number + 1);
        let (word, count) = line.split_once('\t').ok_or_else(wrong)?;
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let total = counts.entry(word.into()).or_default();
        *total = total.checked_add(count).ok_or_else(wrong)?;
    }
    Ok(counts)
}

/// The words in alphabetical order.
pub fn by_word(counts: &Counts) -> Vec<(&str, u64)> {
    counts.iter().map(|(word, n)| (word.as_str(), *n)).collect()
}

/// The most frequent words first, ties in alphabetical order.
pub fn by_count(counts: &Counts) -> Vec<(&str, u64)> {
    let mut words = by_word(counts);
    words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    words
}

/// Reads standard input, which must be UTF-8.
///
/// # Errors
/// If reading or writing fails.
pub fn read_input() -> Result<String, String> {
    let mut text = String::new();
    match io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("standard input: {error}")),
    }
}

/// Writes `words` to standard output, one `word<tab>count` per line.
///
/// # Errors
/// If reading or writing fails.
pub fn write_output(words: &[(&str, u64)]) -> Result<(), String> {
    let lines: String = words
        .iter()
        .map(|(word, count)| format!("{word}\t{count}\n"))
        .collect();
    io::stdout()
        .write_all(lines.as_bytes())
        .map_err(|error| format!("standard output: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_of_any_case_and_script_are_counted() {
        let counts = count("Über die Mühle — DIE mühle! 2 x 2. Мельница, мельница");
        assert_eq!(
            by_word(&counts),
            [
                ("2", 2),
                ("die", 2),
                ("mühle", 2),
                ("x", 1),
                ("über", 1),
                ("мельница", 2)
            ]
        );
    }

    #[test]
    fn the_sum_of_the_parts_equals_the_count_of_the_whole() {
        let text = "a b a\nc b a\n";
        let parts: String = text
            .lines()
            .flat_map(|line| {
                let counts = count(line);
                let lines = counts.iter().map(|(w, n)| format!("{w}\t{n}\n"));
                lines.collect::<Vec<_>>()
            })
            .collect();
        let total = sum(&parts).unwrap();
        assert_eq!(total, count(text));
        assert_eq!(by_count(&total), [("a", 3), ("b", 2), ("c", 1)]);
    }

    #[test]
    fn an_invalid_line_is_reported_with_its_number() {
        assert!(sum("a\t1\nb").unwrap_err().starts_with("line 2 "));
        assert!(sum("a\t-1").is_err());
        assert!(sum(&format!("a\t{}\na\t1", u64::MAX)).is_err());
    }
}
