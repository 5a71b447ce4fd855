//! Every instruction of the IDL, with the scenes in which it is tried.

use super::rules::Name;
use super::trial::refuses_every_substitution;
use millrace_fixture::scenes::idl::idl;
use millrace_fixture::scenes::stage::Set;
use millrace_fixture::scenes::{admin, client, crank, money, orchestrator, provider};
use millrace_fixture::with_every_scene;
use std::collections::BTreeSet;

/// A scene and its name.
pub type Tried = (Name, Set);

/// A test for each scene, and a list of them all.
macro_rules! tried {
    ($($name:ident { $($case:ident: $scene:path,)+ })+) => {
        $(mod $name {
            use super::*;
            $(#[test]
            fn $case() {
                refuses_every_substitution((stringify!($name), stringify!($case)), $scene);
            })+
        })+
        /// Every scene.
        pub const TRIED: &[Tried] = &[
            $($(((stringify!($name), stringify!($case)), $scene)),+),+
        ];
    };
}

with_every_scene!(tried);

#[test]
fn every_instruction_of_the_idl_has_a_scene() {
    let described: BTreeSet<String> = idl().instructions.into_iter().map(|i| i.name).collect();
    let tried: BTreeSet<String> = TRIED
        .iter()
        .map(|((name, _), _)| (*name).to_owned())
        .collect();
    assert_eq!(described, tried);
}
