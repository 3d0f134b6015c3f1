"""What is news of a fingerprint that a reporter gave of a picture, told to its case.

It is an item of the report's case. What is met is told to people; nothing is decided by machine,
and the police are told of nothing on the strength of a fingerprint alone: nobody saw the file.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage import audit, outbox
from hotline.intake.registry.vocabulary import PartEvent
from triage.cases.assessing.rounds import begin_new_round
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.reporters import tell_reporters_of_case
from triage.cases.machines import OVER_BUT_FOR_NEWS
from triage.cases.models import Case
from triage.cases.places import lock_case_of
from triage.cases.vocabulary import CaseEvent
from triage.items.models import Item
from triage.prints.models import WatchedPrint
from triage.prints.watch import (
    count_places,
)

LIST_JOB = JobName.PRINT_LIST


def note_seen(task: Task) -> None:
    """A file was just seen that has the fingerprint, or one near it."""
    with task.finishing() as session:
        watched = session.get(WatchedPrint, task.id_of("print_id"))
        if watched is not None:
            act = Act(session, task.context, audit.SYSTEM, task.now)
            bring_news(act, watched)


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


def bring_news(act: Act, watched: WatchedPrint) -> None:
    """The case gets the news; one that was over is opened again, for people to look at it."""
    case = _lock_case(act, watched)
    if not case.machine.allows(case.state, CaseEvent.PRINT_SEEN):
        return  # a flood waits to be let through; the page shows it then
    # Asked before the event moves the case on.
    was_over = case.state in OVER_BUT_FOR_NEWS
    places = count_places(act.session, watched.item_id)
    act.advance(case, CaseEvent.PRINT_SEEN, places=places)
    if was_over:
        begin_new_round(case)
        tell_reporters_of_case(act, case, PartEvent.REOPENED)
        post_review(act.session, case, act.now)
    appraise_case(act.session, act.context, case, act.now)


def appraise_anew(act: Act, watched: WatchedPrint) -> None:
    case = _lock_case(act, watched)
    appraise_case(act.session, act.context, case, act.now)


def _lock_case(act: Act, watched: WatchedPrint) -> Case:
    item = act.session.get_one(Item, watched.item_id, with_for_update=True)
    return lock_case_of(act.session, item)
