#!/usr/bin/env bash
# Builds the program with Anchor's own accounts and macros instead of ours, for the tests that compare
# both: into the cache, and a copy to target/stock/ of the checkout.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

SBF_FEATURES=stock,no-log-ix-name "$ROOT/toolchain/sbf/build.sh" \
    "$ROOT/Cargo.toml" millrace-program "$CACHE/deploy/stock/millrace_program.so"
same_copy "$CACHE/deploy/stock/millrace_program.so" "$ROOT/target/stock/millrace_program.so"
