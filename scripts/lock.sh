#!/usr/bin/env bash
# Resolve pyproject.toml anew into the lock files (needs uv); commit what changes.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

# A release that somebody took over is mostly found within days: what is newer has to wait. An urgent
# mend of a hole: COOLING_OFF="0 days" make lock.
cooling_off=${COOLING_OFF:-7 days}

compile() {
  uv pip compile -q --universal --python-version 3.11 --no-emit-index-url \
    --exclude-newer "$cooling_off" --no-annotate --no-header --generate-hashes "$@"
}
# Wheels only, so that no machine needs a compiler. dkimpy exists as source only; it is pure Python,
# and the tools of tools.lock make a wheel of it. The options stand in the lock files themselves.
resolve() { compile pyproject.toml --only-binary :all: --no-binary dkimpy --emit-build-options "$@"; }

for tools in tools sbom docs; do
  compile "requirements/$tools.in" --only-binary :all: --emit-build-options -o "requirements/$tools.lock"
done
resolve -o requirements/run.lock
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
grep -E '^[a-z0-9-]+==' requirements/run.lock | sed 's/ \\$//' > "$pins"
resolve --extra traces -c "$pins" -o requirements/traces.lock
resolve --extra traces --group dev -c "$pins" -o requirements/dev.lock
# The reference programs of the benches have no wheels for Linux: those do need a compiler.
compile pyproject.toml --extra fast --extra bench --group dev -c "$pins" -o requirements/bench.lock
