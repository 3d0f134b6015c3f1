"""Make a release of the committed tree: source archive, wheel, list of components, changes,
provenance and checksums. Two builds of one commit with the same tools are equal byte by byte.

``release.py [--out dist] [--key FILE]``: with a private key of OpenSSH the checksums are signed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

LOCKS = ("run", "tools", "sbom")
# What a signature is for, so that one of something else does not count for it.
PURPOSE = "hotline-release"


class Refused(RuntimeError):
    """The tree is in no state to be released; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is released."""

    tree: Path
    """A folder with the committed files and nothing else."""
    version: str
    commit: str
    epoch: int
    """The commit's time: the only time that stands in anything made here."""

    @property
    def name(self) -> str:
        return f"hotline-{self.version}"


def run(*words: str, cwd: Path | None = None, epoch: int = 0) -> bytes:
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(epoch),
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        words, cwd=cwd, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise Refused(f"'{' '.join(words)}' failed; the cause stands above.")
    return done.stdout


def ask_git(repository: Path, *words: str) -> str:
    return run("git", "-C", str(repository), *words).decode().strip()


# --- May it be released?


def find_section(changelog: str, version: str) -> str:
    """What CHANGELOG.md says of one version, without its heading."""
    found = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if not found:
        raise Refused(
            f"CHANGELOG.md has no section '## [{version}] - DATE'. Give the section"
            " [Unreleased] that heading, and commit."
        )
    return found[1].strip() + "\n"


def find_version(tree: Path) -> str:
    """The version, which every place that names it has to name alike."""
    project = tomllib.loads((tree / "pyproject.toml").read_text())
    version = str(project["project"]["version"])
    places = {
        "hotline/__init__.py": rf'^__version__ = "{re.escape(version)}"$',
        "compose.yaml": rf"^  image: hotline-service:{re.escape(version)}$",
    }
    for name, line in places.items():
        if not re.search(line, (tree / name).read_text(), re.MULTILINE):
            raise Refused(f"{name} names another version than {version}.")
    return version


def check_repository(repository: Path) -> None:
    if ask_git(repository, "status", "--porcelain"):
        raise Refused("Something is not committed. Commit it or stash it.")


def check_tags(repository: Path, version: str) -> None:
    tags = ask_git(repository, "tag", "--points-at", "HEAD").split()
    if tags and f"v{version}" not in tags:
        raise Refused(
            f"The commit is tagged {', '.join(tags)}, but its version is {version}."
        )


def take_tree(repository: Path, folder: Path) -> Release:
    """The committed files, taken out into a folder of their own."""
    check_repository(repository)
    commit = ask_git(repository, "rev-parse", "HEAD")
    epoch = int(ask_git(repository, "log", "-1", "--format=%ct"))
    archive = run("git", "-C", str(repository), "archive", commit)
    tree = folder / "tree"
    tree.mkdir()
    subprocess.run(
        ["tar", "-x", "--no-same-permissions", "-C", str(tree)],
        input=archive,
        check=True,
    )
    version = find_version(tree)
    check_tags(repository, version)
    return Release(tree, version, commit, epoch)


# --- Make it


def make_tools(release: Release, folder: Path, uv: str) -> Path:
    """An environment with the locked tools; returns its folder of programs."""
    run(uv, "venv", "-q", "--python", sys.executable, str(folder))
    install = (uv, "pip", "install", "-q", "--require-hashes")
    python = folder / "bin" / "python"
    for lock in ("tools", "sbom"):
        file = release.tree / "requirements" / f"{lock}.lock"
        run(*install, "--python", str(python), "-r", str(file))
    return folder / "bin"


def make_source_archive(release: Release, repository: Path, out: Path) -> Path:
    prefix = f"--prefix={release.name}/"
    words = ("git", "-C", str(repository), "archive", prefix, release.commit)
    target = out / f"{release.name}.tar.gz"
    # No name and no time of its own in the archive's head.
    target.write_bytes(gzip.compress(run(*words), compresslevel=9, mtime=0))
    return target


def make_wheel(release: Release, tools: Path, out: Path) -> Path:
    run(
        *(str(tools / "uv"), "build", "-q", "--wheel", "--no-build-isolation"),
        *("--python", str(tools / "python"), "--out-dir", str(out)),
        str(release.tree),
        epoch=release.epoch,
    )
    # uv writes a file that keeps its folder out of git.
    (out / ".gitignore").unlink(missing_ok=True)
    (wheel,) = out.glob("*.whl")
    return wheel


