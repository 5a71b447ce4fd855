#!/usr/bin/env bash
# The linker that rustc calls for sBPF. It runs sbpf-linker on the unpacked LLVM, by that
# LLVM's own loader and libraries, so that nothing of the system is touched or needed.
# build-program.sh sets the SBF_ variables.
set -euo pipefail

output='' previous='' arguments=()
for argument in "$@"; do
    [ "$previous" != -o ] || output=$argument
    previous=$argument
    case $argument in
        # LLVM 23 refuses these two at the link; rustc has marked every function for size already.
        -Os | -Oz) arguments+=(-O2) ;;
        *) arguments+=("$argument") ;;
    esac
done

# Dependencies that are shared libraries as well as Rust ones are linked too, though nobody
# uses the result, and fail. An empty file in their place is enough.
name=$(basename "$output")
if [ "$name" != "lib$SBF_LIBRARY" ]; then
    : >"$output"
    exit 0
fi

exec env LD_LIBRARY_PATH="$SBF_LLVM" PATH=/nonexistent \
    "$SBF_PREFIX/usr/lib64/ld-linux-x86-64.so.2" \
    --library-path "$SBF_PREFIX/usr/lib/x86_64-linux-gnu" \
    "$SBF_LINKER" "${arguments[@]}"
