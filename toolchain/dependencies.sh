#!/usr/bin/env bash
# Finds dependencies that no source names, and checks the licences, sources and bans of all against deny.toml.
# Known vulnerabilities are reported if their database can be reached, but do not fail the check: an advisory
# that was published after the last commit must not break an unchanged checkout.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

say "Looking for dependencies that nothing names"
mapfile -t manifests < <(git ls-files '*/Cargo.toml')
unused=()
while read -r name; do
    grep -qE "^$name[ .=]" "${manifests[@]}" || unused+=("$name")
done < <(sed -n '/^\[workspace.dependencies\]/,/^\[workspace.lints/p' Cargo.toml | grep -oE '^[a-z][a-z0-9_-]*')
[ ${#unused[@]} = 0 ] || die "no crate depends on these: ${unused[*]}. Remove them from Cargo.toml."
for workspace in Cargo.toml toolchain/Cargo.toml; do
    cargo metadata --locked --no-deps --format-version 1 --manifest-path "$workspace" | perl toolchain/lint/unused_dependencies.pl
done

say "Checking the dependencies' licences, sources and bans (some seconds)"
cargo deny --locked check --hide-inclusion-graph bans licenses sources

if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    say "Reading the database of known vulnerabilities"
    cargo deny --locked check --hide-inclusion-graph advisories ||
        say "Known vulnerabilities: assess each one, then update the dependency or state in deny.toml why not"
else
    say "The database of known vulnerabilities cannot be reached; skipped"
fi
