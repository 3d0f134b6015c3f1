"""Which versions may run on the schema that is there: this one, and the one before beside it.

During an upgrade the schema is migrated first, then one machine after the other gets the new
version. Meanwhile processes of the version before go on, and one that dies is started again. They
cannot know a newer schema; so the newer version writes down in the database which they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.storage.servers.served_schema import ServedSchema

VERSION_BEFORE = "0028"
"""The newest schema of the version before. From there on, migrations only expand: what it reads and
writes stays. A release moves this to the newest schema of the one that it follows."""

UNUSED_BEFORE: frozenset[str] = frozenset()
"""Tables and ``table.column`` that the version before neither reads nor writes any more, though its
schema has them: these alone may go now. A release empties this."""


def note_served(connection: Connection, revisions: Sequence[str]) -> None:
    """Let versions whose newest schema is one of ``revisions`` run, and no others."""
    # On the way back the table itself may be gone.
    if not inspect(connection).has_table(ServedSchema.__tablename__):
        return
    connection.execute(delete(ServedSchema))
    connection.execute(
        insert(ServedSchema),
        [{"revision": revision} for revision in revisions],
    )


def is_served(connection: Connection, revision: str) -> bool:
    """Whether the version whose newest schema ``revision`` is may run on what is there."""
    try:
        row = connection.execute(
            select(ServedSchema).where(ServedSchema.revision == revision)
        ).first()
    except SQLAlchemyError:
        # The schema is older than this table.
        connection.rollback()
        return False
    return row is not None
