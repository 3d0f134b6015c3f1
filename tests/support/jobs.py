"""Jobs that run when a test says so, in the order in which they are due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import HotlineError
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from tests.support.clock import Clock


@dataclass
class JobRunner:
    """``jobs``: what is done for each name; jobs of other names stay where they are."""

    context: Context
    clock: Clock = field(default_factory=Clock)
    jobs: dict[str, Callable[[Task], None]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now

    @now.setter
    def now(self, now: datetime) -> None:
        self.clock.now = now

    def later(self, **span: float) -> datetime:
        return self.clock.forward(**span)

    def work(self) -> int:
        """Run what is due until nothing is left; returns how many jobs ran."""
        ran = 0
        while tasks := self.due_tasks():
            for job, task in tasks:
                ran += 1
                self._run(job, task)
        return ran

    def due_tasks(self) -> list[tuple[str, Task]]:
        """Name and task of each job that would run now."""
        query = (
            select(OutboxEntry)
            .where(OutboxEntry.done_at.is_(None))
            .where(OutboxEntry.dead_at.is_(None))
            .where(OutboxEntry.due_at <= self.now)
            .where(OutboxEntry.job.in_(self.jobs))
            .order_by(OutboxEntry.id)
        )
        with self.context.database.reading() as session:
            entries = session.scalars(query).all()
            return [(entry.job, self._task_of(entry)) for entry in entries]

    def _task_of(self, entry: OutboxEntry) -> Task:
        attempt = entry.attempts + 1
        return Task(self.context, entry.id, entry.payload, attempt, self.now)

    def _run(self, job: str, task: Task) -> None:
        try:
            self.jobs[job](task)
        except HotlineError as error:
            self.errors.append(error)
            self._note_failure(task, error)

    def _note_failure(self, task: Task, error: HotlineError) -> None:
        settings = self.context.settings
        with self.context.database.writing() as session:
            entry = outbox.lock_entry(session, task.entry_id)
            if entry is None:
                return
            outbox.note_failure(
                entry,
                str(error),
                now=self.now,
                attempts=settings.job_attempts,
                base=settings.retry_base_seconds,
                final=isinstance(error, GiveUp),
            )
