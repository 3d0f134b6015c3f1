"""What a load balancer and an operator ask: is the process alive, can it do its work, how much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core import readiness
from hotline.core.context import utc_now
from hotline.core.storage.backup_runs import age_of_newest
from hotline.core.web import site

Check = Callable[[datetime], str]
UNUSABLE = frozenset({"database", "writing"})
"""Checks without which no report can be taken in: nobody should be sent here."""
BACKUP = "backup"
"""Fails only where ``backup_required`` is set: a hotline without a backup can take reports in."""


def create_blueprint(checks: dict[str, Check]) -> Blueprint:
    """``checks``: name -> function that returns "" when all is well, else what is wrong."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/livez")
    def live() -> Response:
        """The process answers."""
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def ready() -> tuple[Response, int]:
        """Reports can be taken in, and the work behind them moves."""
        now = utc_now()
        faults = {
            name: fault
            for name, check in _all_checks(checks).items()
            if (fault := check(now))
        }
        # What fails behind the form is said and alarms somebody, but a report
        # can still be taken: a balancer must not turn reporters away for it.
        status = 503 if _unusable() & faults.keys() else 200
        return jsonify(
            status="degraded" if faults else "ok",
            faults=faults,
            backup_age_hours=_hours_since_backup(now),
        ), status

    return blueprint


def _all_checks(checks: dict[str, Check]) -> dict[str, Check]:
    return {
        "database": _check_database,
        "disk": _check_disk,
        "outbox": _check_outbox,
        "sealing": _check_sealing,
        BACKUP: _check_backup,
        "servers": _check_servers,
        "machines": _check_machines,
        **checks,
    }


def _check_database(_: datetime) -> str:
    try:
        with site.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        # Not why: this page is open to whoever reaches the port.
        return "the database does not answer"
    return ""


def _check_disk(_: datetime) -> str:
    return readiness.find_disk_fault(site.current_context().settings.data_dir)


def _check_sealing(now: datetime) -> str:
    return _ask(lambda session: readiness.find_sealing_fault(session, now))


def _unusable() -> frozenset[str]:
    required = site.current_context().settings.backup_required
    return UNUSABLE | {BACKUP} if required else UNUSABLE


def _hours_since_backup(now: datetime) -> float | None:
    """Of the newest backup; None where there is none, or where nobody can tell."""
    try:
        with site.reading() as session:
            age = age_of_newest(session, now)
    except SQLAlchemyError:
        return None
    return None if age is None else round(age / timedelta(hours=1), 1)


def _check_backup(now: datetime) -> str:
    settings = site.current_context().settings
    return _ask(
        lambda session: readiness.find_backup_fault(session, settings, now)
    )


def _check_outbox(now: datetime) -> str:
    return _ask(lambda session: readiness.find_work_faults(session, now))


def _check_servers(_: datetime) -> str:
    return _ask(readiness.find_silent_servers)


def _check_machines(now: datetime) -> str:
    return _ask(lambda session: readiness.find_machine_faults(session, now))


def _ask(question: Callable[[Session], str]) -> str:
    try:
        with site.reading() as session:
            return question(session)
    except SQLAlchemyError:
        return ""  # said by the check of the database
