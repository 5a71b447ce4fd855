#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_amount_reads_back_as_written(units: u64, decimals in 0u8..40) {
        prop_assert_eq!(parse_amount(&format_amount(units, decimals), decimals), Ok(units));
    }

    #[test]
    fn sizes_and_durations_read_back_as_written(count: u64, shift in 0u32..64) {
        let value = count >> shift;
        prop_assert_eq!(parse_size(&format_size(value)), Ok(value));
        let duration = Duration::from_millis(value);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn no_text_panics(text: String, decimals: u8) {
        let _ = (parse_amount(&text, decimals), parse_size(&text), parse_duration(&text));
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
fn an_amount_that_is_no_number_is_refused() {
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
        "the amount \"0.0000001\" has 7 decimals, and the token has 6: shorten it"
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

#[test]
fn sizes_take_binary_and_decimal_units_or_none() {
    for (text, bytes) in [
        ("256 MiB", 256 << 20),
        ("1KiB", 1024),
        ("1 kB", 1000),
        ("7", 7),
        ("7 B", 7),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
    assert_eq!(format_size(256 << 20), "256 MiB");
    assert_eq!(format_size(0), "0 B");
    assert_eq!(format_size(1500), "1500 B");
}

#[test]
fn durations_take_a_unit() {
    for (text, secs) in [("5 m", 300), ("30 s", 30), ("2 h", 7200), ("90s", 90)] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_secs(secs)),
            "{text}"
        );
    }
    assert_eq!(format_duration(Duration::from_secs(90)), "90 s");
    assert_eq!(format_duration(Duration::ZERO), "0 s");
    assert_eq!(
        parse_duration("30").unwrap_err().to_string(),
        "the duration \"30\" has no unit: write one of ms, s, m, h, d behind it"
    );
}

#[test]
fn a_wrong_measure_is_refused_with_what_would_be_right() {
    for text in ["", "MiB", "-1 s", "1.5 GiB", "1 mb", "1 s s"] {
        for message in [
            parse_size(text).unwrap_err().to_string(),
            parse_duration(text).unwrap_err().to_string(),
        ] {
            assert!(message.contains(&format!("{text:?}")), "{message}");
        }
    }
    assert!(matches!(
        parse_size("1 mb"),
        Err(MeasureError::UnknownUnit { unit, .. }) if unit == "mb"
    ));
    assert!(matches!(
        parse_size("-1"),
        Err(MeasureError::NotANumber { .. })
    ));
    assert!(matches!(
        parse_size("99999999 TiB"),
        Err(MeasureError::TooLarge { .. })
    ));
    assert!(matches!(
        parse_duration("18446744073709551616 ms"),
        Err(MeasureError::TooLarge { .. })
    ));
}
