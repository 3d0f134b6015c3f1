"""From a report in the public form to the class that its case proposes, through the real service.

``hotline up`` runs in a folder of its own with the processes it always has: Redis, web server,
workers, scheduler. Only what lies outside is replaced, as the sandbox of `hotline demo` does it: a
host on loopback that the fetcher is allowed to visit, and no registries. One PDQ list of random
hashes gives the index its size, another knows the host's pictures.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from sqlalchemy import func, select

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict, Unavailable
from hotline.core.settings import load_settings
from hotline.core.storage import outbox
from hotline.intake.models import Report
from triage.cases.models import Case
from triage.hashlists import formats, service, versions
from triage.hashlists.formats import HashEntry
from triage.items.models import Item
from workers.bench import pictures, reporter
from workers.bench.load import HOST
from workers.bench.results import result, row
from workers.bench.service import House, house
from workers.migrations.run import upgrade_schema

GOAL_P95_SECONDS = 2.0
"""On an idle machine with two cores."""
CLIENTS = 4
LOOK_SECONDS = 0.01
"""How finely a latency is measured."""
PAUSE_SECONDS = 0.25
"""Between one report and the next while the service is otherwise idle."""
PATIENCE_SECONDS = 600.0
Tick = Callable[[str], None]


def run(
    *,
    size: int = 1_000_000,
    reports: int = 60,
    many: int = 400,
    workers: int = 2,
    database: str = "",
    tick: Tick = lambda _: None,
) -> dict[str, Any]:
    """``reports`` one after another, then ``many`` at once, against ``size`` random hashes.

    ``database``: URL of an empty one; SQLite in the folder if left out. ``workers``: processes.
    """
    with (
        pictures.serving() as place,
        house(_settings(database, workers)) as home,
    ):
        settings = load_settings(
            data_dir=home.folder,
            **({"database_url": database} if database else {}),
        )
        context = build_context(settings)
        try:
            _prepare(context, size, tick)
            tick("Starting the service …")
            ready = home.start()
            tick("Waiting for the index to be built …")
            _wait_until_idle(context)
            told = _measured(home, context, place, reports, many, tick)
            dialect = context.database.engine.dialect.name
        finally:
            context.close()
    return told | {
        "database": dialect,
        "index_size": size,
        "job_workers": workers,
        "ready_seconds": round(ready, 2),
        "load_average": [round(n, 2) for n in os.getloadavg()],
    }


def _settings(database: str, workers: int) -> dict[str, str]:
    """As the sandbox has them; every other setting is the default."""
    given = {
        "FETCH_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "FETCH_HOSTS": f'{{"{pictures.HOST}":"{pictures.ADDRESS}"}}',
        "RDAP_ENABLED": "false",
        "WORKERS": str(workers),
        "LOG_LEVEL": "debug",  # in which workers say how long each job took
    }
    return given | ({"DATABASE_URL": database} if database else {})


def _prepare(context: Context, size: int, tick: Tick) -> None:
    """The schema and both lists; reports of others are not written among."""
    reporter.let_everything_in(context)
    upgrade_schema(context.database)
    now = utc_now()
    with context.database.writing() as session:
        if session.scalar(select(func.count()).select_from(Report)):
            raise Conflict(
                "This database holds reports.", hint="Name an empty one."
            )
        known = formats.parse_entries("csv", pictures.known_list())
        for name, entries in (
            ("known", known),
            ("random", _random(size, tick)),
        ):
            target = service.create_list(session, name, actor="bench", now=now)
            versions.import_version(
                session,
                target,
                entries,
                digest=hashlib.sha256(name.encode()).hexdigest(),
                whole=True,
                actor="bench",
                now=now,
            )


def _random(size: int, tick: Tick) -> Iterator[HashEntry]:
    for number in range(size):
        if number % 100_000 == 0:
            tick(f"Importing known hashes: {number:,} of {size:,}")
        yield HashEntry("pdq", secrets.token_hex(32))


def _wait_until_idle(context: Context) -> None:
    """Until no work is open: the index is built, and nothing is matched anew."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with context.database.reading() as session:
            if not outbox.count_open_work(session, now=utc_now())["open"]:
                return
        time.sleep(PAUSE_SECONDS)
    raise Unavailable(
        "The service did not come to rest.", hint="Is the machine busy?"
    )


