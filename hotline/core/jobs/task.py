"""One piece of outbox work as a job sees it.

Network first, database last: a job asks the network without a transaction open, then stores all of
its result in ``finishing()``, which also marks the work done. Running it twice stores it once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import HotlineError
from hotline.core.jobs.steps import Steps
from hotline.core.storage import outbox


class AlreadyDone(HotlineError):
    """Somebody else finished this work; what this run found out is dropped."""


class GiveUp(HotlineError):
    """Trying again won't help: the work is laid aside at once, for a person."""


@dataclass(frozen=True)
class Task:
    """``attempt`` counts from 1; ``now`` is the time the job started; ``steps``: where it goes."""

    context: Context
    entry_id: uuid.UUID
    payload: Mapping[str, object]
    attempt: int
    now: datetime
    steps: Steps = field(default_factory=Steps)

    def id_of(self, name: str) -> uuid.UUID:
        """The id that the payload holds under ``name``."""
        return uuid.UUID(self.text_of(name))

    def text_of(self, name: str) -> str:
        """What the payload holds under ``name``, as text; empty where it holds nothing."""
        return str(self.payload.get(name, ""))

    @contextmanager
    def finishing(self) -> Iterator[Session]:
        """The transaction that stores the result and marks the work done."""
        with self.context.database.writing() as session:
            self.mark_done(session)
            yield session

    def mark_done(self, session: Session) -> None:
        """Mark the work done in a transaction that has locked something before, as a job on a
        case has; ``AlreadyDone`` where somebody else was quicker."""
        entry = outbox.lock_entry(session, self.entry_id)
        if entry is None:
            raise AlreadyDone("This work is done.")
        entry.done_at = self.now
