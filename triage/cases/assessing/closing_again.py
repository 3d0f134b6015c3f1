"""Taking back one's own opening of a case again, while nobody has built on it.

The decision of the round before holds again, worked out from its assessments as it was then. What
was set aside in a flood and counts since the opening stays counted: such an opening is not taken
back.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.storage.machine import HistoryEntry
from hotline.intake import service as intake
from hotline.intake.models import ReportPart
from hotline.intake.registry.vocabulary import PartEvent, PartState
from triage.cases.assessing.assessment import load_version, merge_answers
from triage.cases.assessing.untouched import (
    BuiltOn,
    Past,
    is_untouched,
    read_past,
    refuse_taking_back,
)
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.reporters import parts_of
from triage.cases.locking import lock_case
from triage.cases.models import Assessment, Case
from triage.cases.vocabulary import CaseEvent, CaseState

UNDONE: Mapping[str, CaseEvent] = MappingProxyType(
    {
        CaseState.ASSESSED: CaseEvent.ASSESSED_STILL,
        CaseState.NOT_ILLEGAL: CaseEvent.NOT_ILLEGAL_STILL,
        CaseState.CLOSED: CaseEvent.CLOSED_STILL,
    }
)
"""State before the opening -> what leads back to it."""
_AS_BEFORE: Mapping[str, PartEvent] = MappingProxyType(
    {
        PartState.NOT_ILLEGAL: PartEvent.NOT_ILLEGAL,
        PartState.CLOSED: PartEvent.CLOSED,
    }
)
"""State of a report's part before the opening -> what leads back to it."""


@dataclass(frozen=True, slots=True)
class OwnReopening:
    """``assessments``: of the round before, which decide again."""

    entry: HistoryEntry
    assessments: Sequence[Assessment]


def find_own_reopening(
    session: Session, case: Case, person: Person, past: Past
) -> OwnReopening | None:
    """None where somebody did something since, holds the case, or its period is over."""
    entry = past.history[-1] if past.history else None
    if (
        entry is None
        or entry.event != CaseEvent.REOPENED
        or entry.actor != person.actor
        or entry.from_state not in UNDONE
        # Reports of a flood count since then, and cannot be made not to have
        # come.
        or entry.details.get("released")
        or case.claimed_by_id not in (None, person.id)
        or past.assessments
        or not is_untouched(session, case, person, entry.at)
    ):
        return None
    before = session.scalars(
        select(Assessment)
        .where(
            Assessment.case_id == case.id, Assessment.round == case.round - 1
        )
        .order_by(Assessment.at, Assessment.id)
    ).all()
    return OwnReopening(entry, before) if before else None


def take_reopening_back(
    act: Act, case: Case, person: Person, is_built_on: BuiltOn
) -> None:
    """The case is where it was before, with the outcome that it had."""
    lock_case(act.session, case.id)
    past = read_past(act.session, case)
    opened = find_own_reopening(act.session, case, person, past)
    if opened is None or is_built_on():
        raise refuse_taking_back()
    act.advance(case, UNDONE[opened.entry.from_state])
    # Back into the round whose answers are there already.
    case.round -= 1
    case.claimed_by_id, case.claimed_until = None, None
    case.outcome = _decide_as_then(act, opened.assessments)
    case.class_items(opened.assessments[-1].item_classes)
    _tell_reporters_as_before(act, case, opened.entry)
    appraise_case(act.session, act.context, case, act.now)
    post_review(act.session, case, act.now)


def _decide_as_then(
    act: Act, assessments: Sequence[Assessment]
) -> dict[str, str]:
    """As ``assess_case`` does: one decides alone, two agree, a third decides."""
    last = assessments[-1]
    if len(assessments) != 2:
        return dict(last.answers)
    schema = load_version(
        last.scheme, last.version, act.context.settings.data_dir
    )
    return merge_answers(schema, assessments[0].answers, last.answers)


def _tell_reporters_as_before(
    act: Act, case: Case, opened: HistoryEntry
) -> None:
    """Whoever read that it is looked at again reads what they had read before."""
    parts: dict[uuid.UUID, ReportPart] = {
        part.id: part
        for place in case.places
        for part in parts_of(act.session, place.item_id)
        if part.state == PartState.IN_REVIEW
    }
    moved = act.session.execute(
        select(HistoryEntry.entity_id, HistoryEntry.from_state).where(
            HistoryEntry.entity_id.in_(parts),
            HistoryEntry.event == PartEvent.REOPENED,
            # Only what this very opening moved, not what a later one did.
            HistoryEntry.at == opened.at,
        )
    )
    for part_id, state in moved:
        if state in _AS_BEFORE:
            intake.advance_part(act, parts[part_id], _AS_BEFORE[state])
