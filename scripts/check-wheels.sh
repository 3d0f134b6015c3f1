#!/usr/bin/env bash
# Has every locked package a wheel for each supported Python, on the oldest supported system?
# Packages that exist as source only are named in the lock files by --no-binary; of those it is
# checked that they are pure Python, so that no machine needs a compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
pythons=(3.11 3.12 3.13 3.14)
# Ubuntu 22.04 has the oldest C library of the systems that we support, glibc 2.35.
platform=x86_64-manylinux_2_35
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# lock_without_sources LOCK: the lock, less the packages that are built here.
lock_without_sources() {
  awk '
    /^--no-binary / { source[$2] = 1; next }
    /^[a-z0-9]/     { split($0, name, /==/); skip = (name[1] in source) }
    !skip
  ' "$1"
}

# sources_of LOCK…: names of the packages that are built here.
sources_of() {
  awk '/^--no-binary / { print $2 }' "$@"
}

for lock in run traces dev tools sbom docs; do
  file=requirements/$lock.lock
  lock_without_sources "$file" > "$scratch/$lock.lock"
  for python in "${pythons[@]}"; do
    # Into an empty folder, so that nothing counts as installed already; nothing is installed either.
    if "$uv" pip install -q --dry-run --no-deps --target "$scratch/empty" --require-hashes \
      --only-binary :all: --python-version "$python" --python-platform "$platform" \
      -r "$scratch/$lock.lock" > "$scratch/said" 2>&1
    then
      echo "Python $python, $lock.lock: a wheel for every package"
    else
      echo "Python $python, $lock.lock: NOT every package has a wheel"
      cat "$scratch/said"
      failed=1
    fi
  done
done

for name in $(sources_of requirements/run.lock requirements/dev.lock | sort -u); do
  # What set-up built of the source says itself for what it was made.
  tag=$(cat .venv/lib/python*/site-packages/"$name"-*.dist-info/WHEEL 2>/dev/null | grep '^Tag: ' || true)
  if [ "$tag" = "Tag: py3-none-any" ]; then
    echo "$name: source only, pure Python; set-up makes the wheel"
  else
    echo "$name: source only, and NOT pure Python: ${tag:-it was not built}"
    failed=1
  fi
done
exit "$failed"
