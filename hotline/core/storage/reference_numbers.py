"""Short references that people can say on the telephone: ``AL-2026-000123``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, insert_once, short_text

_REFERENCE = re.compile(
    r"(?<![\w-])([A-Z]{2,8}(?:-[A-Z]{1,3})?)-(\d{4})-0*(\d{1,9})(?![\w-])",
    re.IGNORECASE,
)


class Counter(Base):
    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(short_text(40), primary_key=True)
    value: Mapped[int]


def next_reference(session: Session, prefix: str, now: datetime) -> str:
    """The next reference of ``prefix`` in the year of ``now``; gaps appear only on a rollback."""
    name = f"{prefix}-{now.year}"
    # The first of a year may be two at once; the update below lets them take turns.
    insert_once(session, Counter, ["name"], name=name, value=0)
    value = session.execute(
        update(Counter)
        .where(Counter.name == name)
        # By the database: the row stays locked until the commit, and no number
        # comes twice.
        .values(value=Counter.value + 1)
        .returning(Counter.value)
    ).scalar_one()
    return _write(name, value)


def find_references(text: str) -> Sequence[str]:
    """All that a text names, as they were given out: of any prefix, each once, in their order."""
    named = [
        _write(f"{prefix.upper()}-{year}", int(number))
        for prefix, year, number in _REFERENCE.findall(text)
    ]
    return list(dict.fromkeys(named))


def _write(name: str, value: int) -> str:
    return f"{name}-{value:06d}"
