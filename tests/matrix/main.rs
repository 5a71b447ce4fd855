//! Substitutes every account of every instruction of the IDL by every other account, and checks the
//! outcome. Instructions that are added later are covered automatically.
#![allow(clippy::unwrap_used)]

mod attempt;
mod coverage;
mod differential;
mod exceptions;
mod rules;
mod substitution;

mod instructions;
