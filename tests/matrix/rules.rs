//! What should become of each attempt.

use super::attempt::{Attempt, Change};
use super::exceptions::EXCEPTIONS;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::kind::AccountKind;

/// Something else than usual becomes of some attempts.
pub struct Exception {
    /// At which slots: `instruction.slot` or `instruction/case.slot`, several of them apart by
    /// spaces, and each with `*` for any text. Behind `one:` or `new:` in networks with such tokens
    /// alone.
    pub at: &'static str,
    /// By which changes.
    pub by: &'static [Change],
    /// With whose account or which slot's; `*` for any text.
    pub with: &'static str,
    /// What becomes of them.
    pub outcome: &'static str,
    /// Why.
    pub why: &'static str,
}

/// An instruction's name and the case.
pub type Name = (&'static str, &'static str);

impl Exception {
    /// Which of its slots this attempt is at, if the exception is about it.
    fn about(&self, here: &[String; 4], attempt: &Attempt) -> Option<&'static str> {
        let by = self.by.contains(&attempt.change);
        let mut with = self.with.split_whitespace();
        let fits_else = by && with.any(|pattern| fits(pattern, &attempt.with));
        let mut at = self.at.split_whitespace();
        let at = at.find(|pattern| here.iter().any(|here| fits(pattern, here)));
        at.filter(|_| fits_else)
    }

    /// The exception that counts for an attempt, by its number, and which of its slots it is at.
    pub fn of(
        mint_setup: MintSetup,
        (instruction, case): Name,
        attempt: &Attempt,
    ) -> Option<(usize, &'static str)> {
        let (slot, mint_setup) = (&attempt.name, mint_setup.name());
        let here = [
            format!("{instruction}.{slot}"),
            format!("{instruction}/{case}.{slot}"),
            format!("{mint_setup}:{instruction}.{slot}"),
            format!("{mint_setup}:{instruction}/{case}.{slot}"),
        ];
        let mut exceptions = EXCEPTIONS.iter().enumerate();
        exceptions.find_map(|(number, e)| Some((number, e.about(&here, attempt)?)))
    }
}

/// Whether a text is as a pattern says, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| fits(rest, &text[at..]))
        }),
    }
}

/// What becomes of an attempt unless there is a reason for something else.
pub fn usual(attempt: &Attempt) -> &'static str {
    use AccountKind::{Millrace, Nothing, Program, Token, Wallet};
    use Change as C;
    match (attempt.change, attempt.kind, attempt.with_kind) {
        (C::Occupied, ..) => "System::AccountAlreadyInUse",
        (C::ReadOnly, ..) if attempt.made => "PrivilegeEscalation",
        (C::ReadOnly, ..) => "ConstraintMut",
        _ if attempt.made => "ConstraintSeeds",
        (C::WrongOwner, ..) => "AccountOwnedByWrongProgram",
        (C::WrongType, ..) => "AccountDiscriminatorMismatch",
        (C::Truncated, ..) => "AccountDidNotDeserialize",
        (C::Empty, ..) => "AccountDiscriminatorNotFound",
        (C::Unsigned, ..) => "AccountNotSigner",
        (C::OtherSigner, ..) => "NotAuthorized",
        (C::Absent, Millrace("Shard"), _) => "WrongShardAccount",
        (C::Absent, ..) => "ChallengeMissing",
        (C::OtherParty, Program, _) => "InvalidProgramId",
        (C::OtherParty, Nothing, _) => "ConstraintAddress",
        (C::Alias | C::AliasOfNew, Wallet, _) => "WrongAccount",
        (C::Alias, Millrace(_), Millrace(_)) => "AccountDiscriminatorMismatch",
        (C::AliasOfNew, Millrace(_), _) => "AccountNotInitialized",
        (C::Alias, Token, Token) => "ConstraintDuplicateMutableAccount",
        (C::Alias | C::AliasOfNew, ..) => "AccountOwnedByWrongProgram",
        (
            C::OtherParty | C::OtherPartyWithRelated | C::Sibling | C::OtherOwner | C::OtherMint,
            ..,
        ) => "WrongAccount",
    }
}

/// The expected outcome of an attempt.
pub fn expected(mint_setup: MintSetup, name: Name, attempt: &Attempt) -> &'static str {
    let exception = Exception::of(mint_setup, name, attempt);
    exception.map_or_else(|| usual(attempt), |(number, _)| EXCEPTIONS[number].outcome)
}

#[test]
fn patterns_match_as_documented() {
    assert!(fits("bond.source", "bond.source") && !fits("bond.source", "bond.sources"));
    assert!(fits("*.program", "bond.program") && !fits("*.program", "bond.program2"));
    assert!(fits(
        "settle_shard*.further*",
        "settle_shard/case.further12"
    ));
}
