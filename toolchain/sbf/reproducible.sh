#!/usr/bin/env bash
# Checks whether two builds give the same bytes: reproducible.sh probe|program
# The second build is made from scratch, from a copy of the checkout at another path, and
# compared with the first. The result is cached until an input changes.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

case ${1:-} in
    probe) build=build-probe.sh file=sbf_probe.so package=sbf-probe manifest=toolchain/Cargo.toml ;;
    program) build=build-program.sh file=millrace_program.so package=millrace-program manifest=Cargo.toml ;;
    *) die "usage: toolchain/sbf/reproducible.sh probe|program" ;;
esac

"$ROOT/toolchain/sbf/$build"
lock "reproducible-$1"
first=$ROOT/target/deploy/$file
key=$(content_hash "$first" "$ROOT/toolchain/sbf")
if is_stamped "$CACHE/reproducible/$1.stamp" "$key"; then
    say "Two builds of the $1 gave the same bytes when they were last compared"
    exit 0
fi

say "Building the $1 a second time from scratch, to compare the bytes (1 to 4 minutes)"
copy=$CACHE/reproducible/$1
rm -rf "$copy"
mkdir -p "$copy/checkout"
(cd "$ROOT" && tar -c --exclude=./target --exclude=./.git --exclude=./toolchain/target .) |
    tar -x -C "$copy/checkout"
"$copy/checkout/toolchain/sbf/build.sh" "$copy/checkout/$manifest" "$package" \
    "$copy/$file" "$copy/target"
cmp "$first" "$copy/$file" >&2 ||
    die "two builds of the $1 differ. Both are kept for comparison: $first and $copy/$file"
rm -rf "$copy"
stamp "$CACHE/reproducible/$1.stamp" "$key"
say "Two builds of the $1 gave the same bytes"
