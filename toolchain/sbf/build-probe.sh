#!/usr/bin/env bash
# Builds the probe, the program with which the tests check this tool chain, into the cache, and copies
# it to target/deploy/ of the checkout.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

"$ROOT/toolchain/sbf/build.sh" "$ROOT/toolchain/Cargo.toml" sbf-probe "$CACHE/deploy/sbf_probe.so"
same_copy "$CACHE/deploy/sbf_probe.so" "$ROOT/target/deploy/sbf_probe.so"
