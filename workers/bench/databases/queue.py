"""What pages of the queue cost the server: at many cases, beside few on the same database.

Each page is asked of the application itself, without a network between, in turns of the two.
"""

from __future__ import annotations

import re
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import Engine

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import passwords, sessions
from hotline.accounts.signing_in.auth import COOKIE_PATH
from hotline.accounts.signing_in.standing import COOKIE
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from triage.cases.listing import tabs
from triage.console.queue.live import HEADER
from workers.bench.filling.queue_filling import Sample, fill_cases
from workers.bench.results import (
    Measurement,
    Row,
    find_percentile,
    list_load,
)
from workers.bench.serving.database import open_new_context
from workers.bench.serving.postgres import open_server

FEW = 10_000
ASKED = 40
"""Requests of each page; the first one is not counted."""
LARGEST_PAGE = 150_000
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_PASSWORD = "only for this measurement"  # noqa: S105  # of a database that is gone afterwards


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in analyst at a filled database."""

    client: FlaskClient
    sample: Sample
    engine: Engine

    def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> bytes:
        answer = self.client.get(path, headers=headers)
        if answer.status_code not in (200, 304):
            raise RuntimeError(f"{path}: {answer.status_code}")
        return bytes(answer.data)

    def part(self, path: str) -> bytes:
        """What a script asks for, without the page around it."""
        return self.get(path, {HEADER: "1"})

    def find(self, text: str) -> bytes:
        """The hits alone, as the palette asks for them."""
        token = _TOKEN.search(self.client.get("/console/keys").text)
        assert token is not None
        return self._post(token[1], text)

    def _post(self, token: str, text: str) -> bytes:
        answer = self.client.post(
            "/console/search",
            data={"csrf_token": token, "q": text},
            headers={HEADER: "hits"},
        )
        if answer.status_code != 200:
            raise RuntimeError(f"search: {answer.status_code}")
        return bytes(answer.data)


Page = Callable[[Desk], bytes]


def list_pages() -> Mapping[str, Page]:
    """Every tab's first page, the part that asks again, filters, look-ups and a case."""
    return {
        **{
            f"tab {tab}": _page(f"/console/queue?tab={tab}")
            for tab in tabs.TABS
        },
        "part that asks again": _page("/console/queue/part?tab=waiting"),
        "what is to decide": _page("/console/to-decide"),
        "filter by host": _of_sample(
            "/console/queue?tab=closed&host={0.host}"
        ),
        "filter by network": _of_sample(
            "/console/queue?tab=closed&network={0.network}"
        ),
        "filter by hash": _of_sample(
            "/console/queue?tab=closed&hash={0.sha256}"
        ),
        "filter by sender": _page("/console/queue?tab=closed&sender=sender-4"),
        "filter by country": _page("/console/queue?tab=closed&country=AL"),
        "filter by kind": _page("/console/queue?tab=closed&kind=grooming"),
        "filter by tag": _page("/console/queue?tab=closed&tag=pressing"),
        "filter by what is mine": _page("/console/queue?tab=waiting&mine=1"),
        "filter by same pictures": _of_sample(
            "/console/queue?tab=closed&picture={0.reference}"
        ),
        "saved view": _page(
            "/console/queue?tab=closed&country=AL&kind=csam_image"
        ),
        "saved view of a network": _of_sample(
            "/console/queue?tab=closed&country=AL&kind=csam_image"
            "&network={0.network}"
        ),
        "search by reference": lambda desk: desk.find(desk.sample.reference),
        "search by location": lambda desk: desk.find(desk.sample.url),
        "search by host": lambda desk: desk.find(desk.sample.host),
        "search by address": lambda desk: desk.find(desk.sample.address),
        "search by network": lambda desk: desk.find(desk.sample.network),
        "search by hash": lambda desk: desk.find(desk.sample.pdq),
        "search by words": lambda desk: desk.find("police asked again"),
        "search by number": lambda desk: desk.find("+355 69 123 4567"),
        "case": _of_sample("/console/cases/{0.reference}"),
        "what others share with a case": lambda desk: desk.part(
            f"/console/cases/{desk.sample.reference}/related"
        ),
    }


def _page(path: str) -> Page:
    return lambda desk: desk.get(path)


def _of_sample(path: str) -> Page:
    return lambda desk: desk.get(path.format(desk.sample))


def measure_queue(
    size: int = 100_000,
    *,
    few: int = FEW,
    asked: int = ASKED,
    database: str = "",
    tick: Callable[[str], None] = print,
) -> Measurement:
    """Milliseconds of server time, p95, at ``size`` cases beside ``few``; and the page's bytes.

    ``database``: URL of a PostgreSQL server whose user may create databases; one is started if
    empty. A search's time holds that of the small page which gives its form token.
    """
    rows = []
    with ExitStack() as stack:
        folder, server = stack.enter_context(open_server(database))
        desks = []
        for number in (size, few):
            tick(f"filling {number:,} cases")
            desks.append(
                stack.enter_context(open_desk(folder, server, number))
            )
        for case, page in list_pages().items():
            tick(case)
            rows.append(_measure_page(case, page, desks, few, asked))
    return Measurement(
        "queue", "ms, p95", rows, {"cases": size, "load": list_load()}
    )


def _measure_page(
    case: str, page: Page, desks: Sequence[Desk], few: int, asked: int
) -> Row:
    taken: list[list[float]] = [[], []]
    worked: list[float] = []
    size = 0
    for _ in range(asked + 1):
        for desk, times in zip(desks, taken, strict=True):
            started, begun = time.perf_counter(), time.process_time()
            answer = page(desk)
            times.append((time.perf_counter() - started) * 1000)
            worked.append((time.process_time() - begun) * 1000)
            size = max(size, len(answer))
    # The first request of each pays for templates that are compiled once.
    ours, reference = (find_percentile(times[1:], 95) for times in taken)
    return Row(
        case,
        ours,
        reference,
        f"{few:,} cases",
        {
            "median": round(statistics.median(taken[0][1:]), 1),
            # What this process worked, whoever else was busy on the machine.
            "own work": round(find_percentile(worked[len(desks) :], 95), 1),
            "kB": round(size / 1000, 1),
        },
    )


@contextmanager
def open_desk(folder: Path, server: str, size: int) -> Iterator[Desk]:
    """A desk at a database of its own on ``server``; SQLite where there is no server."""
    from workers.app import create_app

    name = f"queue_{uuid.uuid4().hex}"
    with open_new_context(
        folder, server, name, country="AL", audiences=("console",)
    ) as context:
        sample = fill_cases(context, size)
        client = create_app(context).test_client()
        client.set_cookie("lang", "en", domain="localhost")
        client.set_cookie(
            COOKIE,
            _sign_in(context),
            domain="localhost",
            path=COOKIE_PATH,
        )
        yield Desk(client, sample, context.database.engine)


def _sign_in(context: Context) -> str:
    # The password is not measured.
    passwords.HASHER = PasswordHasher(1, 64, 1)
    now = utc_now()
    with context.database.writing() as session:
        service.add_person(
            Act(session, context, "bench", now),
            username="bench",
            display_name="Bench",
            role=Role.SENIOR,
            password=_PASSWORD,
        )
        person = service.find_person(session, "bench")
        return sessions.open_session(session, person, now, proven_at=now)
