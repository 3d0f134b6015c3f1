"""Plans of before get their own round, and of several open ones the first stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, text

from hotline.core.context import Context
from hotline.core.storage import machine
from partners.referrals.models import Plan
from tests.support.cases import open_case
from tests.support.items import make_item
from workers.migrations import run

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_old_plans_get_their_round_and_copies_are_superseded(
    context: Context,
) -> None:
    """Asked for in the first round and twice in the second: nothing of the first is current."""
    database = context.database
    ids = [uuid4() for _ in range(5)]
    item_id, case_id, *plans = ids
    with database.writing() as session:
        item = make_item(now=NOW, id=item_id)
        session.add(item)
        session.flush()
        case = open_case(
            session, item, state="assessed", now=NOW, id=case_id, round=2
        )
        session.flush()
        machine.advance_state(
            session,
            case,
            "reopened",
            actor="test",
            now=NOW + timedelta(hours=1),
        )
    # The models know today's schema only: what they write is there before the way down.
    run.downgrade_schema(database, "0007")
    with database.writing() as session:
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
