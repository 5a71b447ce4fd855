#!/usr/bin/env bash
# Installs the sBPF tool chain into the cache: LLVM 23, sbpf-linker and a copy of
# Rust's library sources with support for Solana. Running it again costs nothing.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
source "$ROOT/toolchain/sbf/paths.sh"

LINKER_VERSION=0.2.6
PACKAGES=(rustc-web cargo-web rust-web-src patch)
# libLLVM and all its dependencies, down to the loader: nothing is taken from the system.
LLVM_PACKAGES=(libllvm23 libc6 libstdc++6 libgcc-s1 libffi8 libedit2 zlib1g libzstd1
    libxml2-16 libtinfo6 libbsd0 libmd0 liblzma5 libz3-4)

# The address of the machine's own Debian mirror.
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN) $(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 !~ /-/ && $3 == "main" { print $4; exit }'
}

# sid's packages are downloaded and unpacked by a second apt configuration, never installed.
install_llvm() {
    local key home mirror
    key=$(content_hash "=sid ${LLVM_PACKAGES[*]}")
    if is_stamped "$SBF_PREFIX.stamp" "$key" && [ -x "$SBF_LOADER" ]; then
        return
    fi
    [ "$(dpkg --print-architecture)" = amd64 ] ||
        die "this tool chain runs only on amd64. Use Solana's own tools (anchor build) here."
    need_packages debian-archive-keyring
    mirror=$(debian_mirror)
    if [ -z "$mirror" ]; then
        as_root apt-get update -qq >&2 || true
        mirror=$(debian_mirror)
    fi
    [ -n "$mirror" ] || die "found no Debian mirror in the machine's own apt configuration. Add one and run apt-get update."
    say "Unpacking LLVM 23 into $SBF_PREFIX (36 MB; about a minute)"
    home=$SBF/apt
    rm -rf "$home" "$SBF_PREFIX" "$SBF_PREFIX.stamp"
    mkdir -p "$home"/{lists/partial,cache/archives/partial,debs} "$SBF_PREFIX"
    : >"$home/status"
    echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$home/sid.list"
    local sid=(apt-get -qq -o Dir::Etc::sourcelist="$home/sid.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::Lists="$home/lists"
        -o Dir::State::status="$home/status" -o Dir::Cache="$home/cache"
        -o APT::Sandbox::User="$(id -un)")
    "${sid[@]}" update >&2 || die "could not read Debian sid's package list from the machine's mirror."
    (cd "$home/debs" && "${sid[@]}" download "${LLVM_PACKAGES[@]/%//sid}" >&2) ||
        die "Debian sid no longer has one of: ${LLVM_PACKAGES[*]}. See toolchain/README.md."
    local package
    for package in "$home"/debs/*.deb; do
        dpkg -x "$package" "$SBF_PREFIX"
    done
    [ -x "$SBF_LOADER" ] || die "the packages do not contain $SBF_LOADER."
    compgen -G "$SBF_LIBRARIES/libLLVM.so.23*" >/dev/null || die "the packages do not contain libLLVM 23."
    # sbpf-linker opens the first libLLVM of a folder, so this folder holds no other.
    mkdir -p "$SBF_LLVM"
    ln -sf "$SBF_LIBRARIES"/libLLVM.so.23* "$SBF_LLVM/"
    (cd "$home/debs" && printf '%s\n' *.deb) >"$SBF_PREFIX/packages"
    rm -rf "$home"
    stamp "$SBF_PREFIX.stamp" "$key"
}

install_linker() {
    local key
    key=$(content_hash "=sbpf-linker $LINKER_VERSION")
    if is_stamped "$SBF_LINKER.stamp" "$key" && [ -x "$SBF_LINKER" ]; then
        return
    fi
    say "Building sbpf-linker $LINKER_VERSION (about 2 minutes)"
    # Its work is LLVM's, which comes compiled: optimizing the rest costs more than it saves.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install sbpf-linker --version "$LINKER_VERSION" --locked --force \
        --root "$TOOLS" --target-dir "$CACHE/tools-target"
    rm -rf "$CACHE/tools-target"
    stamp "$SBF_LINKER.stamp" "$key"
}

install_library() {
    local version source key
    version=$(/usr/bin/rustc --version | cut -d' ' -f2)
    source=/usr/src/rustc-$version/library
    [ -d "$source" ] || die "$source is missing: Debian's rustc-web and rust-web-src must have the same version."
    key=$(content_hash "=$(/usr/bin/rustc --version --verbose)" \
        "=$(dpkg-query -W rust-web-src)" "$ROOT/toolchain/sbf/std-solana.patch")
    if is_stamped "$SBF_LIBRARY_SOURCE.stamp" "$key"; then
        return
    fi
    say "Patching a copy of Rust $version's library (a few seconds)"
    rm -rf "$SBF_LIBRARY_SOURCE" "$SBF_LIBRARY_SOURCE.stamp"
    mkdir -p "$SBF"
    cp -rL "$source" "$SBF_LIBRARY_SOURCE"
    patch -s -d "$SBF_LIBRARY_SOURCE" -p1 <"$ROOT/toolchain/sbf/std-solana.patch" >&2 ||
        die "std-solana.patch does not fit Rust $version's library: it was made for 1.96.0."
    stamp "$SBF_LIBRARY_SOURCE.stamp" "$key"
}

lock sbf-install
need_packages "${PACKAGES[@]}"
install_llvm
install_linker
install_library
# Copies in the cache: cargo compares their paths too, and these are the same for
# every checkout.
same_copy "$ROOT/toolchain/sbf/linker.sh" "$SBF/linker.sh"
same_copy "$ROOT/toolchain/sbf/sbpf-solana.json" "$SBF/sbpf-solana.json"
