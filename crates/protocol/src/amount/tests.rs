#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_formatted_amount_parses_to_itself(units: u64, decimals in 0u8..40) {
        prop_assert_eq!(parse_amount(&format_amount(units, decimals), decimals), Ok(units));
    }

    #[test]
    fn parsing_an_amount_never_panics(text: String, decimals: u8) {
        let _ = parse_amount(&text, decimals);
    }
}

#[test]
fn amounts_are_exact() {
    for (text, decimals, units) in [
        ("1.5", 6, 1_500_000),
        ("0.000002", 6, 2),
        ("0", 0, 0),
        ("007", 2, 700),
        ("1.500", 1, 15),
        ("3.0", 0, 3),
        ("18446744073709551615", 0, u64::MAX),
        ("18446744073.709551615", 9, u64::MAX),
        ("0", 255, 0),
    ] {
        assert_eq!(parse_amount(text, decimals), Ok(units), "{text}");
    }
    assert_eq!(format_amount(1_500_000, 6), "1.5");
    assert_eq!(format_amount(2, 6), "0.000002");
    assert_eq!(format_amount(10, 0), "10");
}

#[test]
fn an_amount_that_is_not_a_number_is_refused() {
    for text in [
        "", ".", "1.", ".5", "1.2.3", "1,5", "1e3", "+1", "--1", "-", " 1", "1_0", "१", "NaN",
    ] {
        let error = parse_amount(text, 6).unwrap_err();
        assert_eq!(
            error,
            AmountError::NotANumber {
                text: text.to_owned()
            }
        );
        assert_eq!(check_amount(text), Err(error.clone()));
        assert!(error.to_string().contains(&format!("{text:?}")));
    }
}

#[test]
fn a_negative_amount_is_refused() {
    let error = parse_amount("-1.5", 6).unwrap_err();
    assert!(matches!(error, AmountError::Negative { .. }));
    assert!(error.to_string().contains("\"-1.5\""));
}

#[test]
fn an_amount_finer_than_a_base_unit_is_refused() {
    let error = parse_amount("0.0000001", 6).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the amount \"0.0000001\" has 7 decimals, but the token has 6; shorten it"
    );
}

#[test]
fn an_amount_above_64_bits_is_refused() {
    for (text, decimals) in [
        ("18446744073709551616", 0),
        ("18446744073709551615", 1),
        ("1", 255),
    ] {
        let error = parse_amount(text, decimals).unwrap_err();
        assert!(matches!(error, AmountError::TooLarge { .. }), "{text}");
        assert!(error.to_string().contains(&format!("{text:?}")));
    }
}
