"""How servers that are asked for facts stand, so that all processes together ask none too often.

A registry counts the questions of the whole hotline, on however many machines it runs. What one
process knows of a server the others know as well: when the next question may go, and until when it
is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import (
    Base,
    Database,
    Identified,
    insert_once,
    short_text,
)
from hotline.core.storage.ids import new_id

LONGEST_NAME = 255


@dataclass
class Standing:
    """``free_at``: when the next question's turn is; ``silences``: tries in a row without answer.

    None: at once, and not left alone.
    """

    free_at: datetime | None = None
    closed_until: datetime | None = None
    silences: int = 0


class Standings(Protocol):
    """Where the standings are kept."""

    def is_silent(self, server: str) -> bool:
        """Whether it left a question unanswered the last time."""
        ...

    def changing(self, server: str) -> AbstractContextManager[Standing]:
        """The server's standing, which is nobody else's within; what was changed is kept."""
        ...


@dataclass
class OwnStandings:
    """Of this process alone, for a command that asks once."""

    servers: defaultdict[str, Standing] = field(
        default_factory=lambda: defaultdict(Standing)
    )

    def is_silent(self, server: str) -> bool:
        return self.servers[server].silences > 0

    @contextmanager
    def changing(self, server: str) -> Iterator[Standing]:
        yield self.servers[server]


class AskedServer(Identified, Base):
    """The standing of a server, by its name."""

    __tablename__ = "asked_server"

    name: Mapped[str] = mapped_column(short_text(LONGEST_NAME), unique=True)
    free_at: Mapped[datetime | None]
    closed_until: Mapped[datetime | None]
    silences: Mapped[int] = mapped_column(default=0)


class SharedStandings:
    """Of all processes, in the database. Whoever asks has no transaction open meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_silent(self, server: str) -> bool:
        query = select(AskedServer.silences).where(_is_called(server))
        with self._database.reading() as session:
            return bool(session.scalar(query))

    @contextmanager
    def changing(self, server: str) -> Iterator[Standing]:
        with self._database.writing() as session:
            row = _lock_server(session, server)
            standing = Standing(row.free_at, row.closed_until, row.silences)
            yield standing
            row.free_at = standing.free_at
            row.closed_until = standing.closed_until
            row.silences = standing.silences


def _lock_server(session: Session, server: str) -> AskedServer:
    locked = select(AskedServer).where(_is_called(server)).with_for_update()
    row = session.scalar(locked)
    if row is None:
        # Asked for the first time, perhaps by another process as well.
        insert_once(
            session,
            AskedServer,
            ["name"],
            id=new_id(),
            name=server[:LONGEST_NAME],
            silences=0,
        )
        row = session.scalars(locked).one()
    return row


def _is_called(server: str) -> ColumnElement[bool]:
    return AskedServer.name == server[:LONGEST_NAME]
