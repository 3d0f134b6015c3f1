"""Run the service with one more row in its registry of kinds, and nothing else changed.

``test_new_kind`` starts this in a process of its own, because the registry is read when the
service is imported: ``python new_kind.py DATA_DIR``. It prints what each place did, as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from hotline.core.context import Context

ROW = """MADE_UP = (
        "made_up",
        KindRow(
            public=public_words("A kind made up for a test"),
            console=console_words("Made up"),
            child_in_contact=True,
            wire=WireNames(
                xarf_act=XarfAct.SEXTORTION,
                incidents=(CyberTipIncident.MOLESTATION,),
            ),
        ),
    )
    """


def add_row() -> None:
    """Import the registry as if one more row stood in its file, before the last one."""
    name = "hotline.intake.registry.kinds"
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text("utf-8")
    head, last, tail = source.partition("UNKNOWN = (")
    assert last
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # The words that two kinds would share are the made-up kind's alone here.
    head = head.replace("xarf_act=XarfAct.SEXTORTION,", "")
    tail = tail.replace("incidents=(CyberTipIncident.MOLESTATION,)", "")
    exec(
        compile(head + ROW + last + tail, spec.origin, "exec"), module.__dict__
    )


def main(data_dir: Path) -> None:
    add_row()
    from hotline.core.context import build_context
    from hotline.core.settings import Settings
    from workers.app import create_app
    from workers.migrations.tables import metadata

    settings = Settings(
        data_dir=data_dir, audiences=("public", "console"), country="AL"
    )
    context = build_context(settings)
    metadata.create_all(context.database.engine)
    app = create_app(context)
    answers = walk_public(app.test_client()) | walk_wire()
    answers |= walk_console(app, context)
    answers["stored"] = stored_kinds(context)
    answers["statistics"] = statistics(context)
    print(json.dumps(answers))
    context.close()


def walk_public(client: FlaskClient) -> dict[str, object]:
    """The form, where the kind is chosen and sent; the API; the OpenAPI document."""
    page = client.get("/report/all?lang=en").text
    hidden = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', page
    )
    typed = {"kind": "made_up", "narrative": "by the form", "supported": "1"}
    sent = client.post("/report/all?lang=en", data=dict(hidden) | typed)
    posted = client.post(
        "/api/v1/reports", json={"narrative": "by the API", "kind": "made_up"}
    )
    document = client.get("/api/v1/openapi.json").get_json()
    submission = document["components"]["schemas"]["Submission"]
    return {
        "form": "A kind made up for a test" in page,
        "sent": sent.status_code,
        "api": posted.status_code,
        "openapi": "made_up" in submission["properties"]["kind"]["enum"],
    }


def walk_wire() -> dict[str, object]:
    """CSV, X-ARF both ways, and CyberTipline."""
    from datetime import UTC, datetime
    from uuid import UUID

    from hotline.intake.api import bulk
    from hotline.intake.inbound.formats import ncmec, xarf
    from partners.notices.telling.xarf import Located, Sender, write_document

    rows = bulk.read_lines(b"url;type\nhttps://host.test/;made_up\n", bulk.CSV)
    found = Located(
        id=UUID(int=1),
        url="https://host.test/",
        host="host.test",
        at=datetime(2026, 11, 20, tzinfo=UTC),
        assessed_class="national",
        kind="made_up",
    )
    sender = Sender("Hotline", "desk@hotline.test", "hotline.test")
    written = write_document(
        found, sender, reference="N-1", description="Notice N-1."
    )
    written["timestamp"] = "2026-11-20T00:00:00+00:00"
    (read_back,) = xarf.parse_xarf(json.dumps(written).encode())
    (tip,) = ncmec.parse_cybertipline(
        b"<report><reportId>1</reportId><incidentSummary>"
        b"<incidentType>Child Sexual Molestation</incidentType>"
        b"<incidentDateTime>2026-11-20T08:00:00Z</incidentDateTime>"
        b"</incidentSummary></report>"
    )
    return {
        "csv": getattr(rows[0][1], "kind", None),
        "xarf_written": written["exploitation_type"],
        "xarf_read": read_back.submission.kind,
        "cybertipline": tip.submission.kind,
    }


def walk_console(app: Flask, context: Context) -> dict[str, object]:
    """The page for telephone calls, and the filter of the queue."""
    from hotline.accounts import service
    from hotline.accounts.permissions import Role
    from hotline.accounts.signing_in import auth, sessions
    from hotline.core.act import Act
    from hotline.core.context import utc_now

    client = app.test_client()
    with context.database.writing() as session:
        act = Act(session, context, actor="test", now=utc_now())
        person = service.add_person(
            act,
            username="analyst",
            display_name="Analyst",
            role=Role.ANALYST,
            password="seven grey herons wait",
        )
        token = sessions.open_session(session, person, act.now)
    client.set_cookie(auth.COOKIE, token, path="/console")
    telephone = client.get("/console/report?lang=en").text
    queue = client.get("/console/queue?lang=en&kind=made_up")
    chosen = r'<option value="made_up" selected>\s*Made up\s*</option>'
    return {
        "telephone": "A kind made up for a test" in telephone,
        "filter": bool(re.search(chosen, queue.text)),
    }


def stored_kinds(context: Context) -> list[str]:
    from sqlalchemy import select

    from hotline.intake.models import Report

    with context.database.reading() as session:
        return list(session.scalars(select(Report.kind)))


def statistics(context: Context) -> int:
    from hotline.core.context import utc_now
    from workers.statistics.closing import read_figures
    from workers.statistics.periods import parse_period
    from workers.statistics.tables import TableName

    now = utc_now()
    today = now.date()
    days = f"{today - timedelta(days=3)}..{today + timedelta(days=1)}"
    period = parse_period(days, context.country.time_zone)
    with context.database.reading() as session:
        figures = read_figures(session, context, period, now)
    by_kind = figures[TableName.REPORTS_BY_KIND]
    return int(by_kind.value("made_up", "count") or 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
