"""What time was missing for is looked at once more, later and for longer."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import cast

from sqlalchemy import (
    Boolean,
    Index,
    String,
    Table,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from triage.fetching.report import FetchLimits, FetchReport
from triage.items.models import Item

DELAY = timedelta(minutes=20)
"""By then a burst of work is over, and a host that was slow may be quicker."""
PATIENT = FetchLimits(hash_seconds=60, decode_seconds=50, wall_seconds=85)
"""Twice as long for one file; all of it still ends before its job is taken to be lost."""
_SECOND = "second"
_BEGINNING = "look-again:"
_ITEM_ENDS = len(_BEGINNING) + len(str(uuid.UUID(int=0))) + 1
"""Characters of a key up to the colon behind the item."""
# Word for word as the index has them, or it is not used.
_ITS_ITEM = f"substr(key, 1, {_ITEM_ENDS})"
_ROWS = f"substr(key, 1, {len(_BEGINNING)}) = '{_BEGINNING}'"
# Of all the work of a month, the few second looks: in most orders of letters, the index of whole
# keys knows no beginnings.
Index(
    "ix_outbox_entry_second_look",
    text(_ITS_ITEM),
    postgresql_where=text(_ROWS),
    sqlite_where=text(_ROWS),
    _table=cast(Table, OutboxEntry.__table__),
)


def is_second_look(task: Task) -> bool:
    return bool(task.payload.get(_SECOND))


def post_second_look(
    act: Act, task: Task, item: Item, report: FetchReport
) -> None:
    """Once after each ordinary look: what ran out of time twice, a person may fetch again."""
    if is_second_look(task) or not needs_second_look(report):
        return
    act.post(
        JobName.ITEM_EXAMINE,
        key=_key_of(item.id, task.entry_id),
        payload={"item_id": str(item.id), _SECOND: True},
        delay=DELAY,
    )


def needs_second_look(report: FetchReport) -> bool:
    """Whether time alone was missing, for the page or for some of its media."""
    if report.error == "timeout":
        return True
    return any(medium.is_worth_another_look for medium in report.media)


def find_second_looks(
    session: Session, item_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, OutboxEntry]:
    """By item, the newest one that was posted for it, done or not."""
    if not item_ids:
        return {}
    # Without the job that it followed: whichever it was.
    keys = {_key_of(item_id): item_id for item_id in item_ids}
    rows = session.scalars(
        select(OutboxEntry)
        .where(
            literal_column(_ROWS, Boolean),
            literal_column(_ITS_ITEM, String).in_(keys),
        )
        .order_by(OutboxEntry.created_at)
    )
    return {keys[row.key[:_ITEM_ENDS]]: row for row in rows}


def _key_of(item_id: uuid.UUID, after: uuid.UUID | None = None) -> str:
    # The ordinary look is in the key: one that runs twice posts one second
    # look.
    return f"{_BEGINNING}{item_id}:{after or ''}"
