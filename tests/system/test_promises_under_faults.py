"""What was reported stands in the database alone, also while database, Redis or disk fail.

Reports with sentinels go in before, during and after each fault. Afterwards everything outside the
database is searched for them, in every form in which a program may write them.
"""

from __future__ import annotations

import base64
import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest
import redis
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

PLACE = "sentinel-place-7f3c91ab"
WORDS = "fjalët-sentinel-të-frikësuara-d34db3"
CONTACT = "sentinel-contact-c0ffee@sentinel.example"
FAULT_SECONDS = 6.0
MOST_LINES = 400
"""A fault of seconds with a dozen reports; each kind is said a few times and then counted."""


def forms(sentinel: str) -> Iterator[bytes]:
    """As text, escaped for JSON, Python and URLs, in hexadecimal, and in base64 at any offset."""
    plain = sentinel.encode()
    yield from (
        plain,
        json.dumps(sentinel).strip('"').encode(),
        ascii(sentinel)[1:-1].encode(),
    )
    yield from (repr(plain)[2:-1].encode(), quote(sentinel, safe="").encode())
    yield from (quote(sentinel).encode(), plain.hex().encode())
    for offset in range(3):
        # What lies around it changes the letters at both ends; those between stay.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(offset) + plain)[4:-4]


class Reporter:
    """Reports in every way, with the sentinels in them, whatever the service answers."""

    def __init__(self, up: Any, host: Any) -> None:
        self.up, self.host, self.count = up, host, 0
        self.answers: list[int] = []

    def report(self, times: int = 3) -> None:
        for _ in range(times):
            self.count += 1
            place = self.host.put(
                f"/{PLACE}-{self.count}?q={PLACE}", "<p>x</p>"
            )
            body = {
                "locations": [place],
                "narrative": WORDS,
                "contact": CONTACT,
            }
            self._post("/api/v1/reports", json={"language": "en", **body})
            self._post("/api/v1/reports", json={**body, "language": WORDS})
            self._post(
                "/api/v1/reports/status", json={"receipt": f"{PLACE}-0000"}
            )
            self._post(
                "/report/all", data={"locations": place, "narrative": WORDS}
            )
            self._post(f"/{PLACE}", data={"contact": CONTACT})

    def _post(self, path: str, **body: Any) -> None:
        try:
            answer = httpx.post(
                f"{self.up.url}{path}", timeout=45, trust_env=False, **body
            )
            self.answers.append(answer.status_code)
        except httpx.HTTPError:
            self.answers.append(0)


def read_only(up: Any, url: str) -> Callable[[], None]:
    """PostgreSQL refuses to write: jobs fail, and so does the note of their failure."""
    _on_postgres(
        url, "ALTER DATABASE {name} SET default_transaction_read_only = on"
    )
    return lambda: _on_postgres(
        url, "ALTER DATABASE {name} RESET default_transaction_read_only"
    )


def gone(up: Any, url: str) -> Callable[[], None]:
    """PostgreSQL takes no connection."""
    _on_postgres(url, "ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    return lambda: _on_postgres(
        url, "ALTER DATABASE {name} ALLOW_CONNECTIONS true"
    )


def a_check_that_quotes(up: Any, url: str) -> Callable[[], None]:
    """PostgreSQL refuses rows, and quotes the failing row in its error."""
    add = "ALTER TABLE {table} ADD CONSTRAINT refused CHECK (false) NOT VALID"
    drop = "ALTER TABLE {table} DROP CONSTRAINT refused"
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool
    )

    def alter(statement: str) -> None:
        # One table a transaction: the service is at work, and two locks at once are a deadlock.
        for table in ("report", "report_part", "outbox", "item", "visit"):
            with engine.begin() as connection:
                there = connection.scalar(
                    text("SELECT to_regclass(:t)"), {"t": table}
                )
                if there:
                    connection.execute(text(statement.format(table=table)))

    alter(add)
    return lambda: alter(drop)


