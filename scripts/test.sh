#!/usr/bin/env bash
# Every check and the whole test suite. The suite brings up its own PostgreSQL, Redis and browser.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lint.sh
# Two processes: most of the time a test waits for a browser, a database or another process.
exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadfile "$@"
