#!/usr/bin/env bash
# Fuzzes the program as it was built: fuzz.sh SECONDS, or fuzz.sh replay FILE for what one input does.
# Inputs that reach something new are kept in the cache, and the next run goes on from there. An input
# that the program does not stand is made smaller and told step by step, and the run fails.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

# Bytes of the longest input.
LONGEST=256
# How long an input is made smaller.
SHRINKING=60
binaries=$CARGO_TARGET_DIR/debug
kept=$CACHE/fuzz/corpus faults=$CACHE/fuzz/faults
mkdir -p "$kept" "$faults"

if [ "${1:-}" = replay ]; then
    exec "$binaries/replay" "${2:?usage: toolchain/fuzz.sh replay FILE}"
fi
seconds=${1:?usage: toolchain/fuzz.sh SECONDS}
[[ $seconds =~ ^[1-9][0-9]{0,6}$ ]] || die "SECONDS is $seconds: give a number of seconds, such as SECONDS=3600"

lock fuzz
# The run keeps its own copies: what is built meanwhile must not change it.
copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT
cp "$binaries/fuzz" "$binaries/replay" "$copies"
cp "${MILLRACE_PROGRAM_SO:-$ROOT/target/deploy/millrace_program.so}" "$copies/program.so"
export MILLRACE_PROGRAM_SO=$copies/program.so

say "Fuzzing for $seconds seconds"
touch "$copies/began"
log=$CACHE/fuzz/log
status=0
"$copies/fuzz" -max_total_time="$seconds" -max_len="$LONGEST" -len_control=0 -timeout=60 \
    -print_final_stats=1 -artifact_prefix="$faults/" \
    "$kept" "$ROOT/tests/fuzz/seeds" >"$log" 2>&1 || status=$?
grep -E '^(Done|stat::)' "$log" || true

say "Playing what was kept again, to tell what it covers"
"$copies/replay" "$kept" "$ROOT/tests/fuzz/seeds" || status=$?
[ "$status" != 0 ] || exit 0

fault=$(find "$faults" -type f -newer "$copies/began" | head -1)
[ -n "$fault" ] || die "the fuzzer ended with $status, and found no input to blame: read $log"
say "The program does not stand an input. It is made smaller (up to $SHRINKING seconds)"
"$copies/fuzz" -minimize_crash=1 -max_total_time="$SHRINKING" -exact_artifact_path="$fault.small" \
    "$fault" >>"$log" 2>&1 || true
[ ! -s "$fault.small" ] || fault=$fault.small
"$copies/replay" "$fault" || true
die "the program does not stand this input. To see it again: toolchain/fuzz.sh replay $fault"
