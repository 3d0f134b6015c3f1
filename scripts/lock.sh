#!/usr/bin/env bash
# Resolve pyproject.toml anew into the three lock files (needs uv); commit what changes.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
resolve() { uv pip compile -q pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header --generate-hashes "$@"; }
resolve -o requirements/run.lock
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
grep -E '^[a-z0-9-]+==' requirements/run.lock | sed 's/ \\$//' > "$pins"
resolve --group dev -c "$pins" -o requirements/dev.lock
resolve --extra fast --extra bench --group dev -c "$pins" -o requirements/bench.lock
