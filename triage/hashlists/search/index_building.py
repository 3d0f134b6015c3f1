"""The index files of near-matched hashes, written anew from what is on the lists now.

Each machine builds its own. A job asks for it as soon as a list has changed; only one machine gets
that job, so that on each of them a ``IndexKeeper`` looks for itself whether the files are behind.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context, utc_now
from hotline.core.jobs.task import Task
from hotline.core.logs import origin_of
from hotline.core.storage.database import insert_once
from triage.hashlists.models import HashEntryRow, HashIndexState
from triage.hashlists.search.index_edition import (
    measure_lag,
    read_current_edition,
    read_own_edition,
    write_own_edition,
)
from triage.hashlists.search.matcher import INDEXED, index_path
from triage.hashlists.search.readiness import IndexReadiness
from triage.matching import build_index

LOOK_SECONDS = 5.0
"""How often a machine looks whether its index is behind: one or two small queries."""
log = structlog.get_logger(__name__)


def rebuild_index(task: Task) -> None:
    """The job: this machine's index. Other machines see for themselves that theirs is behind."""
    build_own_index(task.context, task.now)
    # Building took minutes and is in no transaction; the job is done with it.
    with task.finishing():
        pass


def build_own_index(context: Context, now: datetime) -> bool:
    """Write new index files beside the old ones and swap them in; workers notice by themselves.

    False where another program of this machine has done so while this one waited for its turn.
    """
    data_dir = context.settings.data_dir
    with _taking_turns(data_dir):
        # Read before the hashes: what comes in between is in the files and has them built once
        # more, and is never taken to be in them without being so.
        with context.database.reading() as session:
            edition = read_current_edition(session)
        # Asked again with the turn: whoever had it before may have built it.
        if not is_index_behind(context):
            return False
        for kind, size in INDEXED.items():
            _write_file(context, kind, size)
        # Last: an edition says that the files of it are there.
        write_own_edition(data_dir, edition)
    _note_state(context, edition, now)
    return True


def is_index_behind(context: Context) -> bool:
    """Whether the lists have changed since this machine's files were built, or a file is bad."""
    data_dir = context.settings.data_dir
    with context.database.reading() as session:
        if measure_lag(session, read_own_edition(data_dir)).missing:
            return True
        return bool(IndexReadiness(data_dir).fault(session))


class IndexKeeper:
    """Has this machine's index built anew whenever it is behind, whoever imported the list."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._look_forever, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def look(self, now: datetime) -> bool:
        """Build if need be; True if it was done. After an error the next look tries again."""
        try:
            return is_index_behind(self._context) and build_own_index(
                self._context, now
            )
        # A thread that ends takes all later looks with it, and nobody would
        # notice.
        except Exception as error:
            log.error(
                "index_not_built",
                error=type(error).__name__,
                where=origin_of(error),
            )
            return False

    def _look_forever(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look(utc_now())


@contextmanager
def _taking_turns(data_dir: Path) -> Iterator[None]:
    """One builder a machine: each takes minutes and hundreds of megabytes."""
    folder = data_dir / "index"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "building.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_file(context: Context, kind: str, size: int) -> None:
    with context.database.reading() as session:
        ids, hashes = _current_hashes(session, kind, size)
    newest = int(ids.max()) if len(ids) else 0
    build_index(
        index_path(context.settings.data_dir, kind),
        hashes=hashes,
        ids=ids,
        bits=size * 8,
        version=str(newest),
    )


def _note_state(context: Context, edition: str, now: datetime) -> None:
    """For the other machines, so that each can tell of all."""
    machine = context.settings.machine
    with context.database.writing() as session:
        insert_once(
            session,
            HashIndexState,
            ["machine"],
            machine=machine,
            edition=edition,
            built_at=now,
        )
        # Written by a statement past the session.
        state = session.get(HashIndexState, machine, populate_existing=True)
        if state is not None:
            state.edition, state.built_at = edition, now


def _current_hashes(
    session: Session, kind: str, size: int
) -> tuple[
    np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.uint8]]
]:
    rows = session.execute(
        select(HashEntryRow.id, HashEntryRow.value)
        .where(HashEntryRow.kind == kind, HashEntryRow.removed_in.is_(None))
        .order_by(HashEntryRow.id)
        .execution_options(yield_per=50_000)
    )
    ids, packed = [], bytearray()
    for entry_id, value in rows:
        ids.append(entry_id)
        packed += bytes.fromhex(value)
    hashes = np.frombuffer(bytes(packed), dtype=np.uint8).reshape(
        len(ids), size
    )
    return np.array(ids, dtype=np.int64), hashes
