#!/usr/bin/env bash
# Tried for real: on a bare Debian 13 and a bare Debian 12 `make run` sets everything up, the service
# becomes ready, takes a report, examines it, and stops. Another release: scripts/test-bare.sh NAME.
# The committed tree is tried, in a folder with a space in its name.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
say() { printf '%s\n' "test-bare: $*" >&2; }
fail() { say "$*"; exit 1; }

releases=("$@")
[ ${#releases[@]} -gt 0 ] || releases=(trixie bookworm)
[ "$(id -u)" = 0 ] || fail "Only root can make a bare system and enter it. Run: sudo make test-bare"

if ! command -v mmdebstrap >/dev/null; then
  command -v apt-get >/dev/null || fail "mmdebstrap is missing, and this is no Debian or Ubuntu."
  say "Installing mmdebstrap …"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mmdebstrap >/dev/null
fi

# Mounts of a namespace of our own vanish with its last process, however this script ends.
if [ "${TEST_BARE_INSIDE:-}" != yes ]; then
  TEST_BARE_INSIDE=yes exec unshare --mount --pid --fork --kill-child \
    "$here/scripts/test-bare.sh" "${releases[@]}"
fi

work=$(mktemp -d)
clean_up() {
  local path
  for path in "$work"/*/proc "$work"/*/dev; do
    if mountpoint -q "$path"; then umount -l "$path" || exit 1; fi
  done
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# --- How this machine reaches its registries is handed on, whatever it is.

source scripts/bare-root.sh

try_release() {
  local release=$1 root=$work/$1 started=$SECONDS made
  say "$release: making a bare system …"
  make_bare_root "$release" "$root" make
  made=$((SECONDS - started))
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --make-rslave "$root/dev"

  local tree="$root/srv/hot line"
  mkdir -p "$tree"
  git archive HEAD | tar -x -C "$tree"
  cp scripts/bare-walk.sh "$root/root/walk.sh"

  started=$SECONDS
  in_bare_root "$root" bash /root/walk.sh "/srv/hot line" || fail "$release: FAILED"
  say "$release: ok (bare system $made s, make run, one report and the end $((SECONDS - started)) s)"
  umount -l "$root/dev" "$root/proc"
  rm -rf --one-file-system "$root"
}

for release in "${releases[@]}"; do
  try_release "$release"
done
say "ok: ${releases[*]}"
