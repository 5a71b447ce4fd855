#!/usr/bin/env bash
# Checks whether the tests notice when the code is wrong: mutants.sh arithmetic|guards [OPTIONS]
#
# arithmetic: the code that computes money, verdicts and hashes, with the unit tests beside it, by
#             cargo-mutants. OPTIONS are passed on: --iterate leaves out what was caught before,
#             --shard 0/8 selects a part.
# guards:     the program's instructions and the code that reads accounts, with the tests of the built
#             program and the matrix, by mutants/guards.sh. --resume leaves out what was caught
#             before, --numbers 100-199 selects a part.
#
# Both: --file FILE selects one file, --changed only what has changed since the commit BASE
# (default: main). Fails if a mutant survives that is not in toolchain/mutants/survivors.txt, which has
# the reason for each.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

part=${1:?usage: toolchain/mutants.sh arithmetic|guards [OPTIONS]}
shift

# arithmetic OPTIONS...: leaves the folder $out with missed.txt and caught.txt.
arithmetic() {
    local program=programs/millrace/src protocol=crates/protocol/src options=() chosen='' arguments=() file status=0
    local files=(
        "$program/math/**" "$program/state/**" "$protocol/amount/**"
        "$protocol"/{commitment,hash,merkle,receipt,shard,units}.rs
    )
    while [ $# -gt 0 ]; do
        case $1 in
            --changed)
                git diff "${BASE:-main}" >"$CACHE/mutants-changed.diff"
                options+=(--in-diff "$CACHE/mutants-changed.diff")
                ;;
            --file)
                chosen=1
                files=("$2")
                shift
                ;;
            *) options+=("$1") ;;
        esac
        shift
    done
    # Mutants are built in a copy and into another folder, so the checkout's own artifacts stay.
    export CARGO_TARGET_DIR=$CACHE/mutants-target
    rm -rf "$CARGO_TARGET_DIR"/debug/.fingerprint/millrace-*
    for file in "${files[@]}"; do
        arguments+=(--file "$file")
    done
    say "Trying mutants of ${chosen:+the chosen file in }arithmetic"
    # The shard store reads and creates accounts, which needs a chain.
    cargo-mutants mutants --manifest-path "$ROOT/Cargo.toml" \
        --package millrace-program --package millrace-protocol "${arguments[@]}" \
        --test-workspace=false --no-shuffle --output "$CACHE/mutants/arithmetic" \
        --exclude "$program/state/shard/store.rs" --cargo-arg=--locked --cargo-arg=--lib "${options[@]}" ||
        status=$?
    # 0: all were caught; 2: some were missed; 3: some timed out, which counts as caught.
    case $status in
        0 | 2 | 3) ;;
        *) die "cargo-mutants ended with $status" ;;
    esac
}

lock "mutants-$part"
mkdir -p "$CACHE/mutants/$part"
case $part in
    arithmetic)
        out=$CACHE/mutants/arithmetic/mutants.out
        arithmetic "$@"
        ;;
    guards)
        out=$CACHE/mutants/guards
        toolchain/mutants/guards.sh "$out" "$@"
        ;;
    *) die "usage: toolchain/mutants.sh arithmetic|guards [OPTIONS]" ;;
esac

# Lines move, so mutants are identified by their file and their change.
unplaced() {
    sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$1" | LC_ALL=C sort -u
}
listed=$(grep -v '^#' toolchain/mutants/survivors.txt | grep -v '^$' | LC_ALL=C sort -u)
unlisted=$(unplaced "$out/missed.txt" | LC_ALL=C comm -23 - <(printf '%s\n' "$listed"))
noticed=$(unplaced "$out/caught.txt" | LC_ALL=C comm -12 - <(printf '%s\n' "$listed"))
[ -z "$noticed" ] || say "These, or some of these, are caught now; toolchain/mutants/survivors.txt may not need them:
$noticed"
[ -z "$unlisted" ] || die "these mutants survive. Add a test, or give the reason in toolchain/mutants/survivors.txt:
$unlisted"
say "No unexpected survivors"
