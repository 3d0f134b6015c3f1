"""The newest rows of several items in one question, each item with a bound of its own."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import Session

from triage.items.models import HostingHop, HostingObservation, Visit

Row = TypeVar("Row", Visit, HostingObservation, HostingHop)


def list_newest(
    session: Session,
    row: type[Row],
    item_ids: Collection[uuid.UUID],
    most: int,
    *newest_first: ColumnElement[Any],
    where: ColumnElement[bool] | None = None,
) -> dict[uuid.UUID, list[Row]]:
    """By item, at most so many of its rows, in the order ``newest_first``.

    A page that is watched for months has thousands of them: numbered by the database, all would
    be read, and by an index for each item only those that are shown.
    """
    rows: dict[uuid.UUID, list[Row]] = {item_id: [] for item_id in item_ids}
    if not rows:
        return rows
    conditions = [] if where is None else [where]
    of_each = [
        select(row.id)
        .where(row.item_id == item_id, *conditions)
        .order_by(*newest_first)
        .limit(most)
        .subquery()
        for item_id in rows
    ]
    ids = union_all(*(select(of_one.c.id) for of_one in of_each))
    chosen = select(row).where(row.id.in_(ids)).order_by(*newest_first)
    for each in session.scalars(chosen):
        rows[each.item_id].append(each)
    return rows
