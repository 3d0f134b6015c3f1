"""What a worker does with one id: find the outbox row, do its job, write a failure down."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.jobs.circuit import Paused
from hotline.core.jobs.task import AlreadyDone, GiveUp, Task
from hotline.core.language import counting
from hotline.core.logs import origin_of, words_of
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.tracing import Attribute, Kind, tracing
from workers.queues.jobs import Job, Jobs
from workers.queues.pools import POOL_OF_JOB
from workers.queues.tools import Tools

log = structlog.get_logger(__name__)

# Errors that a second try can't mend.
FINAL = (GiveUp, InvalidInput, NotFound)
# Clocks of two machines may differ by so much; what is due later than that is not done yet.
EARLY = timedelta(seconds=5)


class Outcome(StrEnum):
    """What came of one attempt."""

    DONE = "done"
    REPEATED = "repeated"
    POSTPONED = "postponed"
    FAILED = "failed"


class OutOfTime(BaseException):
    """The job was at it for longer than it may. Not an ``Exception``: what a job or a library
    catches on its way must not swallow the end of its time."""


def execute(tools: Tools, entry_id: uuid.UUID, jobs: Jobs) -> bool:
    """Do the work of one row; True if nothing of it is left to do for this worker.

    The id may come from anywhere. Only the row says what it is: work that is done, that waits for
    a later time, or that is other workers' is left alone.
    """
    now = utc_now()
    with tools.context.database.reading() as session:
        entry = session.get(OutboxEntry, entry_id)
        if entry is None or not _is_open(entry, jobs, now):
            return True
        job, payload, attempts = entry.job, entry.payload, entry.attempts
        waited = (now - entry.due_at).total_seconds()
    tools.rules.keep()
    task = Task(tools.context, entry_id, payload, attempts + 1, now)
    started = time.perf_counter()
    counting.count_wait(POOL_OF_JOB.get(job, "none"), max(waited, 0.0))
    with tracing(
        Kind.JOB,
        {
            Attribute.JOB: job,
            Attribute.ENTRY: entry_id,
            Attribute.ATTEMPT: task.attempt,
        },
        parent=payload,
    ) as span:
        outcome = _attempt(tools, task, job, jobs[job])
        span.note(Attribute.OUTCOME, outcome)
        if outcome is Outcome.FAILED:
            span.fail()
    seconds = time.perf_counter() - started
    counting.count_job(job, outcome, seconds)
    if outcome is Outcome.DONE:
        log.debug(
            "job_done",
            job=job,
            waited=waited,
            seconds=round(seconds, 4),
            steps=task.steps.seconds,
        )
    return outcome in (Outcome.DONE, Outcome.REPEATED)


def _attempt(tools: Tools, task: Task, job: str, work: Job) -> Outcome:
    try:
        work(tools, task)
    # The other run's result is stored, and this transaction was rolled back.
    except AlreadyDone:
        return Outcome.REPEATED
    # No failure of the work's own: it must not use up one of its tries.
    except Paused as pause:
        _postpone(tools, task.entry_id, pause)
        return Outcome.POSTPONED
    except (Exception, OutOfTime) as error:
        _note_failure(tools, task.entry_id, job, error)
        return Outcome.FAILED
    return Outcome.DONE


def _is_open(entry: OutboxEntry, jobs: Jobs, now: datetime) -> bool:
    if (
        entry.done_at is not None
        or entry.dead_at is not None
        or entry.due_at > now + EARLY
    ):
        return False
    if entry.job not in jobs:
        log.warning(
            "work_of_others_left_alone", job=entry.job, entry=str(entry.id)
        )
        return False
    return True


def _postpone(tools: Tools, entry_id: uuid.UUID, pause: Paused) -> None:
    with tools.context.database.writing() as session:
        entry = outbox.lock_entry(session, entry_id)
        if entry is not None:
            outbox.postpone_entry(entry, str(pause), until=pause.until)


def _note_failure(
    tools: Tools, entry_id: uuid.UUID, job: str, error: BaseException
) -> None:
    """Only our own errors' words are kept: a library's may quote what it was working on."""
    words = words_of(error)
    log.error(
        "job_failed",
        job=job,
        entry=str(entry_id),
        error=words,
        where=origin_of(error),
    )
    settings = tools.context.settings
    with tools.context.database.writing() as session:
        entry = outbox.lock_entry(session, entry_id)
        if entry is not None:
            outbox.note_failure(
                entry,
                words,
                now=utc_now(),
                attempts=settings.job_attempts,
                base=settings.retry_base_seconds,
                final=isinstance(error, FINAL),
            )
