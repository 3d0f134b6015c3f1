"""Taking back one's own assessment, while nobody has built on it.

It is an event of its own in the case's history, and the answers go with their note: whoever took
them back answers anew. A second or third assessment cannot be taken back: whoever gave it has seen
at once how it compares, and would not be blind a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.storage.machine import HistoryEntry
from hotline.intake import service as intake
from hotline.intake.registry.vocabulary import PartEvent, PartState
from triage.cases.assessing.claim import claim_case
from triage.cases.assessing.untouched import (
    BuiltOn,
    Past,
    is_untouched,
    read_past,
    refuse_taking_back,
)
from triage.cases.examination.appraise import (
    agreed_class,
    appraise_case,
    post_review,
)
from triage.cases.examination.reporters import parts_of
from triage.cases.locking import lock_case
from triage.cases.models import Assessment, Case
from triage.cases.quality.drawing import drop_drawn, was_judged
from triage.cases.vocabulary import CaseEvent
from triage.jurisdiction import AssessmentClass

FIRST = (CaseEvent.ASSESSED_FIRST, CaseEvent.ASSESSED)
"""Events of the first assessment of a round."""


@dataclass(frozen=True, slots=True)
class OwnLast:
    """The person's assessment that is the last thing that happened to the case."""

    made: Assessment
    entry: HistoryEntry


def find_own_last(
    session: Session, case: Case, person: Person, past: Past
) -> OwnLast | None:
    """None where somebody did something since, holds the case, or its period is over.

    What other packages did about the case is not known here: whoever calls asks their diaries.
    """
    # Whoever holds the case now may already be looking at it by these answers.
    is_taken = case.claimed_by_id not in (None, person.id)
    if len(past.assessments) != 1 or is_taken:
        return None
    (made,) = past.assessments
    if not is_untouched(session, case, person, made.at):
        return None
    history = list(past.history)
    # What is found not illegal is so by the same act.
    if history and history[-1].event == CaseEvent.NOT_ILLEGAL:
        history.pop()
    if was_judged(session, case):
        return None
    if not history or made.person_id != person.id:
        return None
    entry = history[-1]
    is_it = (
        entry.event in FIRST
        and entry.actor == person.actor
        # The same moment shows that the step is of these very answers.
        and entry.at == made.at
    )
    return OwnLast(made, entry) if is_it else None


def take_assessment_back(
    act: Act, case: Case, person: Person, is_built_on: BuiltOn
) -> None:
    """The case is where it was before, in the hands of whoever had assessed it."""
    lock_case(act.session, case.id)
    past = read_past(act.session, case)
    last = find_own_last(act.session, case, person, past)
    if last is None or is_built_on():
        raise refuse_taking_back()
    # Before the outcome is emptied, which says what they were told.
    _tell_reporters_anew(act, case)
    act.advance(case, CaseEvent.TAKEN_BACK)
    if case.outcome:
        case.outcome = {}
        case.kind = str(last.entry.details.get("kind") or case.kind)
        case.class_items({})
    # Its key goes, and with it the words in every backup of the row.
    if last.made.note:
        act.context.vault.erase(act.session, last.made.id)
    act.session.delete(last.made)
    drop_drawn(act.session, case)
    # The claim below is a statement of its own and has to meet the new state.
    act.session.flush()
    claim_case(act, case, person, act.context.settings.claim_minutes)
    appraise_case(act.session, act.context, case, act.now)
    post_review(act.session, case, act.now)


def _tell_reporters_anew(act: Act, case: Case) -> None:
    """Those who were told that it is not illegal read that it is looked at again."""
    for place in case.places:
        if agreed_class(case, place) is not AssessmentClass.NOT_ILLEGAL:
            continue
        reopened = PartEvent.REOPENED
        for part in parts_of(act.session, place.item_id, before=reopened):
            if part.state == PartState.NOT_ILLEGAL:
                intake.advance_part(act, part, reopened)