def _measured(
    home: House,
    context: Context,
    place: str,
    reports: int,
    many: int,
    tick: Tick,
) -> dict[str, Any]:
    first, *latencies = _one_by_one(home, context, place, reports + 1, tick)
    idle = home.jobs()
    rate, accepted = _at_once(
        home, context, place, range(reports + 1, reports + 1 + many), tick
    )
    busy = home.jobs()[len(idle) :]
    p95 = percentile(latencies, 95)
    figures = {
        "unit": "s at p95",
        "p50": round(statistics.median(latencies), 3),
        "max": round(max(latencies), 3),
        "first": round(first, 3),
        "reports": reports,
        **{f"{name}_ms": spent for name, spent in breakdown(idle).items()},
    }
    return result(
        "pipeline",
        "as each row says",
        [
            row(
                "idle, form to proposed class",
                p95,
                GOAL_P95_SECONDS,
                "goal",
                **figures,
            ),
            row(
                "at saturation, form to proposed class",
                rate,
                None,
                "none",
                unit="items/s",
                accepted_per_second=round(accepted, 1),
                reports=many,
                **{
                    f"{name}_ms": spent
                    for name, spent in breakdown(busy).items()
                },
            ),
        ],
    )


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def breakdown(jobs: list[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds that an item spent in each step, on average.

    ``queueing``: from the commit that posted a job to its start, both jobs together.
    """
    registered = [job for job in jobs if job["job"] == "report.received"]
    examined = [job for job in jobs if job["job"] == "item.examine"]
    if not registered or not examined:
        return {}
    parts = {
        "queueing": _mean(job["waited"] for job in registered)
        + _mean(job["waited"] for job in examined),
        "identity": _mean(job["seconds"] for job in registered),
        **{
            name: _mean(job["steps"].get(name, 0.0) for job in examined)
            for name in ("hosting", "fetch", "hash", "match")
        },
        "store": _mean(
            job["steps"]["store"] - job["steps"].get("match", 0.0)
            for job in examined
        ),
    }
    return {name: round(seconds * 1000, 1) for name, seconds in parts.items()}


def _mean(values: Iterator[float]) -> float:
    return statistics.fmean(values)


def _one_by_one(
    home: House, context: Context, place: str, count: int, tick: Tick
) -> list[float]:
    """Seconds of each report; the next is filed once the one before is through."""
    taken = []
    for number in range(count):
        url = f"{place}{number}.jpg"
        with closing(
            HTTPConnection(HOST, home.port, timeout=60)
        ) as connection:
            begun = _file(connection, url)
        _await_class(context, url, begun)
        taken.append(time.perf_counter() - begun)
        tick(f"Idle: report {number + 1} of {count}, {taken[-1]:.2f} s")
        time.sleep(PAUSE_SECONDS)
    return taken


def _await_class(context: Context, url: str, begun: float) -> None:
    proposed = (
        select(Case.id)
        .join(Item, Item.id == Case.item_id)
        .where(Item.canonical == url, Case.proposed_class != "")
    )
    while time.perf_counter() - begun < PATIENCE_SECONDS:
        with context.database.reading() as session:
            if session.scalar(proposed) is not None:
                return
        time.sleep(LOOK_SECONDS)
    raise Unavailable(
        "A report never came to a proposed class.", hint="Is the machine busy?"
    )


def _at_once(
    home: House, context: Context, place: str, numbers: range, tick: Tick
) -> tuple[float, float]:
    """Items with a class, and reports accepted, a second, while ``CLIENTS`` file all they can."""
    begun = time.perf_counter()
    before = _classed(context)
    with ThreadPoolExecutor(CLIENTS) as pool:
        filing = [
            pool.submit(_file_all, home.port, place, numbers[client::CLIENTS])
            for client in range(CLIENTS)
        ]
        accepted = 0.0
        while (done := _classed(context) - before) < len(numbers):
            tick(f"Saturation: {done} of {len(numbers)} items")
            if time.perf_counter() - begun > PATIENCE_SECONDS:
                raise Unavailable("Reports never came to a proposed class.")
            if not accepted and all(one.done() for one in filing):
                accepted = time.perf_counter() - begun
            time.sleep(PAUSE_SECONDS)
        for one in filing:
            one.result()
    seconds = time.perf_counter() - begun
    return len(numbers) / seconds, len(numbers) / (accepted or seconds)


def _classed(context: Context) -> int:
    with context.database.reading() as session:
        query = (
            select(func.count())
            .select_from(Case)
            .where(Case.proposed_class != "")
        )
        return session.scalar(query) or 0


def _file_all(port: int, place: str, numbers: range) -> None:
    with closing(HTTPConnection(HOST, port, timeout=60)) as connection:
        for number in numbers:
            _file(connection, f"{place}{number}.jpg")


def _file(connection: HTTPConnection, url: str) -> float:
    return reporter.send(connection, reporter.fetch(connection), locations=url)
