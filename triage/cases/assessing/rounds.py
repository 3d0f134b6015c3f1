"""The round of assessments that a case is in, and whether it is blind."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import phrase
from triage.cases.models import Assessment, Case
from triage.cases.vocabulary import CaseState

# Later assessments in these states are blind: nobody sees who assessed before, or how.
BLIND_STATES = (CaseState.SECOND_ASSESSMENT, CaseState.THIRD_ASSESSMENT)
ASSESSED_ALREADY = phrase(
    "You have assessed this case; the next one must be somebody else."
)


def is_blind(case: Case) -> bool:
    return case.state in BLIND_STATES


def list_assessments(session: Session, case: Case) -> Sequence[Assessment]:
    """Of the current round, oldest first."""
    return session.scalars(
        select(Assessment)
        .where(Assessment.case_id == case.id, Assessment.round == case.round)
        .order_by(Assessment.at, Assessment.id)
    ).all()


def begin_new_round(case: Case) -> None:
    """What people decided so far is history: the case is assessed from the beginning."""
    case.round += 1
    case.outcome = {}
    case.claimed_by_id, case.claimed_until = None, None
    case.class_items({})
