#!/usr/bin/env bash
# Build the container image, look into it, then run all that compose.yaml describes, as it describes
# it, and walk one report to its notice through it. BASE=… names another base image; without it a bare
# Debian stands in, made here, as for PostgreSQL, Redis and the mail catcher. ROOTS=… names a folder
# in which the systems of the stand-ins are kept for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
say() { printf '%s\n' "test-image: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "Only root can make a base image here. Run: sudo make test-image"
missing=()
for program in buildah podman runc mmdebstrap catatonit ip; do
  command -v "$program" >/dev/null || missing+=("${program/#ip/iproute2}")
done
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail "Missing: ${missing[*]}"
  say "Installing ${missing[*]} …"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q \
    --no-install-recommends "${missing[@]}" >/dev/null
fi

source scripts/bare-root.sh
work=$(mktemp -d)
running=
group=hotline-test-$$
# Images, containers, volumes: all of it is in the work folder and goes with it.
store=(--root "$work/store" --runroot "$work/run")
podman=(podman "${store[@]}" --tmpdir "$work/engine" --runtime runc --cgroup-manager cgroupfs)
# What was cut off has to have died in them first.
remove_control_groups() {
  local _
  for _ in 1 2 3 4 5; do
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    if [ -z "$(find /sys/fs/cgroup -type d -path "*/$group*" -print -quit)" ]; then return; fi
    sleep 1
  done
}
clean_up() {
  if [ -n "$running" ]; then
    kill -KILL "$running" 2>/dev/null || true
    wait "$running" 2>/dev/null || true
  fi
  remove_control_groups
  # What was mounted for a container that was cut off.
  awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r \
    | while read -r mounted; do umount -l "$mounted" 2>/dev/null || true; done
  rm -rf --one-file-system "$work" 2>/dev/null || { sleep 2; rm -rf --one-file-system "$work"; }
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# --- Base and stand-ins

roots=${ROOTS:-$work}
started=$SECONDS
mkdir -p "$roots"
say "making systems of Debian 13 for the stand-ins …"
make_kept_root "$roots" stores postgresql,redis-server &
stores=$!
base=${BASE:-}
if [ -z "$base" ]; then
  make_kept_root "$roots" base "$PYTHON_ROOT"
  base=localhost/base:1
  # How this machine reaches its registries is the stand-in's, so that the Dockerfile needs not ask.
  changes=()
  while read -r setting; do
    changes+=(--change "ENV $setting")
  done < <(registry_settings)
  "${podman[@]}" import -q "${changes[@]}" "$roots/base.tar" "$base" >/dev/null
fi
say "base after $((SECONDS - started)) s"

# --- Build

# build_image NAME BASE FOLDER OPTION…
build_image() {
  local name=$1 from=$2 folder=$3
  shift 3
  buildah "${store[@]}" bud -q --isolation chroot --network host --build-arg "BASE=$from" \
    -t "localhost/$name:1" "$@" "$folder" >/dev/null
}
started=$SECONDS
say "building …"
build_image hotline "$base" .
say "built in $((SECONDS - started)) s"
stand_ins=scripts/image/stand-ins
build_image mail localhost/hotline:1 "$stand_ins" -f "$stand_ins/mail.Containerfile"
wait "$stores"
"${podman[@]}" import -q "$roots/stores.tar" localhost/stores-base:1 >/dev/null
build_image stores localhost/stores-base:1 "$stand_ins" -f "$stand_ins/stores.Containerfile"

# --- Look into the image

inside() {
  "${podman[@]}" run --rm -i --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    --cgroup-parent "/$group" --read-only --read-only-tmpfs=false \
    --cap-drop all --security-opt no-new-privileges \
    --entrypoint /opt/venv/bin/python3 localhost/hotline:1 "$@"
}
inside - < scripts/image/look_inside.py || fail "The image is not as it should be."

# --- Run the composition

# A copy, so that the secrets of the test are not those of this folder.
mkdir "$work/tree"
cp -r compose.yaml deploy "$work/tree/"
rm -rf "$work/tree/deploy/secrets"
deploy/make-secrets.sh "$work/tree/deploy/secrets" >/dev/null

printf -v words '"%s",' "${podman[@]}"
started=$SECONDS
TEST_IMAGE_PODMAN="[${words%,}]" TEST_IMAGE_CONTROL_GROUP=/$group unshare --mount --net --pid --fork --kill-child --mount-proc \
  bash -euc '
    ip link set lo up
    mkdir -p /run/netns
    mount -t tmpfs tmpfs /run/netns
    exec "$@"' bash "$here/.venv/bin/python" scripts/image/run.py "$work/tree" \
  localhost/hotline:1 localhost/stores:1 localhost/mail:1 &
running=$!
code=0
wait "$running" || code=$?
running=
[ "$code" = 0 ] || exit "$code"
say "ok: one report walked to its notice through all services ($((SECONDS - started)) s)"
