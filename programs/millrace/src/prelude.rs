//! Anchor's prelude, with the program's own account types and checks in place of Anchor's.

pub(crate) use crate::account::{
    AccountLoader, Interface, InterfaceAccount, IntoProgramError, Program, ProgramAccount, Signer,
    TokenView, clock, key,
};
#[cfg(feature = "stock")]
pub(crate) use crate::account::{LoadTokenView, ProgramAccountLoader};
pub(crate) use crate::{err, require, require_keys_eq};
pub(crate) use anchor_lang::prelude::*;
pub(crate) use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
#[cfg(not(feature = "stock"))]
pub(crate) use millrace_macros::{Accounts, error_code, program};

/// Returns an error unless a condition holds.
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

/// Returns an error unless two addresses are equal.
#[macro_export]
macro_rules! require_keys_eq {
    ($one:expr, $other:expr, $error:expr $(,)?) => {
        $crate::account::require_same_key(&$one, &$other, $error)?
    };
}

/// An `Err` with the code of an error.
#[macro_export]
macro_rules! err {
    ($error:expr $(,)?) => {
        Err($crate::account::IntoProgramError::into_program_error(
            $error,
        ))
    };
}
