"""The index files of near-matched hashes, written anew from what is on the lists now."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.jobs.task import Task
from triage.hashlists.models import HashEntryRow
from triage.hashlists.search.matcher import INDEXED, index_path
from triage.matching import build_index


def rebuild_index(task: Task) -> None:
    """Write new index files beside the old ones and swap them in; workers notice by themselves."""
    for kind, size in INDEXED.items():
        with task.context.database.reading() as session:
            ids, hashes = _current_hashes(session, kind, size)
        newest = int(ids.max()) if len(ids) else 0
        path = index_path(task.context.settings.data_dir, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        build_index(
            path, hashes=hashes, ids=ids, bits=size * 8, version=str(newest)
        )
    with task.finishing():
        pass


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
