#!/usr/bin/env bash
# Builds the program to sBPF into the cache, and copies it to target/deploy/ of the checkout,
# as `anchor build` does.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

"$ROOT/toolchain/sbf/build.sh" "$ROOT/Cargo.toml" millrace-program "$CACHE/deploy/millrace_program.so"
same_copy "$CACHE/deploy/millrace_program.so" "$ROOT/target/deploy/millrace_program.so"
