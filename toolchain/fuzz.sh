#!/usr/bin/env bash
# Fuzzes the built program: fuzz.sh SECONDS, or fuzz.sh replay FILE to print what one input does.
# Inputs that reach new code are kept in the cache, and the next run continues from them. An input
# that causes a fault is minimized and printed step by step, and the run fails.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

MAX_INPUT_BYTES=256
# Time limit for minimizing an input.
MINIMIZE_SECS=60
binaries=$CARGO_TARGET_DIR/debug
kept=$CACHE/fuzz/corpus faults=$CACHE/fuzz/faults
mkdir -p "$kept" "$faults"

if [ "${1:-}" = replay ]; then
    exec "$binaries/replay" "${2:?usage: toolchain/fuzz.sh replay FILE}"
fi
seconds=${1:?usage: toolchain/fuzz.sh SECONDS}
[[ $seconds =~ ^[1-9][0-9]{0,6}$ ]] || die "SECONDS is $seconds: give a number of seconds, such as SECONDS=3600"

lock fuzz
# The run uses its own copies: a build in the meantime must not change them.
copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT
cp "$binaries/fuzz" "$binaries/replay" "$copies"
cp "${MILLRACE_PROGRAM_SO:-$ROOT/target/deploy/millrace_program.so}" "$copies/program.so"
export MILLRACE_PROGRAM_SO=$copies/program.so

say "Fuzzing for $seconds seconds"
touch "$copies/start"
log=$CACHE/fuzz/log
status=0
"$copies/fuzz" -max_total_time="$seconds" -max_len="$MAX_INPUT_BYTES" -len_control=0 -timeout=60 \
    -print_final_stats=1 -artifact_prefix="$faults/" \
    "$kept" "$ROOT/tests/fuzz/seeds" >"$log" 2>&1 || status=$?
grep -E '^(Done|stat::)' "$log" || true

say "Replaying the kept inputs to measure the coverage"
"$copies/replay" "$kept" "$ROOT/tests/fuzz/seeds" || status=$?
[ "$status" != 0 ] || exit 0

fault=$(find "$faults" -type f -newer "$copies/start" | head -1)
[ -n "$fault" ] || die "the fuzzer exited with $status, but reported no input: read $log"
say "An input causes a fault. Minimizing it (up to $MINIMIZE_SECS seconds)"
"$copies/fuzz" -minimize_crash=1 -max_total_time="$MINIMIZE_SECS" -exact_artifact_path="$fault.small" \
    "$fault" >>"$log" 2>&1 || true
[ ! -s "$fault.small" ] || fault=$fault.small
"$copies/replay" "$fault" || true
die "an input causes a fault. To replay it: toolchain/fuzz.sh replay $fault"
