//! What every file of the program uses: Anchor's prelude, with our own accounts and refusals in the
//! place of its.

pub use crate::account::{
    AccountLoader, Interface, InterfaceAccount, IntoProgramError, Program, ProgramAccount, Signer,
    TokenView, clock, key,
};
pub use crate::{err, require, require_keys_eq};
pub use anchor_lang::prelude::*;
pub use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
pub use millrace_macros::{Accounts, error_code, program};

/// Refuses with an error unless a condition holds.
#[macro_export]
macro_rules! require {
    ($condition:expr, $error:expr $(,)?) => {
        if !$condition {
            return Err($crate::account::IntoProgramError::into_program_error(
                $error,
            ));
        }
    };
}

/// Refuses with an error unless two addresses are the same.
#[macro_export]
macro_rules! require_keys_eq {
    ($one:expr, $other:expr, $error:expr $(,)?) => {
        $crate::account::same(&$one, &$other, $error)?
    };
}

/// The refusal with an error.
#[macro_export]
macro_rules! err {
    ($error:expr $(,)?) => {
        Err($crate::account::IntoProgramError::into_program_error(
            $error,
        ))
    };
}
