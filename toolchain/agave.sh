#!/usr/bin/env bash
# Builds the real Agave validator, once, into the cache. `make test-agave` runs the end-to-end
# suite against it. `--path` prints the path of the binary, built or not; `--cached` fails if it is not
# built yet; neither builds anything.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

VERSION=4.2.2
HOME_DIR=$CACHE/agave-$VERSION
BINARY=$HOME_DIR/bin/solana-test-validator
BUILD_DIR=$CACHE/agave-target
PACKAGES=(libclang-dev libudev-dev pkg-config libssl-dev g++ make)

# The build takes so long that its key is only the version, not this script.
key=$(content_hash "=agave-validator $VERSION agave-unstable-api stripped")

is_cached() {
    is_stamped "$HOME_DIR/stamp" "$key" && [ -x "$BINARY" ]
}

case ${1:-} in
    --path)
        echo "$BINARY"
        exit 0
        ;;
    --cached)
        is_cached
        exit
        ;;
esac

if is_cached; then
    say "The Agave validator $VERSION is in the cache"
    exit 0
fi
lock agave
# Another run may have built it while it held the lock.
! is_cached || exit 0
need_packages "${PACKAGES[@]}"

say "Building the Agave validator $VERSION (once; about 28 minutes on two free cores, 3 GB during the build)"
# The target folder stays if the build is interrupted, and the next run continues from it.
cargo install agave-validator --version "$VERSION" --locked \
    --bin solana-test-validator --features agave-unstable-api \
    --root "$HOME_DIR" --target-dir "$BUILD_DIR" \
    --jobs "${MILLRACE_AGAVE_JOBS:-$(nproc)}" --force
strip "$BINARY"
"$BINARY" --version >&2
rm -rf "$BUILD_DIR"
stamp "$HOME_DIR/stamp" "$key"
say "The Agave validator is at $BINARY"
