//! Checks that the attempts are complete and that every exception is needed.

use super::attempt::{Attempt, Change};
use super::exceptions::EXCEPTIONS;
use super::instructions::CASES;
use super::rules::{Exception, Name, default_outcome};
use super::substitution::attempts;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::idl::idl;
use millrace_fixture::cases::kind::AccountKind;
use millrace_fixture::cases::parties::MINT_SETUPS;
use millrace_fixture::cases::prepared::PreparedCase;
use std::collections::BTreeSet;

type Made = Vec<((MintSetup, Name), Vec<Attempt>)>;

fn all() -> Made {
    let cases = CASES
        .iter()
        .flat_map(|tried| MINT_SETUPS.map(|mint_setup| (mint_setup, *tried)));
    cases
        .map(|(mint_setup, (name, build))| {
            let mut prepared = PreparedCase::new(build, mint_setup);
            ((mint_setup, name), attempts(name.0, &mut prepared))
        })
        .collect()
}

/// Whether a network has only one account of this kind.
fn is_single(kind: AccountKind) -> bool {
    matches!(
        kind,
        AccountKind::ProgramData | AccountKind::Millrace("Network" | "Rewards")
    )
}

/// Each exception has a reason, and for each of its patterns there is an attempt whose outcome would be
/// different without it.
fn every_exception_is_needed(made: &Made) {
    let mut needed = BTreeSet::new();
    for ((mint_setup, name), attempts) in made {
        for attempt in attempts {
            let exception = Exception::of(*mint_setup, *name, attempt);
            let exception =
                exception.filter(|(e, _)| EXCEPTIONS[*e].outcome != default_outcome(attempt));
            needed.extend(exception);
        }
    }
    for (number, exception) in EXCEPTIONS.iter().enumerate() {
        assert!(!exception.why.is_empty(), "{} has no reason", exception.at);
        for place in exception.at.split_whitespace() {
            let (by, with) = (exception.by, exception.with);
            let is_needed = needed.contains(&(number, place));
            assert!(is_needed, "{place} needs no exception for {by:?} of {with}");
        }
    }
}

/// Every account is present in some case, and replaced by another party's account if there is one.
fn every_account_was_substituted(made: &Made) {
    use Change::{OtherMint, OtherOwner, OtherParty, OtherSigner};
    for instruction in idl().instructions {
        let own = made
            .iter()
            .filter(|((_, (name, _)), _)| *name == instruction.name);
        let own: Vec<&Attempt> = own.flat_map(|(_, attempts)| attempts).collect();
        for slot in &instruction.accounts {
            let here = own.iter().filter(|attempt| attempt.name == slot.name);
            let here: Vec<_> = here.collect();
            assert!(
                !here.is_empty(),
                "{}.{} was left out",
                instruction.name,
                slot.name
            );
            let substituted = here.iter().any(|attempt| {
                let strange =
                    [OtherParty, OtherOwner, OtherMint, OtherSigner].contains(&attempt.change);
                strange || is_single(attempt.kind) || attempt.made
            });
            assert!(
                substituted,
                "{}.{} substituted no stranger",
                instruction.name, slot.name
            );
        }
    }
}

#[test]
fn matrix_is_complete_and_every_exception_is_needed() {
    let made = all();
    every_account_was_substituted(&made);
    every_exception_is_needed(&made);
    let count: usize = made.iter().map(|(_, attempts)| attempts.len()).sum();
    println!("{count} attempts on {} cases", made.len());
}
