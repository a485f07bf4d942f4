#!/usr/bin/env bash
# Runs every fuzz target side by side for the given number of seconds. A fault leaves the bytes that caused it in
# build/fuzz/NAME-… and ends with 1.
#
#   tools/fuzz.sh SECONDS
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?how many seconds}
failed=0
declare -A runs=()
for corpus in tests/fuzz/corpus/*/; do
  name=$(basename "$corpus")
  mkdir -p "build/fuzz/corpus/$name"
  "build/fuzz/fuzz_$name" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "$corpus" >"build/fuzz/$name.log" 2>&1 &
  runs[$name]=$!
done
for name in "${!runs[@]}"; do
  if wait "${runs[$name]}"; then
    echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs, no fault"
  else
    failed=1
    echo "fuzz $name: a fault; the end of build/fuzz/$name.log:" >&2
    tail -40 "build/fuzz/$name.log" >&2
  fi
done
exit $failed
