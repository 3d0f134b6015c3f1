#!/usr/bin/env bash
# Tried for real: on a bare Debian 13 and a bare Debian 12 `make run` sets everything up, the service
# becomes ready, takes a report, examines it, and stops. Another release: scripts/test-bare.sh NAME.
# The committed tree is tried, in a folder with a space in its name: on the first release by an
# ordinary user with sudo, on the others by root.
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

# All that is mounted is in a namespace of its own and vanishes with its last process, however this
# script ends; so what is left to remove afterwards is a plain folder.
if [ -z "${TEST_BARE_FOLDER:-}" ]; then
  work=$(mktemp -d)
  inside=
  clean_up() {
    if [ -n "$inside" ]; then
      kill -KILL "$inside" 2>/dev/null || true
      wait "$inside" 2>/dev/null || true
    fi
    # What is being killed may write a last file in the meantime.
    rm -rf --one-file-system "$work" 2>/dev/null || { sleep 2; rm -rf --one-file-system "$work"; }
  }
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  TEST_BARE_FOLDER=$work unshare --mount --pid --fork --kill-child \
    "$here/scripts/test-bare.sh" "${releases[@]}" &
  inside=$!
  code=0
  wait "$inside" || code=$?
  inside=
  exit "$code"
fi
work=$TEST_BARE_FOLDER

# --- How this machine reaches its registries is handed on, whatever it is.

source scripts/bare-root.sh

# add_keeper ROOT: an ordinary user who may use sudo.
add_keeper() {
  chroot "$1" useradd --create-home --shell /bin/bash keeper
  echo 'keeper ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/keeper"
  chmod 0440 "$1/etc/sudoers.d/keeper"
}

# try_release RELEASE USER: USER is root or keeper.
try_release() {
  local release=$1 user=$2 root=$work/$1 started=$SECONDS made
  local packages=make
  if [ "$user" = keeper ]; then packages=make,sudo; fi
  say "$release: making a bare system …"
  make_bare_root "$release" "$root" "$packages"
  if [ "$user" = keeper ]; then add_keeper "$root"; fi
  made=$((SECONDS - started))
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --make-rslave "$root/dev"

  local tree="$root/srv/hot line"
  mkdir -p "$tree"
  git archive HEAD | tar -x -C "$tree"
  chroot "$root" chown -R "$user:" "/srv/hot line"
  install -m 0755 scripts/bare-walk.sh "$root/usr/local/bin/bare-walk"

  started=$SECONDS
  in_bare_root "$root" "$user" bare-walk "/srv/hot line" || fail "$release by $user: FAILED"
  say "$release by $user: ok (bare system $made s, make run, one report and the end $((SECONDS - started)) s)"
  umount -l "$root/dev" "$root/proc"
  rm -rf --one-file-system "$root"
}

user=keeper
for release in "${releases[@]}"; do
  try_release "$release" "$user"
  user=root
done
say "ok: ${releases[*]}"
