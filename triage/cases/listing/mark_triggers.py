"""Triggers by which the database itself keeps the marks of cases.

Whatever changes a place, a sighting or a case, in which way ever, marks follow: a program of the
version before, too. A change of the triggers is a migration with new files beside these.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from sqlalchemy import Connection, MetaData, Table, event

from hotline.core.storage.database import Base
from triage.cases.listing.marks import CaseMark

_NEXT = "-- next\n"


def list_trigger_statements(dialect: str) -> list[str]:
    """SQL that makes them, a statement each."""
    folder = resources.files("triage.cases.listing") / "sql"
    file = folder / f"marks_{dialect}.sql"
    return file.read_text(encoding="utf-8").split(_NEXT)


def _keep_marks(
    target: MetaData,  # noqa: ARG001
    connection: Connection,
    tables: Sequence[Table] = (),
    **_: Any,
) -> None:
    """A schema that is made from the models has the triggers, too."""
    if CaseMark.__table__ in tables:
        for statement in list_trigger_statements(connection.dialect.name):
            connection.exec_driver_sql(statement)


event.listen(Base.metadata, "after_create", _keep_marks)
