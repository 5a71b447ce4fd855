#!/usr/bin/env bash
# The linker that rustc calls for sBPF. It runs sbpf-linker on the unpacked LLVM, with that
# LLVM's own loader and libraries, so that nothing of the system is changed or needed.
# build.sh sets the SBF_ variables.
set -euo pipefail

output='' previous='' arguments=()
for argument in "$@"; do
    [ "$previous" != -o ] || output=$argument
    previous=$argument
    case $argument in
        # LLVM 23 rejects these two at link time; rustc has already marked every function for size.
        -Os | -Oz) arguments+=(-O2) ;;
        *) arguments+=("$argument") ;;
    esac
done

# Dependencies that are shared libraries as well as Rust libraries are linked too, which fails,
# although the result is unused. An empty file is enough.
name=$(basename "$output")
if [ "$name" != "lib$SBF_LIBRARY" ]; then
    : >"$output"
    exit 0
fi

exec env LD_LIBRARY_PATH="$SBF_LLVM" PATH=/nonexistent \
    "$SBF_PREFIX/usr/lib64/ld-linux-x86-64.so.2" \
    --library-path "$SBF_PREFIX/usr/lib/x86_64-linux-gnu" \
    "$SBF_LINKER" "${arguments[@]}"
