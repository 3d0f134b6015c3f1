"""An import whose process is killed: the list stays as it was, and the same command does it all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.context import build_context
from hotline.core.settings import load_settings
from hotline.migrations.run import upgrade
from triage.hashlists import service
from triage.hashlists.models import HashEntryRow

IMPORTER = """
import sys, time
from pathlib import Path
from hotline.core.context import build_context, utc_now
from hotline.core.settings import load_settings
from triage.hashlists import formats, service

folder, file, stop = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
context = build_context(load_settings())

def tick(rows):
    if rows >= stop:
        print("in the middle", flush=True)
        time.sleep(60)

with file.open("rb") as stream, context.database.writing() as session:
    digest = service.digest_of(stream)
    target = service.create_list(session, "list", actor="t", now=utc_now())
    done = service.import_version(
        session, target, formats.parse("lines", stream), digest=digest, whole=True, actor="t",
        now=utc_now(), tick=tick if stop else lambda rows: None,
    )
print(done.version, done.added, done.removed)
"""


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_a_killed_import_leaves_nothing_and_can_be_done_again(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = f"sqlite:///{tmp_path / 'hotline.db'}"
    if server == "postgresql":
        database = request.getfixturevalue("postgres_url")
    environment = os.environ | {
        "HOTLINE_DATABASE_URL": database,
        "HOTLINE_DATA_DIR": str(tmp_path / "var"),
        "HOTLINE_SECRETS_DIR": str(tmp_path / "secrets"),
    }
    context = build_context(
        load_settings(data_dir=tmp_path / "var", secrets_dir=tmp_path / "secrets",
                      database_url=database)
    )  # fmt: skip
    upgrade(context.database)
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("".join(f"{number:032x}\n" for number in range(1, 11)))
    second.write_text("".join(f"{number:032x}\n" for number in range(6, 50_000)))

    def importing(file: Path, stop: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", IMPORTER, str(tmp_path), str(file), str(stop)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def entries() -> int:
        with context.database.reading() as session:
            current = select(HashEntryRow.id).where(HashEntryRow.removed_in.is_(None))
            return len(session.scalars(current).all())

    assert importing(first, 0).communicate(timeout=60)[0] == "1 10 0\n"
    killed = importing(second, 20_000)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "in the middle\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert entries() == 10
    with context.database.reading() as session:
        assert len(service.versions(session, service.named(session, "list"))) == 1
    assert importing(second, 0).communicate(timeout=60)[0] == "2 49989 5\n"
    assert entries() == 49_994
    context.close()
