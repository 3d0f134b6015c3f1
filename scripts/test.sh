#!/usr/bin/env bash
# Every check and the whole test suite. The suite brings up its own PostgreSQL, Redis and browser.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lint.sh
exec .venv/bin/python -m pytest "$@"
