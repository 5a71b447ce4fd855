#!/usr/bin/env bash
# Installs what the project needs: setup.sh packages (Debian packages), setup.sh build (also the
# sBPF tool chain), setup.sh all (also the test runner and the dependency checker) or setup.sh mutants (also
# cargo-mutants). Running it again costs nothing.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

RUST=1.95
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2
MUTANTS_VERSION=27.1.0
# A C compiler, make and perl: for SQLite and compression, which are built from source.
PACKAGES=(gcc g++ libc6-dev make perl pkg-config libssl-dev wasi-libc lld-14 bubblewrap)
# Tests of the store start their own server, with a certificate that openssl makes.
TEST_PACKAGES=(postgresql openssl)

# install_tool COMMAND PACKAGE VERSION MINUTES: installs it with cargo into the cache, unless it is there.
install_tool() {
    local command=$1 package=$2 version=$3 minutes=$4
    local key stamp_file=$TOOLS/bin/$command.stamp
    key=$(content_hash "=$package $version")
    if is_stamped "$stamp_file" "$key" && [ -x "$TOOLS/bin/$command" ]; then
        return
    fi
    say "Building $package $version (about $minutes minutes)"
    cargo install "$package" --version "$version" --locked --force \
        --root "$TOOLS" --target-dir "$CACHE/tools-target"
    rm -rf "$CACHE/tools-target"
    stamp "$stamp_file" "$key"
}

what=${1:-all}
case $what in
    packages | build | all | mutants) ;;
    *) die "usage: toolchain/setup.sh packages|build|all|mutants" ;;
esac

command -v cargo >/dev/null ||
    die "cargo is not on the PATH. Install Rust $RUST or newer (https://rustup.rs) and open a new shell."
have=$(rustc --version | cut -d' ' -f2)
[ "$(printf '%s\n' "$RUST" "$have" | sort -V | head -1)" = "$RUST" ] ||
    die "Rust $have is too old: $RUST or newer is needed (rustup update stable)."

need_packages "${PACKAGES[@]}"
[ "$what" != packages ] || exit 0
"$ROOT/toolchain/sbf/install.sh"
[ "$what" != build ] || exit 0

for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 ||
        die "cargo $component is missing: rustup component add rustfmt clippy"
done
lock setup
# Keeps Debian's package from starting a server.
if [ ! -d /usr/lib/postgresql ]; then
    as_root sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/millrace.conf' ||
        say "Could not prevent Debian's PostgreSQL from starting a server"
fi
need_packages "${TEST_PACKAGES[@]}"
# An installed test runner is used.
cargo nextest --version >/dev/null 2>&1 || install_tool cargo-nextest cargo-nextest "$NEXTEST_VERSION" 6
install_tool cargo-deny cargo-deny "$DENY_VERSION" 5
[ "$what" = all ] || install_tool cargo-mutants cargo-mutants "$MUTANTS_VERSION" 4
