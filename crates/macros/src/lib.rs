//! Anchor's macros with smaller code on chain.
//!
//! The code that Anchor generates for the accounts of one instruction takes ten to fifty kilobytes, most of
//! which repeats the same checks for every account or holds strings of errors. For forty-two instructions
//! this costs 18 SOL of rent to deploy and thousands of compute units a call. These macros read the same
//! attributes, so that the source reads like any Anchor program and the IDL is the same, and generate calls
//! of a few shared functions in the program's `account` module.
//!
//! They serve only this program: paths in the generated code start at its root.

mod accounts;
mod error;
mod program;

use proc_macro::TokenStream;

/// `#[derive(Accounts)]`: everything that Anchor's derive generates, except for the parsing of the accounts,
/// which becomes a table of rules for `crate::account::check_accounts` and calls of shared functions.
///
/// The supported constraints are `mut`, `dup`, `has_one`, `address`, `init` with `seeds`, and `token` with
/// `init`. The supported types are `Signer`, `AccountLoader`, `Program<System>`, `Interface<TokenInterface>`,
/// `InterfaceAccount` of `Mint` or `TokenAccount`, and `UncheckedAccount`. Others do not compile, so that no
/// check is lost: `tests/refused` has a case for each.
#[proc_macro_derive(Accounts, attributes(account, instruction))]
pub fn derive_accounts(input: TokenStream) -> TokenStream {
    finish(accounts::derive(input.into()))
}

/// `#[program]`: Anchor's, with a module `dispatch` that selects the instruction by its discriminator as a
/// number, instead of comparing the bytes with one discriminator after the other.
#[proc_macro_attribute]
pub fn program(_: TokenStream, input: TokenStream) -> TokenStream {
    finish(program::expand(input.into()))
}

/// `#[error_code]`: Anchor's outside the chain, with a list `ALL`. On chain an error is its code alone;
/// names and messages are in the IDL and in the clients.
#[proc_macro_attribute]
pub fn error_code(_: TokenStream, input: TokenStream) -> TokenStream {
    finish(error::expand(input.into()))
}

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|e| e.into_compile_error()).into()
}
