#!/usr/bin/env bash
# Whether the tests notice when the code is wrong: mutants.sh arithmetic|guards [OPTIONS of cargo-mutants]
#
# arithmetic: what computes money, verdicts and hashes, judged by the unit tests beside it.
# guards:     the program's instructions, judged by the tests of the built program. Each mutant is built
#             to sBPF, so that many are best spread: --shard 0/8 and so on.
#
# --iterate leaves out what was caught before, --file FILE takes one file, --changed only what is changed
# since the commit that BASE names (default: main). Fails where a mutant survives that is not in
# toolchain/mutants/survivors.txt, which says of each why it may.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

part=${1:?usage: toolchain/mutants.sh arithmetic|guards [OPTIONS of cargo-mutants]}
shift
program=programs/millrace/src protocol=crates/protocol/src
# It reads and makes accounts, which takes a chain.
store=$program/state/shard_store.rs
case $part in
    arithmetic)
        packages=(--package millrace-program --package millrace-protocol)
        files=(
            "$program/math/**" "$program/state/**" "$protocol/amount.rs" "$protocol/commitment.rs"
            "$protocol/hash.rs" "$protocol/merkle.rs" "$protocol/receipt.rs" "$protocol/shard.rs"
        )
        judge=(--exclude "$store" --cargo-arg=--locked --cargo-arg=--lib)
        ;;
    guards)
        packages=(--package millrace-program)
        files=("$program/instructions/**" "$store")
        # The baseline is the program that `make test` tests, so it is not run once more.
        judge=(--baseline=skip --timeout=900 --build-timeout=900)
        export MUTANTS_CARGO
        MUTANTS_CARGO=$(command -v cargo)
        export CARGO=$ROOT/toolchain/mutants/cargo.sh
        ;;
    *) die "usage: toolchain/mutants.sh arithmetic|guards [OPTIONS of cargo-mutants]" ;;
esac

options=() chosen=
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

lock "mutants-$part"
out=$CACHE/mutants/$part
mkdir -p "$out"
# The checkout's own artifacts stay as they are: mutants are built in a copy, and into another folder.
export CARGO_TARGET_DIR=$CACHE/mutants-target
rm -rf "$CARGO_TARGET_DIR"/debug/.fingerprint/millrace-*
arguments=()
for file in "${files[@]}"; do
    arguments+=(--file "$file")
done
say "Trying mutants of ${chosen:+the chosen file in }$part"
status=0
cargo-mutants mutants --manifest-path "$ROOT/Cargo.toml" "${packages[@]}" "${arguments[@]}" \
    --test-workspace=false --no-shuffle --output "$out" "${judge[@]}" "${options[@]}" || status=$?
# 0: all were caught; 2: some were missed; 3: some ran out of time, which is as good as caught.
case $status in
    0 | 2 | 3) ;;
    *) die "cargo-mutants ended with $status" ;;
esac

# Lines move, so mutants are known by their file and by what they do.
unplaced() {
    sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$1" | LC_ALL=C sort -u
}
listed=$(grep -v '^#' toolchain/mutants/survivors.txt | grep -v '^$' | LC_ALL=C sort -u)
unlisted=$(unplaced "$out/mutants.out/missed.txt" | LC_ALL=C comm -23 - <(printf '%s\n' "$listed"))
noticed=$(unplaced "$out/mutants.out/caught.txt" | LC_ALL=C comm -12 - <(printf '%s\n' "$listed"))
[ -z "$noticed" ] || say "These are caught by now, or one of them is; toolchain/mutants/survivors.txt may not need them:
$noticed"
[ -z "$unlisted" ] || die "these mutants survive. Test what they break, or say in toolchain/mutants/survivors.txt why they may:
$unlisted"
say "No mutant survived that may not"
