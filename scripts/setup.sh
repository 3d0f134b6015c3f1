#!/usr/bin/env bash
# Make .venv and install what the lock file of the given kind (run, traces or dev) names, by hash.
# What the system lacks is installed by apt, or the command that installs it is said.
# A second run with nothing changed takes a moment: the locks' checksum is kept beside what they made.
set -euo pipefail
# The service may run as another user than the one who installs it, and must be able to read it.
umask 022
cd "$(dirname "$0")/.."
kind=${1:-run}
case $kind in
  run|traces|dev) ;;
  *) echo "setup: say run, traces (run, and OpenTelemetry) or dev, not '$kind'." >&2; exit 2 ;;
esac
venv=.venv
say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

# --- Packages of the system

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

apt_updated=
apt_update() {
  if [ -n "$apt_updated" ]; then return; fi
  command -v apt-get >/dev/null || return 1
  say "Asking apt for its lists of packages …"
  as_root apt-get update -q >/dev/null || return 1
  apt_updated=1
}

apt_has() {
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

# apt_install WHY PACKAGE…: install them, or name the command that does.
apt_install() {
  local why=$1
  shift
  say "Installing $* ($why) …"
  apt_update \
    && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends "$@" >/dev/null \
    || fail "$why is missing. Install it and run this again: sudo apt-get update && sudo apt-get install $*"
}

# --- Python

is_new_enough() {
  command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3.14 python3; do
    if is_new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
}

install_python() {
  local version
  apt_update || fail "Python 3.11 or newer is missing. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"
  # The system's own Python, then (Ubuntu 22.04: 3.10) a newer one beside it.
  if ! command -v python3 >/dev/null; then apt_install "Python" python3 python3-venv; fi
  if is_new_enough python3; then return; fi
  for version in 3.13 3.12 3.11 3.14; do
    if apt_has "python$version-venv"; then
      apt_install "Python 3.11 or newer" "python$version" "python$version-venv"
      return
    fi
  done
}

python=${PYTHON:-$(find_python)}
if [ -z "$python" ]; then
  install_python
  python=$(find_python)
fi
[ -n "$python" ] || fail "Python 3.11 or newer is missing, and apt has none. Install one and name it: PYTHON=/path/to/python3 make run"
is_new_enough "$python" || fail "PYTHON=$python is not Python 3.11 or newer."

# An environment that was moved, or whose Python is gone, cannot be mended: everything in it names
# the old place.
here=$PWD/$venv
if [ -e "$venv" ] && { [ "$(cat "$venv/.made-at" 2>/dev/null)" != "$here" ] || ! "$venv/bin/python" -c '' 2>/dev/null; }; then
  say "Making $venv anew: it was made elsewhere or is damaged."
  rm -rf "$venv"
fi
if [ ! -e "$venv" ]; then
  say "Making $venv with $python …"
  if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    rm -rf "$venv"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "Python's venv module" "python$version-venv"
    "$python" -m venv "$venv" || fail "'$python -m venv $venv' does not work."
  fi
  printf '%s\n' "$here" > "$venv/.made-at"
fi

# --- Locked packages

checksum() {
  cat "requirements/$1.lock" requirements/tools.lock pyproject.toml | sha256sum
}

is_installed() {
  [ "$(cat "$venv/.installed-$1" 2>/dev/null)" = "$(checksum "$1")" ]
}

install_packages() {
  say "Installing the locked packages ($kind) …"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock \
    || fail "The tools of requirements/tools.lock could not be installed; the cause stands above."
  # Compiled now: else the first start has five processes compile the same libraries at once.
  "$venv/bin/uv" pip install -q --compile-bytecode --python "$venv/bin/python" --require-hashes \
    --build-constraint requirements/tools.lock -r "requirements/$kind.lock" \
    || fail "The packages of requirements/$kind.lock could not be installed; the cause stands above."
  "$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-deps --no-build-isolation -e . \
    || fail "The service itself could not be installed; the cause stands above."
  checksum "$kind" > "$venv/.installed-$kind"
}

# What the tests need holds all of what running needs.
if ! is_installed "$kind" && { [ "$kind" = dev ] || ! is_installed dev; }; then
  install_packages
fi

# --- Programs beside Python

# switch_off SERVICE: Debian and Ubuntu start a server of their own with a package. We do not want
# that one, and as the package was not there before, nobody else does.
switch_off() {
  if [ ! -d /run/systemd/system ]; then return; fi
  as_root systemctl disable --now --quiet "$1" || true
  say "The system's own $1 was switched off: what needs one here starts it for itself alone."
}

install_redis() {
  local package=redis-server
  apt_update || fail "Redis is missing. Install it: sudo apt-get install redis-server (or valkey-server)"
  apt_has redis-server || package=valkey-server
  apt_install "Redis" "$package"
  switch_off "$package"
}

has_redis() {
  command -v redis-server >/dev/null || command -v valkey-server >/dev/null
}

# Who names a Redis elsewhere needs none here.
if ! has_redis && { [ "$kind" = dev ] || [ -z "${HOTLINE_REDIS_URL:-}" ]; }; then
  install_redis
fi

if [ "$kind" = dev ]; then
  missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  fc-list 2>/dev/null | grep -qi dejavu || missing+=(fonts-dejavu-core)
  if [ ${#missing[@]} -gt 0 ]; then apt_install "What the tests need" "${missing[@]}"; fi
  if [ ! -x /usr/sbin/pgbouncer ]; then
    apt_install "The pool that the tests put before PostgreSQL" pgbouncer
    switch_off pgbouncer
  fi
  # With the server comes promtool, which reads the rules of alerts.
  if ! command -v promtool >/dev/null; then
    apt_install "What the tests check the rules of alerts with" prometheus
    switch_off prometheus
  fi
fi
