"""Forget a case when its time is over: words and addresses go, kinds, states and times stay.

What is left are the rows that figures are counted from. Keys go first, so that a backup that holds
the sealed words holds nothing any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.periods import load_periods
from hotline.core.storage import audit
from hotline.core.storage.machine import HistoryEntry
from partners.duty.models import Alert, AlertCall
from partners.forgetting.due import lock_due_cases
from partners.forgetting.places import forget_place
from partners.manual.models import ManualAct
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.forget import forget_words_of
from partners.referrals.models import Hold, Plan, Referral
from partners.replaced_links import ReplacedLink
from partners.watching.models import Watch
from triage.cases.handling.models import CaseTag, HandOver, StepTick
from triage.cases.listing.marks import forget_marks
from triage.cases.models import Assessment, Case
from triage.cases.people.keeping.forget import forget_people_of

BATCH = 50


def forget_cases(session: Session, context: Context, *, now: datetime) -> int:
    """Some of the cases whose time is over; returns how many."""
    due = lock_due_cases(session, load_periods(context.settings), now, BATCH)
    act = Act(session, context, audit.SYSTEM, now)
    for case in due:
        forget_case(act, case)
    return len(due)


def forget_case(act: Act, case: Case) -> None:
    """Everything of the case that is not a figure."""
    # Keys first: should this break off, what is left can be read by nobody.
    forget_people_of(act.session, act.context, case.id)
    _forget_assessments(act, case.id)
    for row in (CaseTag, HandOver, StepTick):
        act.session.execute(delete(row).where(row.case_id == case.id))
    items = [place.item_id for place in case.places]
    parts = _empty_partners_rows(act, case.id)
    places = [place.id for place in case.places]
    # After the rows, whose ids say which histories are meant.
    _empty_history(act.session, [case.id, *places, *parts])
    for item_id in items:
        forget_place(act, item_id)
    for place in case.places:
        place.routing = {}
    case.priority_parts = []
    case.claimed_at = None
    case.routing = {}
    case.facts = {}
    case.word_themes = []
    case.due_at = None
    case.claimed_by_id = case.claimed_until = None
    case.forgotten_at = act.now
    forget_marks(act.session, case.id)
    act.record("case.forgotten", "case", case.id)


def _forget_assessments(act: Act, case_id: uuid.UUID) -> None:
    """The answers stay: each is one of the choices of a question, and figures count them."""
    rows = act.session.scalars(
        select(Assessment).where(Assessment.case_id == case_id)
    ).all()
    for row in rows:
        act.context.vault.erase(act.session, row.id)
        row.item_classes = {}
        row.began_at = None
        row.note = None


def _empty_partners_rows(act: Act, case_id: uuid.UUID) -> list[uuid.UUID]:
    """Of everybody who was told; returns the ids of what has a history of its own."""
    session = act.session
    referrals = _forget_referrals(act, case_id)
    notices = _forget_notices(session, case_id)
    subject_ids = [*referrals, *notices]
    session.execute(
        delete(ReplacedLink).where(ReplacedLink.subject_id.in_(subject_ids))
    )
    plans = _ids_of(session, Plan, case_id)
    session.execute(
        update(Plan).where(Plan.case_id == case_id).values(routes=[], note="")
    )
    holds = _ids_of(session, Hold, case_id)
    session.execute(
        update(Hold)
        .where(Hold.case_id == case_id)
        .values(reason="", officer_reference="")
    )
    session.execute(
        update(ManualAct)
        .where(ManualAct.case_id == case_id)
        .values(reached="", number="", note="")
    )
    alerts = _ids_of(session, Alert, case_id)
    session.execute(delete(AlertCall).where(AlertCall.alert_id.in_(alerts)))
    watches = _ids_of(session, Watch, case_id)
    session.execute(delete(Watch).where(Watch.id.in_(watches)))
    return [*subject_ids, *plans, *holds, *alerts, *watches]


def _forget_referrals(act: Act, case_id: uuid.UUID) -> list[uuid.UUID]:
    rows = act.session.scalars(
        select(Referral).where(Referral.case_id == case_id)
    ).all()
    for row in rows:
        forget_words_of(act.session, act.context, row)
        row.why = row.their_reference = row.withdrawal_reason = ""
        row.automatic = None
        row.link_mac = None
        row.link_expires_at = None
        row.due_at = row.chase_at = None
    return [row.id for row in rows]


def _forget_notices(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    rows = session.scalars(
        select(Notice).where(Notice.case_id == case_id)
    ).all()
    for row in rows:
        row.why = ""
        # A plan makes one notice a desk: what stands for it must still be its own.
        row.desk = f"forgotten:{row.id}"
        row.link_mac = None
        row.link_expires_at = row.due_at = None
    ids = [row.id for row in rows]
    session.execute(
        update(ProviderAnswer)
        .where(ProviderAnswer.notice_id.in_(ids))
        .values(text="")
    )
    return ids


def _ids_of(
    session: Session,
    model: type[Plan] | type[Hold] | type[Alert] | type[Watch],
    case_id: uuid.UUID,
) -> Sequence[uuid.UUID]:
    return session.scalars(
        select(model.id).where(model.case_id == case_id)
    ).all()


def _empty_history(session: Session, ids: list[uuid.UUID]) -> None:
    """That something happened, and when, stays; with which words goes."""
    session.execute(
        update(HistoryEntry)
        .where(HistoryEntry.entity_id.in_(ids))
        .values(details={})
    )