def make_components(release: Release, tools: Path, out: Path) -> Path:
    """Every package that may be installed, with the hash of each of its wheels (CycloneDX)."""
    target = out / f"{release.name}.cdx.json"
    run(
        *(
            str(tools / "cyclonedx-py"),
            "requirements",
            "--output-reproducible",
        ),
        *("--pyproject", str(release.tree / "pyproject.toml")),
        *("--spec-version", "1.6", "--of", "JSON", "--validate"),
        *("-o", str(target), "requirements/run.lock"),
        cwd=release.tree,
        epoch=release.epoch,
    )
    return target


def make_changes(release: Release, out: Path) -> Path:
    text = (release.tree / "CHANGELOG.md").read_text()
    target = out / f"{release.name}.changes.md"
    target.write_text(find_section(text, release.version))
    return target


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_provenance(
    release: Release, tools: Path, made: list[Path], out: Path
) -> Path:
    """What was made, from which commit, with which tools: a statement of in-toto and SLSA."""
    locks = [f"requirements/{name}.lock" for name in LOCKS]
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": path.name, "digest": {"sha256": digest_of(path)}}
            for path in sorted(made)
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:hotline:make-release:1",
                "externalParameters": {
                    "version": release.version,
                    "sourceDateEpoch": release.epoch,
                },
                "resolvedDependencies": [
                    {
                        "name": "source",
                        "digest": {"gitCommit": release.commit},
                    },
                    *(
                        {
                            "name": name,
                            "digest": {
                                "sha256": digest_of(release.tree / name)
                            },
                        }
                        for name in locks
                    ),
                ],
            },
            "runDetails": {
                "builder": {
                    "id": "urn:hotline:scripts/release.py",
                    "version": tool_versions(tools),
                }
            },
        },
    }
    target = out / f"{release.name}.provenance.json"
    target.write_text(json.dumps(statement, indent=2, sort_keys=True) + "\n")
    return target


def tool_versions(tools: Path) -> dict[str, str]:
    program = (
        "import json, platform; from importlib.metadata import version; "
        "print(json.dumps({'python': platform.python_version(), "
        "**{n: version(n) for n in ('cyclonedx-bom', 'setuptools', 'uv')}}))"
    )
    answer = run(str(tools / "python"), "-c", program)
    versions: dict[str, str] = json.loads(answer)
    git = run("git", "version").decode().split()[2]
    return {**versions, "git": git}


def write_checksums(made: list[Path], out: Path) -> Path:
    """In the form that ``sha256sum --check`` reads."""
    target = out / "SHA256SUMS"
    target.write_text(
        "".join(f"{digest_of(path)}  {path.name}\n" for path in sorted(made))
    )
    return target


def sign(checksums: Path, key: Path) -> None:
    words = ("ssh-keygen", "-Y", "sign", "-n", PURPOSE, "-f", str(key))
    run(*words, str(checksums))


def make_release(repository: Path, out: Path, key: Path | None) -> Release:
    """Everything, or nothing: what is in ``out`` is replaced at the end."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:/usr/bin")
    if uv is None:
        raise Refused("uv is missing. Run: scripts/setup.sh dev")
    if key is not None and not key.is_file():
        raise Refused(f"The key {key} is not there.")
    # Wheels hold the permissions of files, which this decides.
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        release = take_tree(repository, folder)
        made_in = folder / "made"
        made_in.mkdir()
        changes = make_changes(release, made_in)
        tools = make_tools(release, folder / "tools", uv)
        made = [
            changes,
            make_source_archive(release, repository, made_in),
            make_wheel(release, tools, made_in),
            make_components(release, tools, made_in),
        ]
        made.append(make_provenance(release, tools, made, made_in))
        checksums = write_checksums(made, made_in)
        if key is not None:
            sign(checksums, key.resolve())
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made_in, out)
    return release


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a release.")
    parser.add_argument("--out", type=Path, help="default: dist/release")
    parser.add_argument("--key", type=Path, help="signs the checksums")
    given = parser.parse_args()
    repository = Path(__file__).resolve().parents[1]
    try:
        out = given.out or repository / "dist" / "release"
        release = make_release(repository, out, given.key)
    except Refused as refused:
        sys.exit(f"release: {refused}")
    signed = "signed" if given.key else "not signed: no key was given"
    print(f"{release.name} from {release.commit[:12]} in {out} ({signed}):")
    for path in sorted(out.iterdir()):
        print(f"  {path.stat().st_size:>10,}  {path.name}")


if __name__ == "__main__":
    main()
