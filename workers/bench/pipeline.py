"""From a report in the public form to the class that its case proposes, through the real service.

``hotline up`` runs in a folder of its own with the processes it always has: Redis, web server,
workers, scheduler. Only what lies outside is replaced, as the sandbox of `hotline demo` does it: a
host on loopback that the fetcher is allowed to visit, and no registries. One PDQ list of random
hashes gives the index its size, another knows the host's pictures.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import fmean

from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict, Unavailable
from hotline.core.jobs.names import JobName
from hotline.core.settings import load_settings
from hotline.core.storage import outbox
from hotline.intake.models import Report
from triage.cases.models import Case, CaseItem
from triage.hashlists import formats, service, versions
from triage.hashlists.formats import HashEntry
from triage.items.models import Item
from workers.bench.results import (
    Figure,
    Measurement,
    Row,
    find_percentile,
    list_load,
)
from workers.bench.serving import pictures, reporter
from workers.bench.serving.load import HOST
from workers.bench.serving.service import House, Job, open_house
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


def measure_pipeline(
    *,
    size: int = 1_000_000,
    reports: int = 60,
    many: int = 400,
    workers: int = 2,
    database: str = "",
    tick: Tick = lambda _: None,
) -> Measurement:
    """``reports`` one after another, then ``many`` at once, against ``size`` random hashes.

    ``database``: URL of an empty one; SQLite in the folder if left out. ``workers``: processes.
    """
    with (
        pictures.serve_pictures() as place,
        open_house(make_settings(database, workers)) as home,
    ):
        given = {"database_url": database} if database else {}
        settings = load_settings(data_dir=home.folder, **given)
        context = build_context(settings)
        try:
            prepare_database(context, size, tick)
            tick("Starting the service …")
            ready = home.start_service()
            tick("Waiting for the index to be built …")
            wait_until_idle(context)
            reporting = Reporting(home, context, place, tick)
            rows = [
                reporting.measure_idle(reports),
                reporting.measure_saturation(reports + 1, many),
            ]
            dialect = context.database.engine.dialect.name
        finally:
            context.close()
    facts = {
        "database": dialect,
        "index_size": size,
        "job_workers": workers,
        "ready_seconds": round(ready, 2),
        "load_average": list_load(),
    }
    return Measurement("pipeline", "as each row says", rows, facts)


def make_settings(database: str, workers: int) -> dict[str, str]:
    """As the sandbox has them; every other setting is the default."""
    given = {
        "FETCH_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "FETCH_HOSTS": json.dumps({pictures.HOST: pictures.ADDRESS}),
        "RDAP_ENABLED": "false",
        "WORKERS": str(workers),
        # Only there do workers say how long each job took.
        "LOG_LEVEL": "debug",
    }
    if database:
        given["DATABASE_URL"] = database
    return given


def prepare_database(context: Context, size: int, tick: Tick) -> None:
    """The schema and both lists; reports of others are not written among."""
    reporter.let_everything_in(context)
    upgrade_schema(context.database)
    now = utc_now()
    with context.database.writing() as session:
        if session.scalar(select(func.count()).select_from(Report)):
            raise Conflict(
                "This database holds reports.", hint="Name an empty one."
            )
        entries_of = {
            "known": formats.parse_entries("csv", pictures.known_list()),
            "random": _make_random_entries(size, tick),
        }
        for name, entries in entries_of.items():
            act = Act(session, context, "bench", now)
            target = service.create_list(act, name)
            versions.import_version(
                act,
                target,
                entries,
                digest=hashlib.sha256(name.encode()).hexdigest(),
                whole=True,
            )


def _make_random_entries(size: int, tick: Tick) -> Iterator[HashEntry]:
    for number in range(size):
        if number % 100_000 == 0:
            tick(f"Importing known hashes: {number:,} of {size:,}")
        yield HashEntry("pdq", secrets.token_hex(32))


def wait_until_idle(context: Context) -> None:
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


def break_down_jobs(jobs: Sequence[Job]) -> dict[str, float]:
    """Milliseconds that an item spent in each step, on average.

    ``queueing``: from the commit that posted a job to its start, both jobs together.
    """
    registered = [job for job in jobs if job.name == JobName.REPORT_RECEIVED]
    examined = [job for job in jobs if job.name == JobName.ITEM_EXAMINE]
    if not registered or not examined:
        return {}
    waited = fmean(job.waited for job in registered)
    waited += fmean(job.waited for job in examined)
    parts = {
        "queueing": waited,
        "identity": fmean(job.seconds for job in registered),
    }
    for step in ("hosting", "fetch", "hash", "match"):
        parts[step] = fmean(job.seconds_in(step) for job in examined)
    # Matching is done within the storing, and told on its own.
    parts["store"] = fmean(
        job.steps["store"] - job.seconds_in("match") for job in examined
    )
    milliseconds = {}
    for name, seconds in parts.items():
        milliseconds[name] = round(seconds * 1000, 1)
    return milliseconds


def _name_milliseconds(jobs: Sequence[Job]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for step, milliseconds in break_down_jobs(jobs).items():
        figures[f"{step}_ms"] = milliseconds
    return figures


@dataclass(frozen=True, slots=True)
class Reporting:
    """Reports of addresses at ``place``, filed with the service that runs at ``home``."""

    home: House
    context: Context
    place: str
    tick: Tick

    def measure_idle(self, reports: int) -> Row:
        """The first report pays for what is loaded once, so it is told apart."""
        first, *latencies = self._file_one_by_one(reports + 1)
        figures: dict[str, Figure] = {
            "unit": "s at p95",
            "p50": round(statistics.median(latencies), 3),
            "max": round(max(latencies), 3),
            "first": round(first, 3),
            "reports": reports,
            **_name_milliseconds(self.home.read_jobs()),
        }
        return Row(
            "idle, form to proposed class",
            find_percentile(latencies, 95),
            GOAL_P95_SECONDS,
            "goal",
            figures,
        )

    def measure_saturation(self, start: int, many: int) -> Row:
        """``many`` addresses from number ``start`` on, which were not reported before."""
        jobs_before = len(self.home.read_jobs())
        numbers = range(start, start + many)
        rate, accepted = self._file_at_once(numbers)
        jobs = self.home.read_jobs()[jobs_before:]
        figures: dict[str, Figure] = {
            "unit": "items/s",
            "accepted_per_second": round(accepted, 1),
            "reports": many,
            **_name_milliseconds(jobs),
        }
        return Row(
            "at saturation, form to proposed class",
            rate,
            reference_name="none",
            figures=figures,
        )

    def _file_one_by_one(self, count: int) -> list[float]:
        """Seconds of each report; the next is filed once the one before is through."""
        taken = []
        for number in range(count):
            url = f"{self.place}{number}.jpg"
            # A new one each time, as each report is another person's.
            connection = HTTPConnection(HOST, self.home.port, timeout=60)
            with closing(connection):
                begun = _file_report(connection, url)
            _await_class(self.context, url, begun)
            seconds = time.perf_counter() - begun
            taken.append(seconds)
            done = len(taken)
            self.tick(f"Idle: report {done} of {count}, {seconds:.2f} s")
            time.sleep(PAUSE_SECONDS)
        return taken

    def _file_at_once(self, numbers: range) -> tuple[float, float]:
        """Items with a class, and reports accepted, a second; ``CLIENTS`` file all they can."""
        begun = time.perf_counter()
        before = _count_classed(self.context)
        with ThreadPoolExecutor(CLIENTS) as pool:
            filing = [
                pool.submit(self._file_all, numbers[client::CLIENTS])
                for client in range(CLIENTS)
            ]
            accepted = self._await_classes(len(numbers), before, filing, begun)
            for client_filing in filing:
                client_filing.result()
        seconds = time.perf_counter() - begun
        classes_a_second = len(numbers) / seconds
        accepted_a_second = len(numbers) / (accepted or seconds)
        return classes_a_second, accepted_a_second

    def file_again(self, numbers: range) -> None:
        """Further reports of addresses that were reported before, at once."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = [numbers[client::CLIENTS] for client in range(CLIENTS)]
            list(pool.map(self._file_all, shares))

    def _await_classes(
        self,
        wanted: int,
        before: int,
        filing: list[Future[None]],
        begun: float,
    ) -> float:
        """Seconds until all were accepted; 0.0 where all had their classes before that was seen."""
        accepted = 0.0
        while True:
            done = _count_classed(self.context) - before
            if done >= wanted:
                return accepted
            self.tick(f"Saturation: {done} of {wanted} items")
            waited = time.perf_counter() - begun
            if waited > PATIENCE_SECONDS:
                raise Unavailable("Reports never came to a proposed class.")
            is_filed = all(each.done() for each in filing)
            if is_filed and not accepted:
                accepted = time.perf_counter() - begun
            time.sleep(PAUSE_SECONDS)

    def _file_all(self, numbers: range) -> None:
        connection = HTTPConnection(HOST, self.home.port, timeout=60)
        with closing(connection):
            for number in numbers:
                url = f"{self.place}{number}.jpg"
                _file_report(connection, url)


def _await_class(context: Context, url: str, begun: float) -> None:
    proposed = (
        select(Case.id)
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(Item, Item.id == CaseItem.item_id)
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


def _count_classed(context: Context) -> int:
    cases = select(func.count()).select_from(Case)
    classed = cases.where(Case.proposed_class != "")
    with context.database.reading() as session:
        return session.scalar(classed) or 0


def _file_report(connection: HTTPConnection, url: str) -> float:
    """The time at which it was sent."""
    page = reporter.fetch_form(connection)
    return reporter.send_form(connection, page, locations=url)
