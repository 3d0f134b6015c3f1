"""The scheduler: one tick a second asks a few indexed questions and posts what is due.

Several schedulers may run; the database lets one of them tick at a time, so that a second machine
takes over when the first one dies.
"""

from __future__ import annotations

import signal
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.context import Context, utc_now
from hotline.core.language import counting
from hotline.core.logs import origin_of
from hotline.core.storage import audit
from hotline.core.storage.servers.presence import Presence
from hotline.intake.inbound.fetch import post_fetch
from partners.notices.reminders import send_reminders
from partners.referrals.following_up.reminders import chase_referrals
from partners.referrals.holds import expire_holds
from partners.watching.service import post_due_checks
from workers.backup.schedule import BackupsOnTime
from workers.processes.stopping import StopRequest
from workers.queues.transport import Transport
from workers.retention import forgetting

log = structlog.get_logger(__name__)

# Any number that no other program uses on this database: "HTLN" as bytes.
ADVISORY_LOCK = 0x48544C4E


class Scheduler:
    """Holds only how far a round of forgetting came; everything else is in the database."""

    def __init__(self, context: Context, transport: Transport) -> None:
        self.context = context
        self.transport = transport
        self._forgetting = forgetting.Rounds(context, scheduler_lock_held)
        self.backups = BackupsOnTime(context, scheduler_lock_held)

    def tick(self, now: datetime) -> dict[str, int]:
        """One round; returns what it did, by name. A step that fails does not stop the others."""
        done: dict[str, int] = {}
        counting.count_tick()
        for name, step in (
            ("holds_expired", expire_holds),
            ("checks_posted", post_due_checks),
            ("reminders", send_reminders),
            ("referrals_chased", chase_referrals),
            ("mail_asked", post_fetch),
            ("sealed", _seal),
        ):
            try:
                with self.context.database.writing() as session:
                    done[name] = (
                        step(session, self.context, now)
                        # Within the step's own transaction, so that the lock
                        # lasts as long as the step.
                        if scheduler_lock_held(session)
                        else 0
                    )
            except Exception as error:
                self._failed(name, error)
        try:
            done["heads_written"] = self._write_head(now)
        except Exception as error:
            self._failed("heads_written", error)
        try:
            done["handed_over"] = self.transport.sweep(
                self.context.database, now
            )
            done["erased"] = self._forgetting.go_on(now)
        except Exception as error:
            self._failed("sweep", error)
        try:
            done["backups"] = self.backups.go_on(now)
        except Exception as error:
            self._failed("backups", error)
        return done

    def _write_head(self, now: datetime) -> int:
        """After the commit of what was sealed: only that is a head. The file is on this machine, so
        that each scheduler writes its own; it syncs the disk, so that no writer may wait for it."""
        path = self.context.settings.audit_heads_file
        assert path is not None
        with self.context.database.reading() as session:
            return audit.write_head(session, path, self.context.keyring, now)

    @staticmethod
    def _failed(step: str, error: Exception) -> None:
        log.error(
            "tick_failed",
            step=step,
            error=type(error).__name__,
            where=origin_of(error),
        )


def scheduler_lock_held(session: Session) -> bool:
    """True if no other scheduler is in a step right now. SQLite's write lock says the same."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(
        session.scalar(
            text("SELECT pg_try_advisory_xact_lock(:key)"),
            {"key": ADVISORY_LOCK},
        )
    )


def _seal(session: Session, context: Context, now: datetime) -> int:  # noqa: ARG001
    return audit.seal_entries(session)


def run_forever(context: Context, transport: Transport) -> None:
    """Tick until SIGTERM or SIGINT."""
    stop = StopRequest()
    stop.on_signals(signal.SIGTERM, signal.SIGINT)
    scheduler = Scheduler(context, transport)
    Presence(context).start()
    while not stop.wait(context.settings.tick_seconds):
        scheduler.tick(utc_now())
    scheduler.backups.stop()
