"""What a person set for themselves: keys, columns, and kinds of cases that they are not offered.

Nobody else is shown any of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, Identified
from hotline.core.storage.ids import new_id


class Preferences(Identified, Base):
    """One row a person, from the first change on.

    ``keys``: shortcut -> physical key, of those that differ from the rule. ``columns``: of the
    queue; empty is the rule. ``opted_out``: kinds of cases that the next one is never of.
    """

    __tablename__ = "preferences"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), unique=True
    )
    keys: Mapped[dict[str, Any]] = mapped_column(default=dict)
    columns: Mapped[list[str]] = mapped_column(default=list)
    opted_out: Mapped[list[str]] = mapped_column(default=list)
    changed_at: Mapped[datetime]


def preferences_of(session: Session, person_id: uuid.UUID) -> Preferences:
    """The person's own; an unstored row of rules where nothing was changed yet."""
    stored = session.scalar(
        select(Preferences).where(Preferences.person_id == person_id)
    )
    return stored or Preferences(
        id=new_id(), person_id=person_id, keys={}, columns=[], opted_out=[]
    )


def change_preferences(
    session: Session,
    person_id: uuid.UUID,
    now: datetime,
    *,
    keys: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    opted_out: Sequence[str] | None = None,
) -> None:
    """Store what is given and leave the rest."""
    own = preferences_of(session, person_id)
    if keys is not None:
        own.keys = dict(keys)
    if columns is not None:
        own.columns = list(columns)
    if opted_out is not None:
        own.opted_out = list(opted_out)
    own.changed_at = now
    session.add(own)
