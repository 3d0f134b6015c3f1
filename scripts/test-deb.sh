#!/usr/bin/env bash
# Build the Debian package twice, as two versions, and live with it on a bare Debian 13 and 12: install,
# start what the units start, one report, upgrade, remove, purge. Other releases: test-deb.sh NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
say() { printf '%s\n' "test-deb: $*" >&2; }
fail() { say "$*"; exit 1; }

releases=("$@")
[ ${#releases[@]} -gt 0 ] || releases=(trixie bookworm)
[ "$(id -u)" = 0 ] || fail "Only root can make a bare system and enter it. Run: sudo make test-deb"

# All that is mounted and started is in namespaces of its own and vanishes with them, however this
# script ends; so what is left to remove afterwards is a plain folder.
if [ -z "${TEST_DEB_FOLDER:-}" ]; then
  work=$(mktemp -d)
  inside=
  clean_up() {
    if [ -n "$inside" ]; then
      kill -KILL "$inside" 2>/dev/null || true
      wait "$inside" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work" 2>/dev/null || { sleep 2; rm -rf --one-file-system "$work"; }
  }
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  TEST_DEB_FOLDER=$work unshare --mount --pid --fork --kill-child \
    "$here/scripts/test-deb.sh" "${releases[@]}" &
  inside=$!
  code=0
  wait "$inside" || code=$?
  inside=
  exit "$code"
fi
work=$TEST_DEB_FOLDER
source scripts/bare-root.sh
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)

# One commit and one system to build in for both, whatever is committed meanwhile.
COMMIT=$(git rev-parse HEAD)
export COMMIT
mkdir -p "${ROOTS:=$work/roots}"
export ROOTS
OUT=$work DEB_VERSION=$version scripts/deb.sh
OUT=$work DEB_VERSION=$version~before scripts/deb.sh
# But for the version's name they are the same: two builds, each in a system of its own.
digest_of_files() {
  dpkg-deb --fsys-tarfile "$1" | sha256sum
}
[ "$(digest_of_files "$work/hotline_${version}_amd64.deb")" \
  = "$(digest_of_files "$work/hotline_$version~before_amd64.deb")" ] \
  || fail "Two builds of one commit differ."

find_free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

try_release() {
  local release=$1 root=$work/$1 started=$SECONDS made
  say "$release: making a bare system …"
  # systemd is there to read the units; it does not run.
  make_bare_root "$release" "$root" systemd
  made=$((SECONDS - started))
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --make-rslave "$root/dev"
  # No package starts a service in there.
  printf '%s\n' '#!/bin/sh' 'exit 101' > "$root/usr/sbin/policy-rc.d"
  chmod 0755 "$root/usr/sbin/policy-rc.d"
  # This system is thrown away: dpkg need not wait for the disk.
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  mkdir -p "$root/srv/walk"
  cp scripts/deb/walk.sh scripts/deb/run_unit.py scripts/deb/speak.py "$work"/hotline_*.deb \
    "$root/srv/walk/"
  started=$SECONDS
  in_bare_root "$root" root env "UNIT_HOTLINE_PORT=$(find_free_port)" bash /srv/walk/walk.sh \
    "/srv/walk/hotline_$version~before_amd64.deb" "/srv/walk/hotline_${version}_amd64.deb" \
    || fail "$release: FAILED"
  say "$release: ok (bare system $made s, all else $((SECONDS - started)) s)"
  umount -l "$root/dev" "$root/proc"
  rm -rf --one-file-system "$root"
}

for release in "${releases[@]}"; do
  try_release "$release"
done
say "ok: ${releases[*]}"
