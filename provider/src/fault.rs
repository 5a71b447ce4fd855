//! Deliberate faults of an agent, for demonstrations and tests. Without the feature `faults` there are
//! none: [`FaultMode`] has no variants, so no agent of such a build can be faulty.

use std::fmt;
use std::str::FromStr;

/// What a faulty agent does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultMode {
    /// Changes a byte of every output. The result is consistent in itself, so only another provider's
    /// result exposes it.
    #[cfg(feature = "faults")]
    WrongResult,
    /// Takes tasks and never commits to a result.
    #[cfg(feature = "faults")]
    NoCommit,
}

impl FaultMode {
    const ALL: &[Self] = &[
        #[cfg(feature = "faults")]
        Self::WrongResult,
        #[cfg(feature = "faults")]
        Self::NoCommit,
    ];

    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "faults")]
            Self::WrongResult => "wrong-result",
            #[cfg(feature = "faults")]
            Self::NoCommit => "no-commit",
        }
    }

    pub(crate) fn corrupts_output(self) -> bool {
        match self {
            #[cfg(feature = "faults")]
            Self::WrongResult => true,
            #[cfg(feature = "faults")]
            Self::NoCommit => false,
        }
    }

    pub(crate) fn never_commits(self) -> bool {
        match self {
            #[cfg(feature = "faults")]
            Self::WrongResult => false,
            #[cfg(feature = "faults")]
            Self::NoCommit => true,
        }
    }
}

impl fmt::Display for FaultMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FaultMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Self::ALL.is_empty() {
            return Err(format!(
                "this build has no fault mode {text:?}; build with `--features faults`"
            ));
        }
        let mut modes = Self::ALL.iter().copied();
        modes.find(|mode| mode.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|mode| mode.name()).collect();
            format!("unknown fault mode {text:?}; use {}", names.join(" or "))
        })
    }
}

/// Flips the middle byte of `output`, or adds one if the output is empty.
pub(crate) fn corrupt(output: &mut Vec<u8>) {
    let middle = output.len() / 2;
    match output.get_mut(middle) {
        Some(byte) => *byte ^= 0xff,
        None => output.push(0xff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupted_output_differs() {
        for honest in [&b""[..], b"a", b"a longer output"] {
            let mut output = honest.to_vec();
            corrupt(&mut output);
            assert_ne!(output, honest);
        }
    }

    #[test]
    fn a_mode_is_parsed_from_its_name() {
        for mode in FaultMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(*mode));
        }
        assert!("honest".parse::<FaultMode>().is_err());
    }

    #[cfg(not(feature = "faults"))]
    #[test]
    fn a_build_without_the_feature_has_no_fault_modes() {
        let refused = "wrong-result".parse::<FaultMode>();
        assert!(refused.is_err_and(|error| error.contains("--features faults")));
    }
}
