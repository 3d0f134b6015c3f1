"""Making backups on time: the scheduler starts a process of its own, so that no tick waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.backup_runs import BackupRun, is_due

log = structlog.get_logger(__name__)

Start = Callable[[str], subprocess.Popen[bytes]]


def start_process(run_id: str) -> subprocess.Popen[bytes]:
    """``hotline backup create`` with the environment and settings of this process."""
    return subprocess.Popen(
        [sys.executable, "-m", "workers", "backup", "create", "--run", run_id],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


class BackupsOnTime:
    """Holds the process that makes a backup just now; when the last one was made is in the
    database, so that of several schedulers one starts it."""

    def __init__(
        self,
        context: Context,
        is_lock_held: Callable[[Session], bool],
        start: Start = start_process,
    ) -> None:
        self._context = context
        self._is_lock_held = is_lock_held
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None

    def go_on(self, now: datetime) -> int:
        """Start a backup if one is due; 1 if it was started."""
        hours = self._context.settings.backup_hours
        if not hours or self._is_being_made():
            return 0
        every = timedelta(hours=hours)
        # Asked without the write lock first: on most ticks nothing is due.
        with self._context.database.reading() as session:
            if not is_due(session, every, now):
                return 0
        with self._context.database.writing() as session:
            # Asked again under the lock: another scheduler may have begun it
            # meanwhile.
            if not self._is_lock_held(session) or not is_due(
                session, every, now
            ):
                return 0
            run = BackupRun(name="", started_at=now)
            session.add(run)
        self._process = self._start(str(run.id))
        return 1

    def stop(self) -> None:
        """The next start tries again; what is half made is deleted then."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _is_being_made(self) -> bool:
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        # It has said itself what was wrong, in the log that both share.
        if code != 0:
            log.error("backup_failed", code=code)
        self._process = None
        return False
