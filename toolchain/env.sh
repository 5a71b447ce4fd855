# Sourced by every script of the toolchain: paths, messages, stamps, locks and packages.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/millrace
TOOLS=$CACHE/tools

# Host builds share one folder outside the checkout, so that a second clone starts warm.
export CARGO_TARGET_DIR=$CACHE/target
export ROOT CACHE TOOLS
# Debian's OpenSSL instead of one built from source, which takes minutes.
export OPENSSL_NO_VENDOR=1
export PATH=$TOOLS/bin:$PATH

mkdir -p "$CACHE"

# say WORDS...: prints the name of a step, and roughly how long it takes.
say() {
    printf '==> %s\n' "$*" >&2
}

# die WORDS...: prints the error and the remedy, and ends the script.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# content_hash PATH|=TEXT...: one hash of files, folders and literal texts. A stamp made from it
# becomes stale when its inputs change, so an old cache is never used for new inputs.
content_hash() {
    local item
    for item in "$@"; do
        case $item in
            =*) printf 'text %s\n' "${item#=}" ;;
            *)
                if [ -d "$item" ]; then
                    # Names are relative to the folder: the path of the checkout does not matter.
                    (cd "$item" && find . -type f -not -path '*/target/*' -print0 |
                        LC_ALL=C sort -z | xargs -0 -r sha256sum)
                else
                    sha256sum <"$item"
                fi
                ;;
        esac
    done | sha256sum | cut -c1-32
}

# is_stamped FILE HASH: succeeds if the step with the stamp FILE was finished for HASH.
is_stamped() {
    [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# stamp FILE HASH: marks the step as finished for HASH.
stamp() {
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1.new"
    mv "$1.new" "$1"
}

# lock NAME: holds the lock NAME until the script ends, so that two runs do not overwrite each
# other's builds.
lock() {
    exec {MILLRACE_LOCK}>"$CACHE/$1.lock"
    if ! flock -n "$MILLRACE_LOCK"; then
        say "Waiting for another run, which holds $CACHE/$1.lock"
        flock "$MILLRACE_LOCK"
    fi
}

# claim_target DIR: assigns DIR, a target folder of cargo, to this checkout. Cargo identifies artifacts by
# paths within the workspace and judges their age by the files' times, so without this a second
# checkout would get artifacts of the first. Dependencies stay.
claim_target() {
    local marker=$1/checkout
    [ "$(cat "$marker" 2>/dev/null)" != "$ROOT" ] || return 0
    mkdir -p "$1"
    rm -f "$marker"
    find "$1" -maxdepth 4 -type d -name .fingerprint -print0 | while IFS= read -r -d '' folder; do
        # The names of all packages in this repository start with one of these.
        rm -rf "$folder"/{millrace,sbf,render,word-count}-*
    done
    printf '%s\n' "$ROOT" >"$marker"
}

# same_copy FROM TO: makes TO a copy of FROM, written only if the bytes differ: a newer
# time alone would rebuild everything that embeds the file.
same_copy() {
    mkdir -p "$(dirname "$2")"
    if ! cmp -s "$1" "$2"; then
        cp "$1" "$2.new"
        mv "$2.new" "$2"
    fi
}

# as_root COMMAND...: runs the command as root or with sudo; fails if neither is possible.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
    local name missing=()
    command -v dpkg-query >/dev/null ||
        die "this step needs Debian packages ($*), and this is not Debian. toolchain/README.md has the alternatives."
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] ||
            missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing Debian packages: ${missing[*]} (about a minute)"
    local failed="could not install Debian packages. As root: apt-get update && apt-get install ${missing[*]}"
    # Package lists are updated at most once an hour, however many scripts need them.
    if [ -z "$(find "$CACHE/apt-updated" -mmin -60 2>/dev/null)" ]; then
        as_root apt-get update -qq >&2 || die "$failed"
        touch "$CACHE/apt-updated"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 || die "$failed"
}
