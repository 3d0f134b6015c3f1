"""The fingerprint that a reporter gave of a picture: searched for, and news of it told to its case.

It is an item of the report's case. What is met is told to people; nothing is decided by machine,
and the police are told of nothing on the strength of a fingerprint alone: nobody saw the file.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.jobs.task import Task
from hotline.core.storage import audit, outbox
from hotline.intake.vocabulary import PartEvent
from triage.cases.assess import begin_new_round
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.reporters import tell_reporters_of_case
from triage.cases.models import OVER_BUT_FOR_NEWS, Case
from triage.cases.places import lock_case_of
from triage.cases.vocabulary import CaseEvent
from triage.hashlists.search.matcher import Matcher
from triage.items.models import Item
from triage.prints.models import WatchedPrint
from triage.prints.search import find_media
from triage.prints.watch import (
    count_places,
    find_print,
    keep_places,
    match_lists,
)

LIST_JOB = "print.list"
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
    with task.finishing() as session:
        watched = find_print(session, item_id)
        if watched is None:  # it was forgotten in the meantime
            return
        new_places = keep_places(session, watched, media, task.now)
        new_lists = match_lists(session, watched, matcher, task.now)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        if new_places:
            _bring_news(act, watched)
        elif new_lists:
            _appraise_anew(act, watched)


def note_seen(task: Task) -> None:
    """A file was just seen that has the fingerprint, or one near it."""
    with task.finishing() as session:
        watched = session.get(WatchedPrint, task.id_of("print_id"))
        if watched is not None:
            act = Act(session, task.context, audit.SYSTEM, task.now)
            _bring_news(act, watched)


def post_listing(session: Session, *, run: str, now: datetime) -> None:
    """Lists gained something: what is looked for may be on one now."""
    outbox.post_work(
        session,
        LIST_JOB,
        key=f"print:list:{run}",
        payload={"run": run},
        now=now,
        queue="checks",
    )


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


def _bring_news(act: Act, watched: WatchedPrint) -> None:
    """The case gets the news; one that was over is opened again, for people to look at it."""
    case = _lock_case(act, watched)
    if not case.machine.allows(case.state, CaseEvent.PRINT_SEEN):
        return  # a flood waits to be let through; the page shows it then
    was_over = case.state in OVER_BUT_FOR_NEWS
    places = count_places(act.session, watched.item_id)
    act.advance(case, CaseEvent.PRINT_SEEN, places=places)
    if was_over:
        begin_new_round(case)
        tell_reporters_of_case(act, case, PartEvent.REOPENED)
        post_review(act.session, case, act.now)
    appraise_case(act.session, act.context, case, act.now)


def _appraise_anew(act: Act, watched: WatchedPrint) -> None:
    case = _lock_case(act, watched)
    appraise_case(act.session, act.context, case, act.now)


def _post_appraisal(act: Act, watched: WatchedPrint, run: str) -> None:
    act.post(
        "item.appraise",
        key=f"appraise:{watched.item_id}:{run}",
        payload={"item_id": str(watched.item_id)},
    )


def _lock_case(act: Act, watched: WatchedPrint) -> Case:
    item = act.session.get_one(Item, watched.item_id, with_for_update=True)
    return lock_case_of(act.session, item)
