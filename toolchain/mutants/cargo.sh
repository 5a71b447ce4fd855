#!/usr/bin/env bash
# What cargo-mutants calls as cargo for mutants of the program's instructions, in its mutated copy of the
# checkout: the build makes the program for the chain, and the test runs the checkout's own tests on it.
# The tests themselves are never built from mutated sources, so that they stay built.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

mutant=$CACHE/mutants/program/millrace_program.so
case " $* " in
    " test --no-run "*)
        # The standard library and all dependencies are those of the program as it is.
        [ -d "$CACHE/mutants-sbf-target" ] || cp -a "$CACHE/sbf-target" "$CACHE/mutants-sbf-target"
        exec "$ROOT/toolchain/sbf/build.sh" "$PWD/Cargo.toml" millrace-program "$mutant" \
            "$CACHE/mutants-sbf-target"
        ;;
    " test "*)
        export MILLRACE_PROGRAM_SO=$mutant
        cd "$ROOT"
        exec "$MUTANTS_CARGO" nextest run --locked --workspace --test program --test matrix \
            --fail-fast --status-level fail
        ;;
    *) exec "$MUTANTS_CARGO" "$@" ;;
esac