def _on_postgres(url: str, statement: str) -> None:
    target = make_url(url).set(drivername="postgresql+psycopg")
    name = target.database
    engine = create_engine(
        target.set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement.format(name=name)))
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            ),
            {"name": name},
        )
    engine.dispose()


def full_disk(up: Any, _url: str) -> Callable[[], None]:
    """No file may grow: SQLite's log of writes, the heads of the audit log, an index."""
    tree = [
        psutil.Process(up.process.pid),
        *psutil.Process(up.process.pid).children(True),
    ]
    hotline = [
        each
        for each in tree
        if "triage.fetching.process.child" not in " ".join(each.cmdline())
    ]

    def limit(most: int) -> None:
        for each in hotline:
            if each.is_running():
                hard = resource.prlimit(each.pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (most, hard))

    limit(4096)
    return lambda: limit(resource.RLIM_INFINITY)


@pytest.mark.parametrize("fault", [read_only, gone, a_check_that_quotes])
def test_a_failing_postgresql(
    fault: Callable[..., Callable[[], None]],
    service: Callable[..., Any],
    web_host: Any,
    redis_server: Any,
    postgres_url: str,
) -> None:
    up = service(
        REDIS_URL=redis_server.url,
        DATABASE_URL=postgres_url,
        JOB_ATTEMPTS="20",
    ).start()
    _report_around(lambda: fault(up, postgres_url), up, web_host)
    _nothing_is_anywhere(up, redis_server.client())


def test_a_full_disk(
    service: Callable[..., Any], web_host: Any, redis_server: Any
) -> None:
    up = service(REDIS_URL=redis_server.url, JOB_ATTEMPTS="20")
    up.start(log_through_pipe=True)
    _report_around(lambda: full_disk(up, ""), up, web_host)
    _nothing_is_anywhere(up, redis_server.client())


def test_a_redis_that_is_killed(
    service: Callable[..., Any], web_host: Any, redis_server: Any
) -> None:
    def kill() -> Callable[[], None]:
        redis_server.stop()
        return lambda: redis_server.start()

    up = service(REDIS_URL=redis_server.url).start()
    _report_around(kill, up, web_host)
    _nothing_is_anywhere(up, redis_server.client())


def _report_around(
    inject: Callable[[], Callable[[], None]], up: Any, host: Any
) -> None:
    reporter = Reporter(up, host)
    reporter.report()
    heal = inject()
    until = time.monotonic() + FAULT_SECONDS
    reporter.report()
    time.sleep(max(0.0, until - time.monotonic()))
    heal()
    taken = reporter.answers.count(201)
    reporter.report()
    assert reporter.answers.count(201) == taken + 3, "it works again"


def _nothing_is_anywhere(up: Any, client: redis.Redis) -> None:
    kept = {
        f"redis {key!r}": client.dump(key) or b""
        for key in client.scan_iter("*")
    }
    kept |= {
        f"redis {key!r} name": bytes(key) for key in client.scan_iter("*")
    }
    up.stop()
    kept |= dict(_outside_the_database(up.folder))
    found = [
        (name, form)
        for name, data in kept.items()
        for sentinel in (PLACE, WORDS, CONTACT)
        for form in forms(sentinel)
        if form in data
    ]
    assert found == []
    _log_is_whole(kept["service.log"].decode())


def _outside_the_database(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if (
            path.is_file()
            and not path.is_symlink()
            and not path.name.startswith("hotline.db")
        ):
            yield str(path.relative_to(folder)), path.read_bytes()


def _log_is_whole(log: str) -> None:
    """After the greeting, which is for a person, each line is an object."""
    lines = (
        log.partition("Stop with Ctrl-C.")[2]
        .replace("Stopped.\n", "", 1)
        .split("\n")
    )
    spoken = [json.loads(line) for line in lines if line.strip()]
    assert all(isinstance(line, dict) for line in spoken)
    assert 0 < len(spoken) < MOST_LINES, "the fault was told, and counted"
