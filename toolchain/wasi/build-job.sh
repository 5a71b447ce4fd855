#!/usr/bin/env bash
# Builds an example job to WebAssembly: build-job.sh DIR. DIR contains a Cargo.toml with its own
# workspace. Each binary goes into the cache, and to target/jobs/ of the
# checkout. With rustup's wasm32-wasip1 target, plain cargo does the same:
#   cargo build --release --target wasm32-wasip1
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

PACKAGES=(rustc-web cargo-web rust-web-src wasi-libc lld-14)
LIBC=/usr/lib/wasm32-wasi

[ -f "${1:-}/Cargo.toml" ] || die "usage: toolchain/wasi/build-job.sh DIR; DIR/Cargo.toml must be the job's crate"
job=$(cd "$1" && pwd)
name=$(basename "$job")
target=$CACHE/jobs-target

need_packages "${PACKAGES[@]}"
lock jobs-target

# Cargo notices when the compiler changes, but not the C library or the linker.
key=$(content_hash "=$(dpkg-query -W "${PACKAGES[@]}")")
if ! is_stamped "$target/toolchain.stamp" "$key"; then
    rm -rf "$target"
    stamp "$target/toolchain.stamp" "$key"
    say "Building the job $name to WebAssembly, with std (about a minute; seconds from then on)"
else
    say "Building the job $name to WebAssembly (some seconds)"
fi

claim_target "$target"

unset CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN
export CARGO_TARGET_DIR=$target
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
# A module is named by its hash, so its bytes must not contain the path of the build.
export CARGO_PROFILE_RELEASE_TRIM_PATHS=all
export RUSTFLAGS="-C linker=wasm-ld-14 -L $LIBC -C link-self-contained=no -C link-arg=$LIBC/crt1-command.o"

finished=$target/finished/$name
rm -rf "$finished"
/usr/bin/cargo build --release --locked --manifest-path "$job/Cargo.toml" --bins \
    -Z build-std=std,panic_abort -Z trim-paths -Z unstable-options \
    --artifact-dir "$finished" --target wasm32-wasip1

compgen -G "$finished/*.wasm" >/dev/null || die "the build of $name wrote no module."
for module in "$finished"/*.wasm; do
    file=$(basename "$module")
    same_copy "$module" "$CACHE/jobs/$file"
    same_copy "$module" "$ROOT/target/jobs/$file"
    say "target/jobs/$file: $(stat -c %s "$module") bytes, SHA-256 $(sha256sum "$module" | cut -c1-16)…"
done
