"""What a load balancer and an operator ask: is the process alive, can it do its work, how much."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.context import utc_now
from hotline.core.jobs import circuit
from hotline.core.storage import audit, outbox
from hotline.core.storage.backup_runs import age_of_newest
from hotline.core.web import site

Check = Callable[[datetime], str]
UNUSABLE = frozenset({"database", "writing"})
"""Checks without which no report can be taken in: nobody should be sent here."""
BACKUP = "backup"
"""Fails only where ``backup_required`` is set: a hotline without a backup can take reports in."""
LEAST_FREE = 200_000_000
"""Bytes that should be left where the data lie; a report takes a few thousand."""


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
        **checks,
    }


def _check_database(_: datetime) -> str:
    try:
        with site.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "the database does not answer"
    return ""


def _check_disk(_: datetime) -> str:
    try:
        free = shutil.disk_usage(site.current_context().settings.data_dir).free
    except OSError:
        return "the data directory cannot be read"
    return "the disk is nearly full" if free < LEAST_FREE else ""


def _check_sealing(now: datetime) -> str:
    try:
        with site.reading() as session:
            late = audit.is_sealing_late(session, now)
    except SQLAlchemyError:
        return ""  # said by the check of the database
    return "the audit log is not being sealed" if late else ""


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
    most = settings.backup_max_age_hours or 2 * settings.backup_hours
    if not most and not settings.backup_required:
        return ""  # backups are made by other means, or by hand
    age = _hours_since_backup(now)
    if age is None:
        return "there is no backup"
    if most and age > most:
        return f"the newest backup is {age:.0f} hours old"
    return ""


def _check_outbox(now: datetime) -> str:
    try:
        with site.reading() as session:
            counts = outbox.count_open_work(session, now=now)
    except SQLAlchemyError:
        return ""  # said by the check of the database
    faults = []
    if counts["overdue"]:
        faults.append(f"{counts['overdue']} pieces of work are overdue")
    if counts["dead"]:
        faults.append(f"{counts['dead']} pieces of work wait for a person")
    return "; ".join(faults)


def _check_servers(_: datetime) -> str:
    """Servers of others that are left alone for a while. Their number only: anybody may ask."""
    try:
        with site.reading() as session:
            count = len(circuit.left_alone(session))
    except SQLAlchemyError:
        return ""  # said by the check of the database
    return f"{count} servers of others do not answer" if count else ""
