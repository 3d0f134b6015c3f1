"""What tells whether the work moves, in sentences: asked by ``/readyz`` and by ``hotline doctor``.

Each returns "" when all is well, else what is wrong. Anybody may read an answer of ``/readyz``, so
that a sentence has numbers at the most: no location, no name of a server, no word of a report.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from hotline.core.jobs import circuit
from hotline.core.settings import Settings
from hotline.core.storage import audit, outbox
from hotline.core.storage.backup_runs import age_of_newest
from hotline.core.storage.servers.presence import find_silent_machines

LEAST_FREE = 200_000_000
"""Bytes that should be left where the data lie; a report takes a few thousand."""


def find_disk_fault(data_dir: Path) -> str:
    try:
        free = shutil.disk_usage(data_dir).free
    except OSError:
        return "the data directory cannot be read"
    return "the disk is nearly full" if free < LEAST_FREE else ""


def find_sealing_fault(session: Session, now: datetime) -> str:
    late = audit.is_sealing_late(session, now)
    return "the audit log is not being sealed" if late else ""


def find_work_faults(session: Session, now: datetime) -> str:
    """Work that nobody does, and work that was given up."""
    counts = outbox.count_open_work(session, now=now)
    faults = []
    if counts["overdue"]:
        faults.append(f"{counts['overdue']} pieces of work are overdue")
    if counts["dead"]:
        faults.append(f"{counts['dead']} pieces of work wait for a person")
    return "; ".join(faults)


def find_backup_fault(
    session: Session, settings: Settings, now: datetime
) -> str:
    """Nothing where backups are made by other means, or by hand."""
    # One that failed is no fault yet, as it is tried again in time.
    most = settings.backup_max_age_hours or 2 * settings.backup_hours
    if not most and not settings.backup_required:
        return ""
    age = age_of_newest(session, now)
    if age is None:
        return "there is no backup"
    if most and age > timedelta(hours=most):
        return f"the newest backup is {age / timedelta(hours=1):.0f} hours old"
    return ""


def find_machine_faults(session: Session, now: datetime) -> str:
    """Machines of ours that say nothing any more. Others have taken over their work."""
    count = len(find_silent_machines(session, now))
    return f"{count} machines of the service are silent" if count else ""


def find_silent_servers(session: Session) -> str:
    """Servers of others that are left alone for a while."""
    count = len(circuit.left_alone(session))
    return f"{count} servers of others do not answer" if count else ""
