"""The version before goes on, on the new schema, beside the new version: its real code, running.

Its code is taken from the history of this repository; where there is none, as in the archive of a
release, ``tests/workers/migrations/test_version_before.py`` has to do: it needs the schema alone.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from tests.system.conftest import Service, WebHost
from workers.migrations.run import newest_revision
from workers.migrations.serving import VERSION_BEFORE

COMMIT_BEFORE = "8cb7a441c5d8959c1b20b4abaa7964679bdd124a"
"""Of the version before. A release moves it, together with ``VERSION_BEFORE``."""
ROOT = Path(__file__).parents[2]
EACH = 6


@pytest.fixture
def code_before(tmp_path: Path) -> Path:
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", COMMIT_BEFORE],
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        pytest.skip(f"no history with {COMMIT_BEFORE[:8]} here")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def test_both_versions_work_on_the_new_schema(
    shared_stores: dict[str, str],
    web_host: WebHost,
    code_before: Path,
    tmp_path: Path,
    service: Callable[..., Service],
) -> None:
    old = service(**shared_stores)
    old.settings["PYTHONPATH"] = str(code_before)
    old.start()
    assert schema_of(old) == VERSION_BEFORE
    report(old, web_host, "old on its own schema")
    old.wait_examined(EACH)

    (tmp_path / "new").mkdir()
    new = Service(tmp_path / "new", **shared_stores)
    new.run("db", "upgrade")
    assert schema_of(new) == newest_revision()
    report(old, web_host, "old on the new schema")
    old.wait_examined(2 * EACH)

    try:
        new.start()
        report(old, web_host, "old beside new")
        report(new, web_host, "new beside old")
        new.wait_examined(4 * EACH)
        assert errors_of(new) == []
    finally:
        new.stop()
    assert old.stop() == 0
    assert errors_of(old) == []


def report(service: Service, web_host: WebHost, name: str) -> None:
    """Some reports, each of a page of its own."""
    for number in range(EACH):
        path = f"/{name.replace(' ', '-')}/{number}"
        web_host.put(path, f"<p>{name} {number}</p>")
        receipt = service.post_report(locations=[web_host.url(path)])
        assert service.status(receipt)


def schema_of(service: Service) -> str:
    ((revision,),) = service.query("SELECT version_num FROM alembic_version")
    return str(revision)


def errors_of(service: Service) -> list[str]:
    """Lines of its log that say that something failed."""
    lines = [
        json.loads(line)
        for line in service.log.read_text().splitlines()
        if line.startswith("{")
    ]
    return [
        line["event"]
        for line in lines
        if line["level"] in ("error", "critical")
    ]
