//! The functions that compiled code calls by name, for a Solana program built by rustc 1.96 and
//! linked by LLVM 23: 128-bit multiplication and division here, memory functions by way of
//! `solana-compiler-builtins`. A program names this crate (`use sbf_builtins as _;`) under
//! `cfg(target_arch = "bpf")`, or nothing of it is linked. Programs built with Solana's own
//! compiler need none of it.
#![no_std]
#![cfg_attr(
    target_arch = "bpf",
    feature(abi_unadjusted),
    // The one way to say how LLVM's own calls pass their values.
    allow(internal_features)
)]

pub mod arithmetic;

#[cfg(target_arch = "bpf")]
mod exports;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;
