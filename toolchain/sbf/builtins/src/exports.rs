//! The names that LLVM calls.
//!
//! LLVM 23 passes both halves of a 128-bit value in registers and expects the result in r0 and
//! r2. The `C` convention of rustc 1.96 returns it through a pointer instead, which LLVM 23
//! never passes: code compiled so writes through a wild pointer. `unadjusted` hands the values
//! to LLVM as they are.

use crate::arithmetic;

/// Product of two 128-bit integers of either sign, modulo 2^128.
#[unsafe(no_mangle)]
extern "unadjusted" fn __multi3(a: u128, b: u128) -> u128 {
    arithmetic::multiply(a, b)
}

/// Quotient of unsigned integers.
#[unsafe(no_mangle)]
extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
    arithmetic::divide(n, d).0
}

/// Remainder of unsigned integers.
#[unsafe(no_mangle)]
extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
    arithmetic::divide(n, d).1
}

/// Quotient of signed integers.
#[unsafe(no_mangle)]
extern "unadjusted" fn __divti3(n: i128, d: i128) -> i128 {
    arithmetic::divide_signed(n, d).0
}

/// Remainder of signed integers.
#[unsafe(no_mangle)]
extern "unadjusted" fn __modti3(n: i128, d: i128) -> i128 {
    arithmetic::divide_signed(n, d).1
}
