//! What happens when an account is not the one that an instruction expects: made from the IDL, for
//! every slot of every instruction, so that an instruction that is added later is covered too.
#![allow(clippy::unwrap_used)]

/// The network, its parties and their steps, as the other tests of the program have them.
#[path = "program"]
#[allow(dead_code, unused_imports)]
mod program {
    pub mod fixture;
}
use program::fixture;

mod matrix {
    mod attempt;
    mod coverage;
    mod exceptions;
    mod idl;
    mod kind;
    mod rules;
    mod scenes;
    mod stage;
    mod town;
    mod trial;
    mod tried;

    mod instructions;
}
