"""Every part of a deployment has its limits: memory, tasks, calls of the system, connections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
NGINX = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text()


def lines_of(unit: Path) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in unit.read_text().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_has_limits(unit: Path) -> None:
    lines = lines_of(unit)
    assert re.fullmatch(r"\d+[MG]", lines["MemoryMax"])
    assert lines["MemorySwapMax"] == "0", "words must not reach a disk"
    assert 16 <= int(lines["TasksMax"]) <= 512
    calls = lines["SystemCallFilter"].split()
    assert calls[0] == "@system-service"
    fetches = unit.stem != "hotline-redis"
    assert ({"seccomp", "landlock_restrict_self"} <= set(calls)) is fetches


def test_there_are_units() -> None:
    assert len(UNITS) >= 5


def test_a_container_has_limits() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert service["mem_limit"], name
        assert service["memswap_limit"] == service["mem_limit"], name
        assert service["pids_limit"], name


def test_the_proxy_limits_connections_and_knows_no_other_names() -> None:
    default = re.search(
        r"server \{\s*listen 443 ssl default_server;(.*?)\}", NGINX, re.DOTALL
    )
    assert default and "return 444;" in default[1]
    assert "proxy_pass" not in default[1]
    zones = set(re.findall(r"limit_conn_zone \S+ zone=(\w+):", NGINX))
    assert set(re.findall(r"^limit_conn (\w+) \d+;", NGINX, re.M)) == zones
    assert len(zones) == 2
    for name in ("client_header", "client_body", "send"):
        assert re.search(rf"^{name}_timeout \d+s;", NGINX, re.MULTILINE)
