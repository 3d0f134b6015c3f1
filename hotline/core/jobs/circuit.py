"""Servers of others that do not answer: after some tries in a row nobody waits for them.

Each try at a silent server holds a worker for as long as a try may last. After ``SILENCES`` of them
in a row it is left alone for a while, by all processes, and then asked once: if it answers,
everything goes on; if not, the pause doubles. What says that somebody is in danger is tried all the
same. Kept in the database, so that the console shows it and losing Redis changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.context import utc_now
from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.storage.database import (
    Base,
    Database,
    Identified,
    insert_once,
    short_text,
)
from hotline.core.storage.ids import new_id

SILENCES = 3
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
# Who asks again after a pause has this long to say how it went, before the next one is let through.
TRIAL = timedelta(minutes=2)
LONGEST_NAME = 255


class SilentServer(Identified, Base):
    """A server that did not answer lately. One that answers has no row."""

    __tablename__ = "silent_server"

    name: Mapped[str] = mapped_column(short_text(LONGEST_NAME), unique=True)
    silences: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    paused_until: Mapped[datetime | None]


class Paused(Unavailable):
    """The server is left alone until then. No try was made, so none is counted."""

    def __init__(self, server: str, until: datetime) -> None:
        super().__init__(
            f"{server} does not answer; it is tried again after {until:%H:%M} UTC."
        )
        self.until = until


class Circuit:
    """One a process; what it knows is shared by all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require_closed(self, server: str, *, urgent: bool = False) -> None:
        """``Paused`` where ``server`` is left alone right now. Urgent work is let through."""
        if urgent:
            return
        now = utc_now()
        with self._database.reading() as session:
            until = session.scalar(
                select(SilentServer.paused_until).where(
                    SilentServer.name == _shorten_name(server)
                )
            )
        if until is None:
            return
        if until > now or not self._takes_the_trial(server, until, now):
            # Somebody else has the trial: soon enough to hear how it went, late enough not to
            # crowd.
            raise Paused(server, max(until, now + FIRST_PAUSE / 2))

    @contextmanager
    def listening(self, server: str) -> Iterator[None]:
        """Around one exchange with ``server``: any answer is a sign of life, also a refusal."""
        try:
            yield
        except NoAnswer:
            self._note_silence(server)
            raise
        except Exception:
            self._note_answer(server)
            raise
        self._note_answer(server)

    def _takes_the_trial(
        self, server: str, until: datetime, now: datetime
    ) -> bool:
        """Whether this process is the one that asks after the pause: the row tells one of them."""
        with self._database.writing() as session:
            taken = session.execute(
                update(SilentServer)
                .where(
                    SilentServer.name == _shorten_name(server),
                    SilentServer.paused_until == until,
                )
                .values(paused_until=now + TRIAL)
                .returning(SilentServer.id)
            ).first()
        return taken is not None

    def _note_answer(self, server: str) -> None:
        # Nearly every server answers: that is not worth a write lock each time.
        with self._database.reading() as session:
            known_server = select(SilentServer.id).where(
                SilentServer.name == _shorten_name(server)
            )
            if session.scalar(known_server) is None:
                return
        with self._database.writing() as session:
            row = _lock_server(session, server)
            if row is not None:
                session.delete(row)

    def _note_silence(self, server: str) -> None:
        now = utc_now()
        with self._database.writing() as session:
            # Several workers may find it silent in the same moment, and count
            # in one row.
            insert_once(
                session,
                SilentServer,
                ["name"],
                id=new_id(),
                name=_shorten_name(server),
                silences=0,
                since=now,
                paused_until=None,
            )
            row = _lock_server(session, server)
            if row is None:  # somebody had an answer in this very moment
                return
            row.silences += 1
            if row.silences >= SILENCES:
                row.paused_until = now + pause_after(row.silences)


def pause_after(silences: int) -> timedelta:
    """How long a server is left alone after so many tries in a row without an answer."""
    # Bounded before it is a power: a server may have been silent for years.
    factor: int = 2 ** min(max(0, silences - SILENCES), 10)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)


def left_alone(session: Session) -> Sequence[SilentServer]:
    """Every server that is left alone now, for people to see; the longest silent first."""
    return session.scalars(
        select(SilentServer)
        .where(SilentServer.silences >= SILENCES)
        .order_by(SilentServer.since)
    ).all()


def _lock_server(session: Session, server: str) -> SilentServer | None:
    return session.scalar(
        select(SilentServer)
        .where(SilentServer.name == _shorten_name(server))
        .with_for_update()
    )


def _shorten_name(server: str) -> str:
    return server[:LONGEST_NAME]
