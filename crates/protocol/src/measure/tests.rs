#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn formatted_sizes_and_durations_parse_to_themselves(count: u64, shift in 0u32..64) {
        let value = count >> shift;
        prop_assert_eq!(parse_size(&format_size(value)), Ok(value));
        let duration = Duration::from_millis(value);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn parsing_never_panics(text: String) {
        let _ = (parse_size(&text), parse_duration(&text));
    }
}

#[test]
fn sizes_have_binary_or_decimal_units_or_none() {
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
fn durations_need_a_unit() {
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
        "the duration \"30\" has no unit; append one of ms, s, m, h, d"
    );
}

#[test]
fn an_invalid_size_or_duration_is_refused() {
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
