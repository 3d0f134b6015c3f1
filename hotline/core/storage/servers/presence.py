"""Which machines the service runs on, and which of them fell silent.

Every program of a machine says now and then that the machine lives, under the name that its
settings give it. Nothing is decided by it: work that a dead machine had in hand is found by the
outbox alone. It is for the people who have to mend the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.context import Context, utc_now
from hotline.core.logs import origin_of
from hotline.core.storage.database import Base, insert_once, short_text

BEAT_SECONDS = 10.0
BEAT = timedelta(seconds=BEAT_SECONDS)
SILENT_AFTER = timedelta(seconds=60)
"""Six beats, and longer than a restart takes."""
FORGOTTEN_AFTER = timedelta(days=7)
log = structlog.get_logger(__name__)


class ServiceMachine(Base):
    """A machine that has run a program of the service. It is forgotten after a week of silence."""

    __tablename__ = "service_machine"

    name: Mapped[str] = mapped_column(short_text(80), primary_key=True)
    first_at: Mapped[datetime]
    seen_at: Mapped[datetime]


def note_alive(session: Session, name: str, now: datetime) -> None:
    """Say that the machine lives, unless another program of it has just done so."""
    machine = session.get(ServiceMachine, name)
    if machine is None:
        insert_once(
            session,
            ServiceMachine,
            ["name"],
            name=name,
            first_at=now,
            seen_at=now,
        )
        return
    session.execute(
        update(ServiceMachine)
        .where(
            ServiceMachine.name == name,
            # Below a whole beat, as threads wake up a little early or late.
            ServiceMachine.seen_at < now - BEAT * 0.8,
        )
        .values(seen_at=now)
    )


def list_machines(session: Session) -> Sequence[ServiceMachine]:
    """By name, the silent ones too."""
    return session.scalars(
        select(ServiceMachine).order_by(ServiceMachine.name)
    ).all()


def is_silent(machine: ServiceMachine, now: datetime) -> bool:
    return now - machine.seen_at > SILENT_AFTER


def find_silent_machines(session: Session, now: datetime) -> list[str]:
    """Names of those that ran the service and say nothing any more."""
    return [
        machine.name
        for machine in list_machines(session)
        if is_silent(machine, now)
    ]


def forget_machine(session: Session, name: str) -> bool:
    """For a machine that was taken away on purpose; True if it was known."""
    machine = session.get(ServiceMachine, name)
    if machine is None:
        return False
    session.delete(machine)
    return True


def forget_long_silent(session: Session, now: datetime) -> None:
    session.execute(
        delete(ServiceMachine).where(
            ServiceMachine.seen_at < now - FORGOTTEN_AFTER
        )
    )


class Presence:
    """Says for one program that its machine lives. Without a database it says so to nobody."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._name = context.settings.machine
        self._stop = threading.Event()

    def start(self) -> None:
        """Beat from now on in a thread; to be called after a server's fork."""
        # A daemon: it must not keep a program alive that is told to end.
        threading.Thread(target=self._beat_forever, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def beat(self, now: datetime) -> None:
        try:
            if self._is_noted(now):
                return
            with self._database.writing() as session:
                note_alive(session, self._name, now)
                forget_long_silent(session, now)
        # The thread has to outlive whatever this is: the next beat may
        # succeed.
        except Exception as error:
            log.warning(
                "presence_not_noted",
                error=type(error).__name__,
                where=origin_of(error),
            )

    def _is_noted(self, now: datetime) -> bool:
        """A look first, as SQLite has one writer, and a machine has a dozen programs."""
        with self._database.reading() as session:
            machine = session.get(ServiceMachine, self._name)
        return machine is not None and machine.seen_at >= now - BEAT * 0.8

    def _beat_forever(self) -> None:
        while True:
            self.beat(utc_now())
            # Instead of sleeping, so that a stop is heard at once.
            if self._stop.wait(BEAT_SECONDS):
                return
