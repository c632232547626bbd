#!/usr/bin/env bash
# Runs every fuzz target of the repository for DURATION each (tests/fuzz.sh 30s); stops at the first that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
DURATION=${1:-30s}
GO=${GO:-go}
ran=0
for pkg in $($GO list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do
  names=$($GO test -list '^Fuzz' "$pkg")
  for name in $(grep '^Fuzz' <<<"$names" || true); do
    echo "== $pkg $name"
    $GO test -run '^$' -fuzz "^$name\$" -fuzztime "$DURATION" "$pkg"
    ran=$((ran + 1))
  done
done
[ "$ran" -gt 0 ] || { echo "fuzz: no targets found"; exit 1; }
echo "fuzz: $ran targets, $DURATION each"
