//! How an agent behaves, so that demonstrations and tests can show what becomes of a cheat.

use std::fmt;
use std::str::FromStr;

/// How an agent behaves. All but [`Honest`](Self::Honest) are for demonstrations: they show what
/// happens to a provider that cheats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Does the work and shows it.
    #[default]
    Honest,
    /// Does the work, then changes a byte of every output: a wrong result that is consistent in
    /// itself, so that nothing but another provider's result gives it away.
    Liar,
    /// Takes work and never commits to a result.
    Silent,
}

impl Behaviour {
    /// What is claimed to be the output.
    pub(crate) fn output(self, mut honest: Vec<u8>) -> Vec<u8> {
        if self == Self::Liar {
            let middle = honest.len() / 2;
            match honest.get_mut(middle) {
                Some(byte) => *byte ^= 0xff,
                None => honest.push(0xff),
            }
        }
        honest
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Honest => "honest",
            Self::Liar => "liar",
            Self::Silent => "silent",
        })
    }
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Honest, Self::Liar, Self::Silent]
            .into_iter()
            .find(|behaviour| behaviour.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no behaviour: use honest, liar or silent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_liar_changes_an_output_and_every_output() {
        for honest in [&b""[..], b"a", b"a longer output"] {
            assert_eq!(Behaviour::Honest.output(honest.to_vec()), honest);
            assert_eq!(Behaviour::Silent.output(honest.to_vec()), honest);
            assert_ne!(Behaviour::Liar.output(honest.to_vec()), honest);
        }
    }

    #[test]
    fn a_behaviour_reads_back_from_its_name() {
        for behaviour in [Behaviour::Honest, Behaviour::Liar, Behaviour::Silent] {
            assert_eq!(behaviour.to_string().parse(), Ok(behaviour));
        }
        assert!("liars".parse::<Behaviour>().is_err());
    }
}
