"""Accepted reports a second through the real web server, beside a bare view on the same database.

Both servers run as ``hotline web`` runs, with two processes each; the same clients visit one and
then the other, in turns, so that both meet the same machine.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict
from hotline.core.settings import load_settings
from hotline.intake.api import bulk, keys
from hotline.intake.form import form_fields
from hotline.intake.models import Report
from workers.bench import bare, reporter
from workers.bench.load import HOST, Load, Visit, ask_server
from workers.bench.results import make_result, make_row
from workers.bench.servers import WEB_WORKERS, run_servers
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
_REPORT: dict[str, Any] = {
    "locations": ["https://site.example/gallery/1.html"],
    "kind": "csam_image",
    "reporter_role": "public",
    "narrative": "Found while looking for something else.",
}


def measure_intake(
    seconds: float = 20.0, *, database: str = ""
) -> dict[str, Any]:
    """Rows of reports a second. ``seconds``: of each measurement; ``database``: URL of an empty
    one, a SQLite file of its own if left out."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings = load_settings(
            data_dir=Path(folder),
            secrets_dir=Path(folder) / "secrets",
            database_url=database
            or f"sqlite:///{Path(folder) / 'hotline.db'}",
        )
        context = build_context(settings)
        try:
            key = _prepare_database(context)
            with run_servers(settings) as (ours, reference):
                rows = _measure_cases(context, ours, reference, key, seconds)
            dialect = context.database.engine.dialect.name
        finally:
            bare.metadata.drop_all(context.database.engine)
            context.close()
    told = make_result("intake", "accepted reports/s", rows)
    load = [round(each, 2) for each in os.getloadavg()]
    return told | {
        "database": dialect,
        "web_workers": WEB_WORKERS,
        "clients": CLIENTS,
        "load_average": load,
    }


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
            session,
            context,
            "bench",
            scopes=keys.SCOPES,
            daily_quota=10**9,
            actor="bench",
            now=utc_now(),
        )
    bare.metadata.create_all(context.database.engine)
    return key


def _measure_cases(
    context: Context, ours: int, reference: int, key: str, seconds: float
) -> list[dict[str, Any]]:
    authorisation = f"Bearer {key}"
    single = json.dumps(_REPORT).encode()
    lines = b"\n".join([single] * LINES)
    rows = []
    to_api = partial(_make_post, single, Content_Type=_JSON)
    floor = {"floor_ratio": FLOOR_RATIO}
    plain = to_api("/")
    for case, visit, same, judged in (
        ("API, one report", to_api(API), plain, floor),
        (
            "API, one report with a key",
            to_api(API, Authorization=authorisation),
            to_api("/", Authorization=authorisation),
            floor,
        ),
        (
            "form on one page, POST",
            _make_form_post(context, ours),
            _make_form_post(context, ours, bare=True),
            floor,
        ),
        # Two requests, and the first one stores nothing: told, and not held against the yardstick.
        ("form on one page, GET and POST", _fill_in, plain, {}),
    ):
        measured, beside = _in_turns((ours, visit), (reference, same), seconds)
        rows.append(_describe_case(case, measured, beside, **judged))
    many = _make_post(
        lines,
        f"{API}/bulk",
        expect=200,
        Content_Type=bulk.NDJSON,
        Authorization=authorisation,
    )
    measured, beside = _in_turns(
        (ours, many),
        (reference, plain),
        seconds,
        clients=WEB_WORKERS,
        units=LINES,
    )
    rows.append(
        _describe_case(
            f"bulk, {LINES:,} lines a request",
            measured,
            beside,
            floor=FLOOR_BULK,
        )
    )
    return rows


def _in_turns(
    ours: tuple[int, Visit],
    reference: tuple[int, Visit],
    seconds: float,
    *,
    clients: int = CLIENTS,
    units: int = 1,
) -> tuple[Load, Load]:
    measured, beside, warming = Load(), Load(), Load()
    sides: list[Callable[[Load | None], None]] = [
        lambda load: (load or measured).add_visits(
            *ours, seconds=seconds / ROUNDS, clients=clients, units=units
        ),
        lambda load: (load or beside).add_visits(
            *reference, seconds=seconds / ROUNDS, clients=CLIENTS
        ),
    ]
    if (
        units == 1
    ):  # a bulk request is long enough to pay for its own first time
        for side in sides:
            side(warming)
    for number in range(ROUNDS):
        for side in sides if number % 2 else reversed(sides):
            side(None)
    return measured, beside


def _describe_case(
    case: str, ours: Load, reference: Load, **extra: Any
) -> dict[str, Any]:
    figures = {
        "p99_ms": round(ours.p99_ms, 1),
        "reference_p99_ms": round(reference.p99_ms, 1),
        "p99_ratio": round(ours.p99_ms / reference.p99_ms, 2),
    }
    return make_row(
        case, ours.rate, reference.rate, REFERENCE, **figures, **extra
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
    return lambda kept: _send_form(
        kept,
        replace(
            page,
            hidden=page.hidden | {"form_id": form_fields.new_form_id(context)},
        ),
        bare=bare,
    )


def _send_form(
    connection: HTTPConnection, page: reporter.Page, *, bare: bool = False
) -> None:
    path, expect = ("/", 201) if bare else (reporter.PAGE, 200)
    reporter.send_form(
        connection,
        page,
        path=path,
        expect=expect,
        locations=_REPORT["locations"][0],
        narrative=_REPORT["narrative"],
    )
