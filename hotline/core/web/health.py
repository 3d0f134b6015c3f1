"""What a load balancer and an operator ask: is the process alive, can it do its work, how much."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.context import utc_now
from hotline.core.jobs import circuit
from hotline.core.storage import outbox
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.database import insert_once
from hotline.core.storage.write_mark import MARK_ID, WriteMark
from hotline.core.web import site

Check = Callable[[datetime], str]
WRITE_INTERVAL = timedelta(seconds=5)
SEALING_LATE = timedelta(minutes=15)


def create_blueprint(checks: dict[str, Check]) -> Blueprint:
    """``checks``: name -> function that returns "" when all is well, else what is wrong."""
    blueprint = Blueprint("health", __name__)
    all_checks = {"database": WriteProbe().check, **_all(checks)}

    @blueprint.get("/livez")
    def live() -> Response:
        """The process answers."""
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def ready() -> tuple[Response, int]:
        """Reports can be taken in, and the work behind them moves."""
        now = utc_now()
        faults = {
            name: fault for name, check in all_checks.items() if (fault := check(now))
        }
        status = 503 if "database" in faults else 200
        return jsonify(status="degraded" if faults else "ok", faults=faults), status

    return blueprint


def _all(checks: dict[str, Check]) -> dict[str, Check]:
    return {
        "outbox": _outbox,
        "servers": _servers,
        "sealing": _sealing,
        **checks,
    }


class WriteProbe:
    """Whether the database takes something, tried at most every few seconds for all who ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried_at: datetime | None = None
        self._fault = ""

    def check(self, now: datetime) -> str:
        """What reading says now, and what writing said a moment ago."""
        try:
            with site.reading() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return "the database does not answer"
        if self._lock.acquire(
            blocking=False
        ):  # who comes meanwhile hears the last answer
            try:
                self._try_when_due(now)
            finally:
                self._lock.release()
        return self._fault

    def _try_when_due(self, now: datetime) -> None:
        if self._tried_at is None or abs(now - self._tried_at) >= WRITE_INTERVAL:
            self._fault = _write_something(now)
            self._tried_at = now


def _write_something(now: datetime) -> str:
    try:
        with site.noting() as session:
            touched = session.execute(
                update(WriteMark).where(WriteMark.id == MARK_ID).values(touched_at=now)
            )
            if not getattr(touched, "rowcount", 0):
                insert_once(session, WriteMark, ["id"], id=MARK_ID, touched_at=now)
    except SQLAlchemyError:
        return "the database takes nothing"
    return ""


def _sealing(now: datetime) -> str:
    """Whether acts wait longer to be chained into the audit log than its sealer ever takes."""
    try:
        with site.reading() as session:
            oldest = session.scalar(
                select(func.min(AuditEntry.at)).where(AuditEntry.number.is_(None))
            )
    except SQLAlchemyError:
        return ""  # said by the check of the database
    if oldest is None or now - oldest < SEALING_LATE:
        return ""
    minutes = int((now - oldest).total_seconds() // 60)
    return (
        f"nothing was sealed in the audit log while entries wait for {minutes} minutes"
    )


def _outbox(now: datetime) -> str:
    try:
        with site.reading() as session:
            counts = outbox.counts(session, now=now)
    except SQLAlchemyError:
        return ""  # said by the check of the database
    faults = []
    if counts["overdue"]:
        faults.append(f"{counts['overdue']} pieces of work are overdue")
    if counts["dead"]:
        faults.append(f"{counts['dead']} pieces of work wait for a person")
    return "; ".join(faults)


def _servers(_: datetime) -> str:
    """Servers of others that are left alone for a while. Their number only: anybody may ask."""
    try:
        with site.reading() as session:
            count = len(circuit.left_alone(session))
    except SQLAlchemyError:
        return ""  # said by the check of the database
    return f"{count} servers of others do not answer" if count else ""
