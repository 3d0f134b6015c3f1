#!/usr/bin/env bash
# docs/ as a site in build/docs/VERSION; a link or heading that leads nowhere is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=build/docs-tools
lock=requirements/docs.lock
if ! cmp -s "$lock" "$tools/installed.lock"; then
  rm -rf "$tools"
  .venv/bin/python -m venv --without-pip "$tools"
  .venv/bin/uv pip install -q --python "$tools/bin/python" --require-hashes --only-binary :all: -r "$lock"
  cp "$lock" "$tools/installed.lock"
fi
HOTLINE_VERSION=$(.venv/bin/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
export HOTLINE_VERSION
site=build/docs/$HOTLINE_VERSION
"$tools/bin/python" -m sphinx -q -W --keep-going -n -b html docs "$site"
echo "$site/index.html"
