#!/usr/bin/env bash
# Mutants of the program's guards, with the tests of the built program and the matrix:
# guards.sh OUT [--file FILE]... [--numbers FIRST-LAST] [--resume] [--changed]
#
# Sources are copied to the cache, every mutant is written into them, and the program is built once.
# Leaves OUT/results.tsv, OUT/caught.txt and OUT/missed.txt. The tests must be built: `make mutants` does it.
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
cd "$ROOT"

out=${1:?usage: toolchain/mutants/guards.sh OUT [OPTIONS]}
shift
sources=programs/millrace/src
files=() options=()
while [ $# -gt 0 ]; do
    case $1 in
        --file) files+=("$2") && shift ;;
        --numbers) options+=(--numbers "$2") && shift ;;
        --resume) options+=(--resume yes) ;;
        --changed) mapfile -t files < <(git diff --name-only "${BASE:-main}" -- "$sources") ;;
        *) die "unknown option $1: use --file FILE, --numbers FIRST-LAST, --resume or --changed" ;;
    esac
    shift
done

# Files that move tokens come first, so that an interrupted run has tried what matters most.
all=(
    "$sources"/instructions/client/{post_job,cancel_job,challenge_shard}.rs
    "$sources"/instructions/crank/{settle_shard/*,penalty,close_job,expire_seat}.rs
    "$sources"/instructions/provider/*.rs "$sources"/instructions/admin/withdraw_*.rs
    "$sources"/instructions/orchestrator/*.rs "$sources"/instructions/{tokens,mints}.rs
    "$sources"/instructions/*/*.rs "$sources"/account/*.rs
    "$sources"/state/shard/store.rs
)
mapfile -t all < <(printf '%s\n' "${all[@]}" | grep -vE '/(account|admin|client|crank|orchestrator|provider)/mod\.rs$' | awk '!seen[$0]++')

mkdir -p "$out"
tools=$CACHE/tools-target
CARGO_TARGET_DIR=$tools cargo build --locked --quiet --manifest-path toolchain/Cargo.toml -p millrace-guards
guards=$tools/debug/millrace-guards
list=$out/mutants.tsv program=$out/program/millrace_program.so
key=$(content_hash "$guards" "$ROOT/programs" "$ROOT/crates" "$ROOT/Cargo.lock" "=${all[*]}")
if ! is_stamped "$out/program.stamp" "$key" || [ ! -s "$program" ]; then
    copy=$out/copy
    rm -rf "$copy"
    mkdir -p "$copy"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --preserve=timestamps -t "$copy"
    "$guards" rewrite "$copy/$sources" "$list" "${all[@]}"
    # Reuses the standard library and all dependencies of the unchanged program.
    [ -d "$CACHE/mutants-sbf-target" ] || cp -a "$CACHE/sbf-target" "$CACHE/mutants-sbf-target"
    # Cargo treats a copy at another path as the same package, and compares only times.
    rm -rf "$CACHE"/mutants-sbf-target/*/release/.fingerprint/millrace-*
    mkdir -p "$(dirname "$program")"
    toolchain/sbf/build.sh "$copy/Cargo.toml" millrace-program "$program" "$CACHE/mutants-sbf-target"
    stamp "$out/program.stamp" "$key"
fi

chosen=$list
if [ ${#files[@]} -gt 0 ]; then
    chosen=$out/chosen.tsv
    awk -F '\t' 'NR == FNR { wanted[$1]; next } $2 in wanted' <(printf '%s\n' "${files[@]}") "$list" >"$chosen"
fi
binary() {
    cargo test --locked --workspace --no-run --test "$1" --message-format json 2>/dev/null |
        grep -o '"executable":"[^"]*/deps/'"$1"'-[^"]*"' | cut -d '"' -f 4 | tail -1
}
tests=$(binary program) matrix=$(binary matrix)
[ -x "$tests" ] && [ -x "$matrix" ] || die "the tests are not built: run make mutants PART=guards"

say "Trying $(wc -l <"$chosen") mutants of guards (seconds each; results go to $out/results.tsv)"
"$guards" judge --program "$program" --list "$chosen" --tests "$tests" --matrix "$matrix" \
    --folder "$ROOT/tests" --results "$out/results.tsv" "${options[@]}" >&2
for kind in caught survived; do
    awk -F '\t' -v kind="$kind" '$1 == kind { print $3 }' "$out/results.tsv" >"$out/$kind.txt"
done
mv "$out/survived.txt" "$out/missed.txt"
