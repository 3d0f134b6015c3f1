"""Rows that every made-up database has, whatever is measured: a location, its place, a step."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from hotline.core.storage.database import Base
from hotline.core.storage.ids import new_id

Columns = dict[str, object]
"""One row to be inserted."""
Tables = Sequence[tuple[type[Base], str]]
"""In the order of their references, each with the name of its row among those of one thing."""


def insert_all(
    session: Session, tables: Tables, things: Sequence[Mapping[str, Columns]]
) -> None:
    for model, name in tables:
        session.execute(insert(model), [rows[name] for rows in things])


def make_item(
    item_id: uuid.UUID, url: str, at: datetime, *, key: str, **more: object
) -> Columns:
    """A location that was reported once."""
    return {
        "id": item_id,
        "key": key,
        "kind": "url",
        "canonical": url,
        "first_reported_at": at,
        "last_reported_at": at,
        **more,
    }


def make_place(
    case_id: uuid.UUID,
    item_id: uuid.UUID,
    at: datetime,
    *,
    state: str,
    number: int = 1,
    place_id: uuid.UUID | None = None,
) -> Columns:
    """A location in its case."""
    return {
        "id": place_id or new_id(),
        "case_id": case_id,
        "item_id": item_id,
        "number": number,
        "added_at": at,
        "state": state,
        "state_since": at,
    }


def make_step(
    entity: str,
    entity_id: uuid.UUID,
    at: datetime,
    *,
    event: str,
    before: str,
    after: str,
) -> Columns:
    """What the state machines write of each change."""
    return {
        "id": new_id(),
        "entity": entity,
        "entity_id": entity_id,
        "event": event,
        "from_state": before,
        "to_state": after,
        "at": at,
        "actor": "bench",
        "details": {},
    }
