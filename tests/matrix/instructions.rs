//! Every instruction of the IDL with its cases.

use super::rules::Name;
use super::substitution::refuses_every_substitution;
use millrace_fixture::cases::idl::idl;
use millrace_fixture::cases::prepared::BuildCase;
use millrace_fixture::cases::{admin, client, crank, money, orchestrator, provider};
use millrace_fixture::with_every_case;
use std::collections::BTreeSet;

pub(crate) type NamedCase = (Name, BuildCase);

/// Defines a test for each case, and a list of all cases.
macro_rules! define_tests {
    ($($name:ident { $($case:ident: $build:path,)+ })+) => {
        $(mod $name {
            use super::*;
            $(#[test]
            fn $case() {
                refuses_every_substitution((stringify!($name), stringify!($case)), $build);
            })+
        })+
        pub(crate) const CASES: &[NamedCase] = &[
            $($(((stringify!($name), stringify!($case)), $build)),+),+
        ];
    };
}

with_every_case!(define_tests);

#[test]
fn every_instruction_of_the_idl_has_a_case() {
    let described: BTreeSet<String> = idl().instructions.into_iter().map(|i| i.name).collect();
    let tried: BTreeSet<String> = CASES
        .iter()
        .map(|((name, _), _)| (*name).to_owned())
        .collect();
    assert_eq!(described, tried);
}
