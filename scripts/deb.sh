#!/usr/bin/env bash
# Build hotline_VERSION_amd64.deb into dist/, of the committed tree, in a bare Debian 13: one package for
# Debian 13 (Python 3.13) and Debian 12 (Python 3.11), with an environment for each. Two builds of one
# commit are equal. COMMIT=… names another commit than the newest, DEB_VERSION=… another version, ROOTS=…
# a folder that keeps the bare system.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%s\n' "deb: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "Only root can make a bare system and enter it. Run: sudo make deb"
if ! command -v mmdebstrap >/dev/null; then
  command -v apt-get >/dev/null || fail "mmdebstrap is missing, and this is no Debian or Ubuntu."
  say "Installing mmdebstrap …"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q \
    --no-install-recommends mmdebstrap >/dev/null
fi
if [ -n "$(git status --porcelain)" ]; then
  say "What is not committed is not in the package."
fi

source scripts/bare-root.sh
commit=${COMMIT:-HEAD}
declared=$(git show "$commit:pyproject.toml" | sed -n 's/^version = "\(.*\)"$/\1/p')
version=${DEB_VERSION:-$declared}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct "$commit")}
target=${OUT:-dist}
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
roots=${ROOTS:-$work/roots}
mkdir -p "$roots" "$target"

started=$SECONDS
say "making a bare Debian 13 …"
make_kept_root "$roots" base "$PYTHON_ROOT"
mkdir "$work/root"
tar -x --numeric-owner -C "$work/root" -f "$roots/base.tar" --exclude='./dev/*'
for device in null zero full random urandom; do
  cp -a "/dev/$device" "$work/root/dev/"
done
mkdir "$work/root/src"
git archive "$commit" | tar -x -C "$work/root/src"
say "installing the locked packages for Python 3.13 and 3.11, and packing …"
in_bare_root "$work/root" root env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" \
  bash /src/scripts/deb/assemble.sh "$version"
cp "$work/root/build/hotline_${version}_amd64.deb" "$target/"
size=$(du -h "$target/hotline_${version}_amd64.deb" | cut -f1)
say "$target/hotline_${version}_amd64.deb: $size after $((SECONDS - started)) s"
