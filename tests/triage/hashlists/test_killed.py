"""An import whose process is killed: the list stays as it was, and the same command goes on from
where it stopped; reports are stored meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hotline.core.context import Context, build_context
from hotline.core.settings import load_settings
from hotline.intake import service as intake
from hotline.intake.submission import Submission
from triage.hashlists import service, versions
from triage.hashlists.models import HashEntryRow, HashImport, HashImportRow
from workers.migrations.run import upgrade_schema

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ROWS = 49_994
IMPORTER = """
import sys, time
from hotline.core.context import build_context, utc_now
from hotline.core.settings import load_settings
from triage.hashlists.imports import importing

def tick(_):
    seen.append(1)
    if len(seen) == 2:
        print("in the middle", flush=True)
        time.sleep(60)

seen = []
with open(sys.argv[1], "rb") as stream:
    importing.import_file(build_context(load_settings()), "list", stream, form="lines",
                          whole=True, actor="t", clock=utc_now, tick=tick)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Context]:
    """A database that other processes open too, by the settings in the environment."""
    database = f"sqlite:///{tmp_path / 'hotline.db'}"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("HOTLINE_SECRETS_DIR", str(tmp_path / "secrets"))
    context = build_context(load_settings())
    upgrade_schema(context.database)
    yield context
    context.close()


def test_a_killed_import_is_resumed_and_blocks_no_report(
    house: Context, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("".join(f"{number:032x}\n" for number in range(1, 11)))
    lines = [f"{number:032x}\n" for number in range(6, 6 + ROWS)]
    second.write_text("not a hash\n" + "".join(lines))
    assert "version 1, 10 added, 0 removed, 0 lines" in _imported(first).stdout
    killed = subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(second)],
        env=os.environ,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"in the middle\n"
    with (
        house.database.writing() as session
    ):  # the import is under way and holds no lock
        submission = Submission.model_validate(
            {
                "locations": ["https://host.example/a"],
                "kind": "csam_image",
                "language": "en",
            }
        )
        intake.receive_report(
            session, house, submission, channel="form", now=NOW
        )
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert _state(house) == (10, 1, 40_000, 39_999)

    done = _imported(second)
    assert "goes on behind the first 40,000 records" in done.stderr
    assert (
        f"version 2, {ROWS - 5} added, 5 removed, 1 lines not read"
        in done.stdout
    )
    assert "line 1: the line is not a hash" in done.stderr
    assert _state(house) == (ROWS, 2, None, 0)


def test_another_file_begins_anew(house: Context, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("".join(f"{number:032x}\n" for number in range(1, ROWS)))
    killed = subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(file)],
        env=os.environ,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.kill()
    killed.communicate(timeout=30)
    file.write_text("".join(f"{number:032x}\n" for number in range(1, 6)))
    done = _imported(file)
    assert "goes on" not in done.stderr
    assert _state(house) == (5, 1, None, 0)


def _imported(file: Path) -> subprocess.CompletedProcess[str]:
    """The command itself, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "workers",
        "hashlist",
        "import",
        "list",
        str(file),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def _state(context: Context) -> tuple[int | None, int, int | None, int | None]:
    """Current entries, versions, and what is staged: records that were read, rows."""
    with context.database.reading() as session:
        count = select(func.count())
        return (
            session.scalar(
                count.select_from(HashEntryRow).where(
                    HashEntryRow.removed_in.is_(None)
                )
            ),
            len(
                versions.list_versions(
                    session, service.find_list(session, "list")
                )
            ),
            session.scalar(select(HashImport.records)),
            session.scalar(count.select_from(HashImportRow)),
        )
