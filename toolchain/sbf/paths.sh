# Sourced after env.sh: paths of the sBPF tool chain in the cache.
# shellcheck shell=bash

SBF=$CACHE/sbf
# The unpacked packages, their loader and their libraries.
SBF_PREFIX=$SBF/llvm-23
SBF_LOADER=$SBF_PREFIX/usr/lib64/ld-linux-x86-64.so.2
SBF_LIBRARIES=$SBF_PREFIX/usr/lib/x86_64-linux-gnu
# A folder that contains only libLLVM.
SBF_LLVM=$SBF/libllvm
SBF_LINKER=$TOOLS/bin/sbpf-linker
# The patched copy of Rust's library.
SBF_LIBRARY_SOURCE=$SBF/library
