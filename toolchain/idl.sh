#!/usr/bin/env bash
# Writes the program's IDL to idl/millrace_program.json, for clients in other languages and for the
# tests that are generated from it. With --check, fails if that file is out of date.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

check=no
case ${1:-} in
    '') ;;
    --check) check=yes ;;
    *) die "usage: toolchain/idl.sh [--check]" ;;
esac

# Anchor's crates get other features here, and would be rebuilt again and again in a shared folder.
target=$CACHE/idl-target
file=idl/millrace_program.json
built=$CACHE/idl/millrace_program.json

lock "$(basename "$target")"
if [ -d "$target" ]; then
    say "Reading the program's IDL (some seconds; a minute if the program has changed)"
else
    say "Reading the program's IDL (5 minutes the first time; seconds from then on)"
fi
claim_target "$target"
mkdir -p "$(dirname "$built")"

export CARGO_TARGET_DIR=$target
cargo build --locked --quiet --manifest-path "$ROOT/toolchain/Cargo.toml" -p millrace-idl
# Anchor's library passes the toolchain that this variable names to rustup, with a wrong name.
env -u RUSTUP_TOOLCHAIN -u RUST_BACKTRACE "$target/debug/millrace-idl" "$ROOT/programs/millrace" "$built" ||
    die "the program's IDL could not be read."

if [ $check = yes ]; then
    [ -f "$ROOT/$file" ] || die "$file is missing. Run: make idl"
    diff -u "$ROOT/$file" "$built" >&2 ||
        die "$file is out of date (the lines with + are missing from it). Run: make idl"
else
    same_copy "$built" "$ROOT/$file"
    say "$file: $(stat -c %s "$built") bytes"
fi
