//! Anchor's macros with the code that runs on chain made small.
//!
//! What Anchor generates for the accounts of one instruction takes ten to fifty kilobytes, of which
//! most are the same checks written out again for every account, and strings for errors. Forty-two
//! instructions of it cost 18 SOL of rent to deploy and thousands of compute units a call. These
//! macros read the same attributes, so that a reader of Anchor finds what is known and the IDL comes
//! out the same, and generate calls of the few shared functions of the program's `account` module.
//!
//! They serve that one program: paths in the generated code begin at its root.

mod accounts;
mod error;
mod program;

use proc_macro::TokenStream;

/// `#[derive(Accounts)]`: everything that Anchor's derives, but the parsing of the accounts, which
/// becomes a table for `crate::account::check` and calls of shared functions.
///
/// Known constraints: `mut`, `dup`, `has_one`, `address`, `init` with `seeds`, and `token`. Another
/// one is an error of compilation, so that no check is lost.
#[proc_macro_derive(Accounts, attributes(account, instruction))]
pub fn derive_accounts(input: TokenStream) -> TokenStream {
    finish(accounts::derive(input.into()))
}

/// `#[program]`: Anchor's, and beside it a module `dispatch` which finds an instruction by its
/// number, not by comparing with one after the other.
#[proc_macro_attribute]
pub fn program(_: TokenStream, input: TokenStream) -> TokenStream {
    finish(program::expand(input.into()))
}

/// `#[error_code]`: Anchor's outside the chain. On chain an error is its number alone; names and
/// messages are in the IDL and in the clients.
#[proc_macro_attribute]
pub fn error_code(_: TokenStream, input: TokenStream) -> TokenStream {
    finish(error::expand(input.into()))
}

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|e| e.into_compile_error()).into()
}
