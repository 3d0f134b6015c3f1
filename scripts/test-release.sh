#!/usr/bin/env bash
# Two releases of one commit are equal byte by byte, made in different folders, at different times, by
# different settings of the shell; the signature of the checksums holds, and that of changed ones does
# not; what must not be released is refused.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
say() { printf '%s\n' "test-release: $*" >&2; }
fail() { say "$*"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)

# release TREE OUT OPTION…
release() {
  local tree=$1 out=$2
  shift 2
  "$here/.venv/bin/python" "$tree/scripts/release.py" --out "$out" "$@"
}

# A clone in which the section of the changelog has the version's name, as it has in a release.
git clone -q "$here" "$work/first"
cd "$work/first"
git config user.name test
git config user.email test@hotline.example
if ! grep -q "^## \[$version\] - " CHANGELOG.md; then
  if release . "$work/none" 2> "$work/said"; then fail "A version without changes was released."; fi
  grep -q "no section '## \[$version\]" "$work/said" || fail "It says: $(cat "$work/said")"
  sed -i "s/^## \[Unreleased\]$/## [$version] - 2026-01-01/" CHANGELOG.md
fi
echo "one more line" >> README.md
if release . "$work/none" 2> "$work/said"; then fail "What is not committed was released."; fi
grep -q "not committed" "$work/said" || fail "It says: $(cat "$work/said")"
git commit -q -a -m "A release"
git tag v9.9.9
if release . "$work/none" 2> "$work/said"; then fail "A tag of another version was passed over."; fi
git tag -d v9.9.9 >/dev/null
git tag "v$version"
[ ! -e "$work/none" ] || fail "A refused release leaves files."

ssh-keygen -q -t ed25519 -N "" -C releases -f "$work/key"
git clone -q "$work/first" "$work/another folder"
release . "$work/one" --key "$work/key"
sleep 2 # what notes the time of making shows now
(umask 077; TZ=Asia/Tokyo LC_ALL=C PYTHONHASHSEED=7 \
  release "$work/another folder" "$work/two" --key "$work/key" >/dev/null)
diff -r "$work/one" "$work/two" || fail "Two builds of one commit differ."

cd "$work/one"
sha256sum --quiet --check SHA256SUMS || fail "The checksums are wrong."
listed=$(wc -l < SHA256SUMS)
[ "$listed" = "$(find . -type f ! -name 'SHA256SUMS*' | wc -l)" ] || fail "A file has no checksum."
echo "releases $(cut -d ' ' -f 1,2 "$work/key.pub")" > "$work/signers"
verify() {
  ssh-keygen -Y verify -f "$work/signers" -I releases -n hotline-release -s SHA256SUMS.sig
}
verify < SHA256SUMS >/dev/null || fail "The signature does not hold."
if sed 's/^./x/' SHA256SUMS | verify >/dev/null 2>&1; then fail "A signature of something else holds."; fi

# The wheel holds all four packages with their data files, and is what the archive makes.
python3 - "$version" <<'PYTHON'
import json, sys, tarfile, zipfile
from pathlib import Path
version = sys.argv[1]
wheel = set(zipfile.ZipFile(f"hotline-{version}-py3-none-any.whl").namelist())
archive = tarfile.open(f"hotline-{version}.tar.gz").getnames()
packages = ("hotline", "triage", "partners", "workers")
sources = {
    name.split("/", 1)[1] for name in archive
    if name.split("/")[1:2] and name.split("/")[1] in packages and Path(name).suffix
}
missing = sorted(sources - wheel)
assert not missing, f"not in the wheel: {missing[:5]}"
components = json.loads(Path(f"hotline-{version}.cdx.json").read_text())
assert components["bomFormat"] == "CycloneDX" and len(components["components"]) > 50
statement = json.loads(Path(f"hotline-{version}.provenance.json").read_text())
assert len(statement["subject"]) == 4, statement["subject"]
PYTHON
say "ok: two builds are equal, the signature holds ($((SECONDS - started)) s)"
