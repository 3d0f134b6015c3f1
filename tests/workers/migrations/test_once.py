"""Plans of before get their own round, and of several open ones the first stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, text

from hotline.core.context import Context
from hotline.core.storage import machine
from partners.referrals.models import Plan
from triage.cases.models import Case
from triage.items.models import Item
from workers.migrations import run

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_old_plans_get_their_round_and_copies_are_superseded(
    context: Context,
) -> None:
    """Asked for in the first round and twice in the second: nothing of the first is current."""
    database = context.database
    run.downgrade_schema(database, "0007")
    ids = [uuid4() for _ in range(5)]
    item_id, case_id, *plans = ids
    with database.writing() as session:
        item = Item(
            id=item_id,
            key="url:a",
            kind="url",
            canonical="http://a.test/",
            display="http://a.test/",
            first_reported_at=NOW,
            last_reported_at=NOW,
        )
        case = Case(
            id=case_id,
            reference="AL-1",
            item_id=item_id,
            opened_at=NOW,
            round=2,
        )
        session.add(item)
        session.flush()
        machine.begin_state(session, case, actor="test", now=NOW)
        session.flush()
        case.state = "assessed"
        machine.advance_state(
            session,
            case,
            "reopened",
            actor="test",
            now=NOW + timedelta(hours=1),
        )
        session.flush()
        hexed = not database.is_sqlite
        for hour, plan_id in zip((0, 2, 3), plans, strict=True):
            at = (NOW + timedelta(hours=hour)).replace(tzinfo=None)
            session.execute(
                text(
                    "INSERT INTO plan (id, case_id, routes, note, requested_at,"
                    " requested_by, two_person, state, state_since) VALUES"
                    " (:id, :case_id, :routes, '', :at, 'person:a', :two,"
                    " 'requested', :at)"
                ),
                {
                    "id": str(plan_id) if hexed else plan_id.hex,
                    "case_id": str(case_id) if hexed else case_id.hex,
                    "routes": json.dumps([]),
                    "at": at.isoformat(sep=" ", timespec="microseconds"),
                    "two": True,
                },
            )
    run.upgrade_schema(database)
    with database.reading() as session:
        rows = session.scalars(select(Plan).order_by(Plan.requested_at)).all()
        assert [plan.round for plan in rows] == [1, 2, 2]
        assert [plan.state for plan in rows] == [
            "requested",
            "superseded",
            "superseded",
        ]
