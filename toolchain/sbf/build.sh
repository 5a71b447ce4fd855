#!/usr/bin/env bash
# Builds one program to sBPF: build.sh MANIFEST PACKAGE OUTPUT [TARGET_DIR]
# MANIFEST is the Cargo.toml of the program's workspace. OUTPUT is the file to write,
# with the name of the program's library: DIR/demo.so for the library `demo`.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
source "$ROOT/toolchain/sbf/paths.sh"

[ $# -ge 3 ] || die "usage: toolchain/sbf/build.sh MANIFEST PACKAGE OUTPUT.so [TARGET_DIR]"
manifest=$1 package=$2 output=$3 target=${4:-$CACHE/sbf-target}
library=$(basename "$output")

"$ROOT/toolchain/sbf/install.sh"
lock "$(basename "$target")"

# Cargo does not notice when the linker, LLVM or the library's sources change, so this script checks.
key=$(content_hash "$SBF_PREFIX.stamp" "$SBF_LINKER.stamp" "$SBF_LIBRARY_SOURCE.stamp" \
    "$SBF/linker.sh" "$SBF/sbpf-solana.json" "$SBF_PREFIX/packages")
if ! is_stamped "$target/toolchain.stamp" "$key"; then
    rm -rf "$target"
    stamp "$target/toolchain.stamp" "$key"
    say "Building $package to sBPF, with std and all dependencies (1 to 4 minutes; seconds from then on)"
else
    say "Building $package to sBPF (some seconds)"
fi

claim_target "$target"

# Only for this build: a host build must not see these.
export SBF_PREFIX SBF_LLVM SBF_LINKER SBF_LIBRARY=$library
export CARGO_TARGET_DIR=$target
export __CARGO_TESTS_ONLY_SRC_ROOT=$SBF_LIBRARY_SOURCE
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_BOOTSTRAP_SYNTHETIC_TARGET=1
# No path of this machine in the program: every build gives the same bytes.
export CARGO_PROFILE_RELEASE_TRIM_PATHS=all
# A program pays rent for each byte. The workspace's own release profile serves people who install
# the command line tool, and would spend most of their build on link-time optimization.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=2 CARGO_PROFILE_RELEASE_LTO=fat
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
unset RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN
flags=(
    # A program runs in one thread.
    -C passes=lower-atomic
    -C "linker=$SBF/linker.sh"
    # A panic ends the transaction at once; panic messages would be the largest part of a program.
    -Z unstable-options -C panic=immediate-abort
    -C link-arg=--llvm-args=-bpf-stack-size=4096
    # Version 0 faults on calls with more than five arguments if stack frames have gaps.
    -C link-arg=--arch=v3
    -C link-arg=--deploy=false
    -C target-cpu=v2
    -C relocation-model=static
)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS

features=()
[ -z "${SBF_FEATURES:-}" ] || features=(--no-default-features --features "$SBF_FEATURES")

/usr/bin/cargo build --release --locked --manifest-path "$manifest" -p "$package" --lib "${features[@]}" \
    -Z build-std=core,alloc,std -Z build-std-features= -Z json-target-spec -Z trim-paths \
    --target "$SBF/sbpf-solana.json"

built=$target/sbpf-solana/release/lib$library
[ -s "$built" ] || die "the build wrote no $built: is $library named after the library of $package?"
same_copy "$built" "$output"
say "$output: $(stat -c %s "$output") bytes"
