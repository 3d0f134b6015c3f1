"""Cases in any state, by the shortest way there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from tests.support.clock import NOW
from triage.cases.models import Case
from triage.items.models import Item


def make_case(
    item: Item,
    reference: str = "AL-2026-000001",
    *,
    state: str = "waiting",
    now: datetime = NOW,
    **columns: object,
) -> Case:
    """A case that has no history, for tests of what only reads it."""
    given: dict[str, object] = {
        "id": new_id(),
        "opened_at": now,
        "state_since": now,
        **columns,
    }
    case = Case(reference=reference, state=state, **given)
    case.add_item(item, now)
    return case


def open_case(
    session: Session,
    item: Item,
    reference: str = "AL-2026-000001",
    *,
    state: str = "received",
    now: datetime = NOW,
    **columns: object,
) -> Case:
    """A case with the history of its opening; ``state`` is where it stands now, however it did."""
    given: dict[str, object] = {"id": new_id(), "opened_at": now, **columns}
    case = Case(reference=reference, **given)
    case.add_item(item, now)
    machine.begin_state(session, case, actor="test", now=now)
    case.state = state
    return case
