//! Whether the attempts are all that there should be, and the exceptions no more than that.

use super::attempt::{Attempt, Change};
use super::exceptions::EXCEPTIONS;
use super::instructions::CASES;
use super::rules::{Exception, Name, usual};
use super::substitution::attempts;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::idl::idl;
use millrace_fixture::cases::kind::AccountKind;
use millrace_fixture::cases::parties::MINT_SETUPS;
use millrace_fixture::cases::prepared::PreparedCase;
use std::collections::BTreeSet;

/// Attempts by the cases that they are for.
type Made = Vec<((MintSetup, Name), Vec<Attempt>)>;

/// The attempts of all cases.
fn all() -> Made {
    let cases = CASES
        .iter()
        .flat_map(|tried| MINT_SETUPS.map(|mint_setup| (mint_setup, *tried)));
    cases
        .map(|(mint_setup, (name, case))| {
            let mut prepared = PreparedCase::new(case, mint_setup);
            ((mint_setup, name), attempts(name.0, &mut prepared))
        })
        .collect()
}

/// There is only one of each in a network.
fn is_single(kind: AccountKind) -> bool {
    matches!(
        kind,
        AccountKind::ProgramData | AccountKind::Millrace("Network" | "Rewards")
    )
}

/// Each exception says why, and for each of its slots there is an attempt of which something else
/// would be expected without it.
fn every_exception_is_needed(made: &Made) {
    let mut needed = BTreeSet::new();
    for ((mint_setup, name), attempts) in made {
        for attempt in attempts {
            let exception = Exception::of(*mint_setup, *name, attempt);
            let exception = exception.filter(|(e, _)| EXCEPTIONS[*e].outcome != usual(attempt));
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

/// Every slot was somewhere not left out, and given somebody else's account where there is one.
fn every_slot_met_a_stranger(made: &Made) {
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
            let met = here.iter().any(|attempt| {
                let strange =
                    [OtherParty, OtherOwner, OtherMint, OtherSigner].contains(&attempt.change);
                strange || is_single(attempt.kind) || attempt.made
            });
            assert!(met, "{}.{} met no stranger", instruction.name, slot.name);
        }
    }
}

#[test]
fn matrix_is_complete_and_every_exception_is_needed() {
    let made = all();
    every_slot_met_a_stranger(&made);
    every_exception_is_needed(&made);
    let count: usize = made.iter().map(|(_, attempts)| attempts.len()).sum();
    println!("{count} attempts on {} cases", made.len());
}
