//! What happens when an account is not the one that an instruction expects: made from the IDL, for
//! every slot of every instruction, so that an instruction that is added later is covered too.
#![allow(clippy::unwrap_used)]

mod attempt;
mod coverage;
mod exceptions;
mod rules;
mod substitution;

mod instructions;
