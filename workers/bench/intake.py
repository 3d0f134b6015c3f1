"""Accepted reports a second through the real web server, beside a bare view on the same database.

Both servers run as ``hotline web`` runs, with two processes each; the same clients visit one and
then the other, in turns, so that both meet the same machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection

from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict
from hotline.intake.api import bulk, keys
from hotline.intake.form.asking import form_fields
from hotline.intake.models import Report
from workers.bench.results import Figure, Measurement, Row, list_load
from workers.bench.serving import bare, reporter
from workers.bench.serving.database import open_own_context
from workers.bench.serving.load import HOST, Load, Visit, ask_server
from workers.bench.serving.servers import WEB_WORKERS, run_servers
from workers.migrations.run import upgrade_schema

FLOOR_RATIO = 0.5
"""Of the bare view's rate, for single reports on PostgreSQL."""
FLOOR_BULK = 2_000
"""Reports a second in bulk, on two cores."""
CLIENTS = 8
"""As many as the two processes have threads."""
ROUNDS = 4
LINES = 10_000
REFERENCE = "bare Flask view, one INSERT"
API = "/api/v1/reports"
_JSON = "application/json"
_LOCATION = "https://site.example/gallery/1.html"
_NARRATIVE = "Found while looking for something else."
_REPORT: dict[str, object] = {
    "locations": [_LOCATION],
    "kind": "csam_image",
    "reporter_role": "public",
    "narrative": _NARRATIVE,
}


def measure_intake(
    seconds: float = 20.0, *, database: str = ""
) -> Measurement:
    """Rows of reports a second. ``seconds``: of each measurement; ``database``: URL of an empty
    one, a SQLite file of its own if left out."""
    with open_own_context(database) as context:
        try:
            key = _prepare_database(context)
            with run_servers(context.settings) as (ours, reference):
                house = _House(context, ours, reference, key, seconds)
                rows = [*house.measure_single(), house.measure_bulk()]
            dialect = context.database.engine.dialect.name
        finally:
            # An operator's own empty database is left as it was named.
            bare.metadata.drop_all(context.database.engine)
    facts = {
        "database": dialect,
        "web_workers": WEB_WORKERS,
        "clients": CLIENTS,
        "load_average": list_load(),
    }
    return Measurement("intake", "accepted reports/s", rows, facts)


def _prepare_database(context: Context) -> str:
    """The schema, the bare view's table, and a key; reports of others are not written among."""
    reporter.let_everything_in(context)
    upgrade_schema(context.database)
    with context.database.writing() as session:
        if session.scalar(select(func.count()).select_from(Report)):
            raise Conflict(
                "This database holds reports.", hint="Name an empty one."
            )
        key = keys.create_key(
            Act(session, context, "bench", utc_now()),
            "bench",
            scopes=keys.SCOPES,
            daily_quota=10**9,
        )
    bare.metadata.create_all(context.database.engine)
    return key


@dataclass(frozen=True, slots=True)
class _Case:
    """A visit to our server, and what the yardstick is asked for beside it."""

    name: str
    ours: Visit
    reference: Visit
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class _House:
    """Both servers by their ports; ``seconds`` is the time of each measurement."""

    context: Context
    ours: int
    reference: int
    key: str
    seconds: float

    def measure_single(self) -> Iterator[Row]:
        for case in self._list_cases():
            measured, beside = self._take_turns(
                case.ours, case.reference, clients=CLIENTS, units=1
            )
            yield _describe_case(case.name, measured, beside, case.figures)

    def measure_bulk(self) -> Row:
        single = json.dumps(_REPORT).encode()
        visit = _make_post(
            b"\n".join([single] * LINES),
            f"{API}/bulk",
            expect=200,
            Content_Type=bulk.NDJSON,
            Authorization=f"Bearer {self.key}",
        )
        plain = _make_post(single, "/", Content_Type=_JSON)
        measured, beside = self._take_turns(
            visit, plain, clients=WEB_WORKERS, units=LINES
        )
        name = f"bulk, {LINES:,} lines a request"
        return _describe_case(name, measured, beside, {"floor": FLOOR_BULK})

    def _list_cases(self) -> Iterator[_Case]:
        single = json.dumps(_REPORT).encode()
        post = partial(_make_post, single, Content_Type=_JSON)
        with_key = partial(post, Authorization=f"Bearer {self.key}")
        floor = {"floor_ratio": FLOOR_RATIO}
        yield _Case("API, one report", post(API), post("/"), floor)
        yield _Case(
            "API, one report with a key", with_key(API), with_key("/"), floor
        )
        yield _Case(
            "form on one page, POST",
            _make_form_post(self.context, self.ours),
            _make_form_post(self.context, self.ours, bare=True),
            floor,
        )
        # Two requests, and the first one stores nothing: told, and not held against the yardstick.
        yield _Case("form on one page, GET and POST", _fill_in, post("/"), {})

    def _take_turns(
        self, ours: Visit, reference: Visit, *, clients: int, units: int
    ) -> tuple[Load, Load]:
        """So that both sides meet the same machine, each begins every second round."""

        def visit_ours(load: Load) -> None:
            load.add_visits(
                self.ours, ours, seconds=turn, clients=clients, units=units
            )

        def visit_reference(load: Load) -> None:
            load.add_visits(
                self.reference, reference, seconds=turn, clients=CLIENTS
            )

        turn = self.seconds / ROUNDS
        measured = Load()
        beside = Load()
        # A bulk request is long enough to pay for its own first time.
        if units == 1:
            visit_ours(Load())
            visit_reference(Load())
        for number in range(ROUNDS):
            # Whoever begins finds a machine that has rested, and whoever is
            # second one that is warm.
            if number % 2:
                visit_ours(measured)
                visit_reference(beside)
            else:
                visit_reference(beside)
                visit_ours(measured)
        return measured, beside


def _describe_case(
    case: str, ours: Load, reference: Load, figures: Mapping[str, Figure]
) -> Row:
    waits: dict[str, Figure] = {
        "p99_ms": round(ours.p99_ms, 1),
        "reference_p99_ms": round(reference.p99_ms, 1),
        "p99_ratio": round(ours.p99_ms / reference.p99_ms, 2),
    }
    return Row(
        case, ours.rate, reference.rate, REFERENCE, {**waits, **figures}
    )


def _make_post(
    body: bytes, path: str, *, expect: int = 201, **headers: str
) -> Visit:
    def post_body(connection: HTTPConnection) -> None:
        ask_server(connection, "POST", path, body, expect=expect, **headers)

    return post_body


def _fill_in(connection: HTTPConnection) -> None:
    """Both halves, as a browser does them: the page, then what was typed."""
    _send_form(connection, reporter.fetch_form(connection))


def _make_form_post(
    context: Context, port: int, *, bare: bool = False
) -> Visit:
    """The second half alone, of a page that was fetched before; each time as another page's."""
    connection = HTTPConnection(HOST, port, timeout=60)
    page = reporter.fetch_form(connection)
    connection.close()

    def send_again(kept: HTTPConnection) -> None:
        form_id = form_fields.new_form_id(context)
        hidden = page.hidden | {"form_id": form_id}
        _send_form(kept, replace(page, hidden=hidden), bare=bare)

    return send_again


def _send_form(
    connection: HTTPConnection, page: reporter.Page, *, bare: bool = False
) -> None:
    path, expect = reporter.PAGE, 200
    if bare:
        path, expect = "/", 201
    reporter.send_form(
        connection,
        page,
        path=path,
        expect=expect,
        locations=_LOCATION,
        narrative=_NARRATIVE,
    )
