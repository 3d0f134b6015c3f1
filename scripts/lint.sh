#!/usr/bin/env bash
# Style, types, import directions, unused and undeclared dependencies, known insecure patterns.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy
$bin/lint-imports
$bin/deptry .
$bin/bandit -q -ll -ii -r -c pyproject.toml hotline triage partners workers
$bin/python scripts/lint_templates.py
$bin/python scripts/lint_migrations.py
python3 scripts/draw_house.py --check
python3 scripts/write_cyrillic.py --check
$bin/python scripts/offices_page.py --check
$bin/python scripts/keys_page.py --check
$bin/python scripts/api_page.py --check
$bin/python scripts/privacy_page.py --check
