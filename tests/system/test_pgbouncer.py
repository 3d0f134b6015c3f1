"""The service behind PgBouncer, which gives each transaction another session of PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import TimeoutError as NoConnection

from hotline.core.context import utc_now
from hotline.core.storage.database import Database
from hotline.core.storage.servers.pools import Pools
from hotline.core.storage.servers.write_mark import touch_mark
from tests.support.at_once import run_at_once
from tests.system.conftest import free_port

SESSIONS = 4


@pytest.fixture
def pgbouncer(postgres_url: str) -> Iterator[str]:
    """URL of the same database by PgBouncer in transaction mode, with four sessions behind it."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("PgBouncer is not installed here")
    url = make_url(postgres_url)
    server = url.query.get("host") or url.host
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="hotline-pool-"))
    users = folder / "users.txt"
    users.write_text('"postgres" "example-password"\n')
    file = folder / "pgbouncer.ini"
    file.write_text(
        f"[databases]\n* = host={server}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {users}\n"
        f"pool_mode = transaction\ndefault_pool_size = {SESSIONS}\n"
        f"max_client_conn = 200\npidfile = {folder / 'pid'}\n"
    )
    command = [program, str(file)]
    user: str | None = None
    if os.geteuid() == 0:  # it refuses to be root, as PostgreSQL does
        user = pwd.getpwuid(Path(str(server)).stat().st_uid).pw_name
        shutil.chown(folder, user)
        folder.chmod(0o755)
    process = subprocess.Popen(command, user=user, stderr=subprocess.DEVNULL)
    pooled = f"postgresql://postgres@127.0.0.1:{port}/{url.database}"
    _wait_for(pooled)
    yield pooled
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        database = Database(url, only_reading=True)
        try:
            with database.reading() as session:
                session.execute(text("SELECT 1"))
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        finally:
            database.dispose()


def test_reports_are_examined_once_behind_pgbouncer(
    service: Callable[..., Any],
    web_host: Any,
    redis_server: Any,
    postgres_url: str,
    pgbouncer: str,
) -> None:
    up = service(
        REDIS_URL=redis_server.url,
        DATABASE_URL=pgbouncer,
        DATABASE_DIRECT_URL=postgres_url,
        DATABASE_SHARES_SESSIONS="true",
        DATABASE_CONNECTIONS="10",
    )
    up.run("db", "upgrade")
    up.start()
    for number in range(20):
        page = web_host.put(f"/page{number}", f"<p>{number}</p>")
        up.post_report(locations=[page])
    up.wait_examined(20)
    asked = [path for path in web_host.asked if path.startswith("/page")]
    assert sorted(asked) == sorted(f"/page{n}" for n in range(20))
    up.wait(
        lambda: (
            not up.query(
                "SELECT 1 FROM audit_entry WHERE number IS NULL LIMIT 1"
            )
        )
    )
    log = up.log.read_text()
    assert "prepared statement" not in log
    assert "tick_failed" not in log
    assert up.stop() == 0
    assert "Intact" in up.run("audit", "verify").stdout


def test_sessions_of_others_do_not_matter(pgbouncer: str) -> None:
    """Many threads, few sessions: with prepared statements they would meet each other's names."""
    database = Database(pgbouncer, pools=Pools(kept=8, most=8, shared=True))

    def ask() -> None:
        for _ in range(30):
            # Committed: a rollback has the driver forget what it prepared.
            with database.writing() as session:
                word = uuid.uuid4().hex
                question = text("SELECT CAST(:word AS text)")
                assert session.scalar(question, {"word": word}) == word

    results = run_at_once(*[ask] * 8)
    database.dispose()
    assert results == [None] * 8


def test_a_pool_opens_no_more_than_it_may(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.core.storage.servers.pools.WAIT_SECONDS", 0.2)
    database = Database(postgres_url, pools=Pools(kept=1, most=2))
    with database.reading() as first, database.reading() as second:
        first.execute(text("SELECT 1"))
        second.execute(text("SELECT 1"))
        with pytest.raises(NoConnection), database.reading() as third:
            touch_mark(third, utc_now())
    database.dispose()
