"""Is the index of known hashes whole, of this database, and new enough? For ``/readyz``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.hashlists.models import HashEntryRow
from triage.hashlists.search.matcher import INDEXED, index_or_fault, index_path
from triage.matching import ReloadingIndex

MOST_BESIDE = 100_000
"""Entries newer than the index file. Each worker keeps them in memory beside it and searches them:
100,000 are some 20 MB. An import has the index built anew, so that more of them mean that the job
for it did not come through."""


class IndexReadiness:
    """One a process; it holds the files mapped, so that a look costs a query or two."""

    def __init__(self, data_dir: Path) -> None:
        self._files = {
            kind: ReloadingIndex(index_path(data_dir, kind))
            for kind in INDEXED
        }

    def fault(self, session: Session) -> str:
        """What is wrong, or "". Matching goes on without a good file, from the database: slower,
        and with the same results."""
        newest = session.scalar(select(func.max(HashEntryRow.id))) or 0
        faults = {
            fault
            for kind in INDEXED
            if (fault := self._fault_of_kind(session, kind, newest))
        }
        return " ".join(sorted(faults))

    def _fault_of_kind(self, session: Session, kind: str, newest: int) -> str:
        index, fault = index_or_fault(self._files[kind], newest)
        # A missing file is no fault where there is no hash of the kind.
        if fault and (index is not None or _count_since(session, kind, 0, 1)):
            return fault
        if index is None:
            return ""  # there is nothing to be found by one
        beside = _count_since(
            session, kind, int(index.version or 0), MOST_BESIDE + 1
        )
        if beside > MOST_BESIDE:
            return f"More than {MOST_BESIDE:,} {kind} entries came since their index was built."
        return ""


def _count_since(session: Session, kind: str, entry_id: int, most: int) -> int:
    """Current entries that came after ``entry_id``, counted up to ``most``."""
    some = (
        select(HashEntryRow.id)
        .where(
            HashEntryRow.kind == kind,
            HashEntryRow.id > entry_id,
            HashEntryRow.removed_in.is_(None),
        )
        .limit(most)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0
