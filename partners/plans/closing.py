"""Closing a case that no check can close: words without an address, an account, a P2P hash.

A case whose item is watched closes by what the checks prove, never by hand.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.intake.registry.vocabulary import PartEvent
from partners.notices.models import Notice
from partners.plans.by_hand import list_undone
from partners.referrals.models import Plan
from partners.states import NoticeState, PlanState
from partners.watching.models import Watch
from triage.cases.examination.reporters import tell_reporters_of_case
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.vocabulary import CaseEvent

SETTLED = (NoticeState.VERIFIED_REMOVED, NoticeState.WITHDRAWN)


def find_obstacle(session: Session, case: Case) -> str:
    """What stands against closing the case by hand; empty if nothing does."""
    if not case.machine.allows(case.state, CaseEvent.TOLD):
        return "The case is not at a stage from which it can be closed."
    watched = select(Watch.id).where(
        Watch.case_id == case.id, Watch.state == "watching"
    )
    if session.scalar(watched.limit(1)) is not None:
        return (
            "It is watched: it closes once the checks prove that it is gone."
        )
    notices = select(Notice.id).where(
        Notice.case_id == case.id, Notice.state.not_in(SETTLED)
    )
    if session.scalar(notices.limit(1)) is not None:
        return "A notice is under way; withdraw it first."
    plans = select(Plan.id).where(
        Plan.case_id == case.id, Plan.state == PlanState.REQUESTED
    )
    if session.scalar(plans.limit(1)) is not None:
        return "A plan waits for approval; reject it first."
    if list_undone(session, case):
        return "What is done by hand is not recorded yet."
    return ""


def close_case(act: Act, case: Case, *, why: str) -> None:
    """Everybody who can act was told, or nobody can; ``why`` says which."""
    why = why.strip()[:1000]
    if not why:
        missing = phrase("Say why the case is closed.")
        raise InvalidInput(missing, fields={"/why": missing})
    lock_case(act.session, case.id)
    # Asked once more under the lock: the page that offered to close it may be
    # an hour old.
    reason = find_obstacle(act.session, case)
    if reason:
        raise Conflict(reason)
    act.advance(case, CaseEvent.TOLD, why=why)
    tell_reporters_of_case(act, case, PartEvent.CLOSED)
