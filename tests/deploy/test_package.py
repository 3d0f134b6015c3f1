"""The Debian package's parts agree with each other; scripts/test-deb.sh lives with the package."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from workers.queues.pools import Pool

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
DEBIAN = ROOT / "deploy" / "debian"
ASSEMBLE = (ROOT / "scripts" / "deb" / "assemble.sh").read_text()


def wanted_by_the_target() -> set[str]:
    text = (UNITS / "hotline.target").read_text()
    lines = re.findall(r"^Wants=(.+)$", text, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_the_target_starts_everything() -> None:
    wanted = wanted_by_the_target()
    parts = {"redis", "migrate", "web", "scheduler"}
    assert {f"hotline-{part}.service" for part in parts} <= wanted
    for pool in Pool:
        names = {f"hotline-worker@{pool}.service", f"hotline-{pool}@1.service"}
        assert names & wanted, pool
    for name in wanted:
        assert (UNITS / re.sub(r"@.+\.", "@.", name)).is_file(), name


@pytest.mark.parametrize(
    "unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem
)
def test_every_unit_stops_with_the_target(unit: Path) -> None:
    assert "PartOf=hotline.target" in unit.read_text().splitlines()


def test_all_credentials_of_the_units_are_made_at_installation() -> None:
    loaded = set()
    for unit in UNITS.glob("*.service"):
        loaded |= set(
            re.findall(r"LoadCredential=\w+:(\S+)", unit.read_text())
        )
    made = re.findall(
        r"write_missing (/\S+) ", (DEBIAN / "postinst").read_text()
    )
    assert loaded == set(made)


def test_every_part_means_the_same_pythons() -> None:
    found = re.search(r"^pythons=\((.+)\)$", ASSEMBLE, re.MULTILINE)
    assert found
    pythons = found[1].split()
    for name in ("program.sh", "postinst"):
        text = (DEBIAN / name).read_text()
        assert f"for version in {' '.join(pythons)}; do" in text, name
    alternatives = " | ".join(f"python{version}" for version in pythons)
    assert f"Depends: {alternatives}," in ASSEMBLE


@pytest.mark.parametrize(
    "script", ["postinst", "prerm", "postrm", "program.sh", "operator.sh"]
)
def test_a_script_can_be_read_by_the_shell(script: str) -> None:
    path = str(DEBIAN / script)
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


def test_only_who_was_told_removes_data() -> None:
    removals = re.findall(
        r"^(.*)rm -rf (.*)$", (DEBIAN / "postrm").read_text(), re.MULTILINE
    )
    real = [where for before, where in removals if "echo" not in before]
    assert real == ["/var/lib/hotline /etc/hotline"]
    text = (DEBIAN / "postrm").read_text()
    assert text.index('if [ -e "$told" ]') < text.index(f"rm -rf {real[0]}")
