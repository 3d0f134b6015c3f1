"""The jobs that search for reporters' fingerprints: in all files that were seen, in lists."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage import audit, outbox
from triage.cases.examination.hashes.prints import (
    LIST_JOB,
    appraise_anew,
    bring_news,
)
from triage.hashlists.search.matcher import Matcher
from triage.prints.models import WatchedPrint
from triage.prints.search import find_media, match_lists
from triage.prints.watch import find_print, keep_places

LIST_BATCH = 200


def search_print(task: Task, *, matcher: Matcher) -> None:
    """Compare a fingerprint with every file that was seen and with all lists that are here."""
    item_id = task.id_of("item_id")
    with task.context.database.reading() as session:
        watched = find_print(session, item_id)
        media = (
            find_media(session, watched.kind, watched.value)
            if watched is not None
            else {}
        )
    # Looked up again: the search above took long and held no transaction.
    with task.finishing() as session:
        watched = find_print(session, item_id)
        if watched is None:  # it was forgotten in the meantime
            return
        new_places = keep_places(session, watched, media, task.now)
        new_lists = match_lists(session, watched, matcher, task.now)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        if new_places:
            bring_news(act, watched)
        # A place is news to people; a list only changes what the rules say.
        elif new_lists:
            appraise_anew(act, watched)


def list_prints(task: Task, *, matcher: Matcher) -> None:
    """Ask the lists about everything that is looked for, a batch a job."""
    after = uuid.UUID(task.text_of("after") or uuid.UUID(int=0).hex)
    run = task.text_of("run")
    with task.finishing() as session:
        act = Act(session, task.context, audit.SYSTEM, task.now)
        batch = session.scalars(
            select(WatchedPrint)
            .where(WatchedPrint.id > after)
            .order_by(WatchedPrint.id)
            .limit(LIST_BATCH)
        ).all()
        for watched in batch:
            if match_lists(session, watched, matcher, task.now):
                _post_appraisal(act, watched, run)
        # A batch that is not full was the last.
        if len(batch) == LIST_BATCH:
            last = batch[-1].id
            outbox.post_work(
                session,
                LIST_JOB,
                key=f"print:list:{run}:{last}",
                payload={"run": run, "after": str(last)},
                now=task.now,
                queue="checks",
            )


def _post_appraisal(act: Act, watched: WatchedPrint, run: str) -> None:
    act.post(
        JobName.ITEM_APPRAISE,
        key=f"appraise:{watched.item_id}:{run}",
        payload={"item_id": str(watched.item_id)},
    )
