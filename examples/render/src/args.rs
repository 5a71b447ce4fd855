//! Command-line arguments of the form `--name number`.

/// Maximum value, in pixels.
const MAX_VALUE: u32 = 16_384;

/// Parses the values of `names` in their order; each is required, from 1 to 16,384.
///
/// # Errors
/// A message about the invalid argument.
pub fn numbers<const N: usize>(
    mut args: impl Iterator<Item = String>,
    names: [&str; N],
) -> Result<[u32; N], String> {
    let mut values = [None; N];
    while let Some(arg) = args.next() {
        let Some(index) = names.iter().position(|name| *name == arg) else {
            return Err(format!(
                "unknown argument `{arg}`; use {}",
                names.join(", ")
            ));
        };
        let value = args.next().and_then(|value| value.parse::<u32>().ok());
        let value = value.filter(|value| (1..=MAX_VALUE).contains(value));
        values[index] =
            Some(value.ok_or_else(|| format!("`{arg}` needs a number from 1 to {MAX_VALUE}"))?);
    }
    let mut found = [0; N];
    for (index, value) in values.iter().enumerate() {
        found[index] = value.ok_or_else(|| format!("`{}` is missing", names[index]))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(args: &[&str]) -> Result<[u32; 2], String> {
        numbers(
            args.iter().map(ToString::to_string),
            ["--width", "--height"],
        )
    }

    #[test]
    fn arguments_are_accepted_in_any_order_and_invalid_ones_are_named() {
        assert_eq!(read(&["--height", "2", "--width", "1"]), Ok([1, 2]));
        assert_eq!(
            read(&["--width", "1"]).unwrap_err(),
            "`--height` is missing"
        );
        assert!(read(&["--width", "0"]).unwrap_err().contains("`--width`"));
        assert!(read(&["--depth", "1"]).unwrap_err().contains("`--depth`"));
    }
}
