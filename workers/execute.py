"""What an RQ worker runs: one outbox row, by the table of jobs, with its failure written down."""

from __future__ import annotations

import time
import uuid

import structlog

from hotline.core import outbox
from hotline.core.context import utc_now
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.logs import origin
from hotline.core.task import AlreadyDone, GiveUp, Task
from workers.jobs import JOBS
from workers.tools import Tools, current_tools

log = structlog.get_logger(__name__)

# Errors that a second try can't mend.
FINAL = (GiveUp, InvalidInput, NotFound)


def run(entry_id: str) -> None:
    """RQ's entry point. Never raises: the outbox row is where a failure is kept."""
    execute(current_tools(), uuid.UUID(entry_id))


def execute(tools: Tools, entry_id: uuid.UUID) -> bool:
    """Do the work of one row; True if it is done now (by this run or an earlier one)."""
    now = utc_now()
    with tools.context.database.reading() as session:
        entry = session.get(outbox.OutboxEntry, entry_id)
        if entry is None or entry.done_at is not None or entry.dead_at is not None:
            return True
        job, payload, attempts = entry.job, entry.payload, entry.attempts
        waited = (now - entry.due_at).total_seconds()
    task = Task(tools.context, entry_id, payload, attempts + 1, now)
    started = time.perf_counter()
    try:
        JOBS[job](tools, task)
        seconds = round(time.perf_counter() - started, 4)
        log.debug("job_done", job=job, waited=waited, seconds=seconds, steps=task.steps.seconds)
    except AlreadyDone:
        return True
    except Exception as error:
        _note_failure(tools, entry_id, job, error)
        return False
    return True


def _note_failure(tools: Tools, entry_id: uuid.UUID, job: str, error: Exception) -> None:
    """Only our own errors' words are kept: a library's may quote what it was working on."""
    words = str(error) if isinstance(error, HotlineError) else type(error).__name__
    log.error("job_failed", job=job, entry=str(entry_id), error=words, where=origin(error))
    settings = tools.context.settings
    with tools.context.database.writing() as session:
        entry = outbox.lock(session, entry_id)
        if entry is not None:
            outbox.failed(
                entry,
                words,
                now=utc_now(),
                attempts=settings.job_attempts,
                base=settings.retry_base_seconds,
                final=isinstance(error, FINAL),
            )
