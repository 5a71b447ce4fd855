#!/usr/bin/env bash
# Checks what the dependencies are: licences, sources and bans, which deny.toml states. Known
# vulnerabilities are reported where their database can be reached. They fail nothing here: what
# was published since the last commit must not make an unchanged checkout fail.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

say "Checking the dependencies' licences, sources and bans (some seconds)"
cargo deny --locked check --hide-inclusion-graph bans licenses sources

if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    say "Reading the database of known vulnerabilities"
    cargo deny --locked check --hide-inclusion-graph advisories ||
        say "These vulnerabilities are known: judge each, and update or state why not in deny.toml"
else
    say "The database of known vulnerabilities can't be reached, so it is not read"
fi
