//! Command line arguments, all of the form `--name number`.

/// Most pixels along an edge.
const LONGEST: u32 = 16_384;

/// Reads the values of `names` in their order; each must be there, from 1 to 16,384.
///
/// # Errors
/// What is wrong with the arguments.
pub fn numbers<const N: usize>(
    mut args: impl Iterator<Item = String>,
    names: [&str; N],
) -> Result<[u32; N], String> {
    let mut values = [None; N];
    while let Some(arg) = args.next() {
        let Some(index) = names.iter().position(|name| *name == arg) else {
            return Err(format!(
                "there is no argument `{arg}`; there are {}",
                names.join(", ")
            ));
        };
        let value = args.next().and_then(|value| value.parse::<u32>().ok());
        let value = value.filter(|value| (1..=LONGEST).contains(value));
        values[index] =
            Some(value.ok_or_else(|| format!("`{arg}` needs a number from 1 to {LONGEST}"))?);
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
    fn arguments_come_in_any_order_and_wrong_ones_are_named() {
        assert_eq!(read(&["--height", "2", "--width", "1"]), Ok([1, 2]));
        assert_eq!(
            read(&["--width", "1"]).unwrap_err(),
            "`--height` is missing"
        );
        assert!(read(&["--width", "0"]).unwrap_err().contains("`--width`"));
        assert!(read(&["--depth", "1"]).unwrap_err().contains("`--depth`"));
    }
}
