#!/usr/bin/env bash
# Make .venv and install what the lock file of the given kind (run or dev) names, by hash.
# A second run with nothing changed takes a moment: the lock's checksum is kept beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
venv=.venv
say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate; break
    fi
  done
fi
[ -n "$python" ] || fail "Python 3.11 or newer is needed. On Debian or Ubuntu: apt-get install python3 python3-venv"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 1; fi
}
apt_updated=
apt_get() {
  command -v apt-get >/dev/null || return 1
  if [ -z "$apt_updated" ]; then as_root apt-get update -q >/dev/null || return 1; apt_updated=1; fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}

if [ ! -x "$venv/bin/python" ]; then
  say "Making $venv with $python …"
  if ! "$python" -m venv "$venv" 2>/dev/null; then
    rm -rf "$venv"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "Installing the venv module …"
    apt_get "python$version-venv" || fail "'$python -m venv' does not work. Install python$version-venv and run this again."
    "$python" -m venv "$venv" || fail "'$python -m venv' does not work."
  fi
fi

stamp="$venv/.installed-$kind"
want=$(cat "requirements/$kind.lock" pyproject.toml | sha256sum)
other=$venv/.installed-dev
# What the tests need holds all of what running needs.
if [ "$kind" = run ] && [ -f "$other" ] && [ "$(cat "$other")" = "$(cat requirements/dev.lock pyproject.toml | sha256sum)" ]; then
  stamp=$other; want=$(cat "$other")
fi
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  say "Installing the locked packages ($kind) …"
  [ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install -q --disable-pip-version-check uv || fail "uv could not be installed."
  # Compiled now: else the first start has five processes compile the same libraries at once.
  "$venv/bin/uv" pip install -q --compile-bytecode --python "$venv/bin/python" --require-hashes -r "requirements/$kind.lock"
  "$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-deps -e .
  printf '%s\n' "$want" > "$stamp"
fi

for catalogue in hotline/translations triage/translations partners/translations; do
  for po in "$catalogue"/*/LC_MESSAGES/messages.po; do
    mo=${po%.po}.mo
    if [ -f "$po" ] && { [ ! -f "$mo" ] || [ "$po" -nt "$mo" ]; }; then
      "$venv/bin/pybabel" -q compile -i "$po" -o "$mo" || fail "$po cannot be compiled."
    fi
  done
done

if [ "$kind" = dev ]; then
  missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  command -v redis-server >/dev/null || missing+=(redis-server)
  fc-list 2>/dev/null | grep -qi dejavu || missing+=(fonts-dejavu-core)
  if [ ${#missing[@]} -gt 0 ]; then
    say "Installing for the tests: ${missing[*]} …"
    apt_get "${missing[@]}" || fail "Install these for the tests: ${missing[*]}"
  fi
fi
