"""Assessing a case: one person's answers, what follows from them, and beginning anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.intake.vocabulary import PartEvent
from triage.cases import assessment, floods
from triage.cases.claim import refuse_if_held
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.reporters import tell_reporters
from triage.cases.locking import lock_case
from triage.cases.models import Assessment, Case
from triage.cases.rounds import ASSESSED_ALREADY, list_assessments
from triage.cases.vocabulary import CaseEvent, CaseState

NOTE = "assessment.note"
LONGEST_NOTE = 4_000


def assess_case(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    answers: Mapping[str, object],
    note: str,
    now: datetime,
    second_required: bool,
) -> None:
    """One person's answers. The case moves on by its table, and out of the person's hands.

    Whoever assessed the case in this round can't assess it again. The outcome is what two agreed
    on, what a third decided where they did not, or the first answers where the house wants no
    second assessment.
    """
    lock_case(session, case.id)
    refuse_if_held(case, person, now)
    schema = assessment.load_schema(context.settings.data_dir)
    valid = assessment.validate_answers(schema, answers)
    earlier = list_assessments(session, case)
    if any(stored.person_id == person.id for stored in earlier):
        raise Conflict(ASSESSED_ALREADY)
    event, outcome = _next_step(schema, case, earlier, valid, second_required)
    machine.advance_state(session, case, event, actor=person.actor, now=now)
    session.add(
        _seal_assessment(
            session,
            context,
            case,
            person,
            schema=schema,
            answers=valid,
            note=note,
            now=now,
        )
    )
    case.claimed_by_id, case.claimed_until = None, None
    if outcome is not None:
        _conclude_assessment(session, context, case, person, outcome, now=now)


def _next_step(
    schema: assessment.Schema,
    case: Case,
    earlier: Sequence[Assessment],
    answers: dict[str, str],
    second_required: bool,
) -> tuple[CaseEvent, dict[str, str] | None]:
    """The event that these answers are for the case, and the outcome if they end the question."""
    if case.state == CaseState.SECOND_ASSESSMENT:
        agreed, _ = assessment.compare_answers(
            schema, earlier[0].answers, answers
        )
        if not agreed:
            return CaseEvent.DISAGREED, None
        return CaseEvent.AGREED, assessment.merge_answers(
            schema, earlier[0].answers, answers
        )
    if case.state == CaseState.THIRD_ASSESSMENT:
        return CaseEvent.DECIDED, answers
    return (
        (CaseEvent.ASSESSED_FIRST, None)
        if second_required
        else (CaseEvent.ASSESSED, answers)
    )


def _seal_assessment(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    *,
    schema: assessment.Schema,
    answers: dict[str, str],
    note: str,
    now: datetime,
) -> Assessment:
    made = Assessment(
        id=new_id(),
        case_id=case.id,
        person_id=person.id,
        round=case.round,
        at=now,
        scheme=schema.scheme,
        version=schema.version,
        answers=answers,
    )
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        reason = f"must have at most {LONGEST_NOTE} characters"
        raise InvalidInput(f"The note {reason}.", fields={"/note": reason})
    if note:
        key = context.vault.new_record(session, made.id)
        made.note = context.vault.seal(key, NOTE, made.id, note)
    return made


def _conclude_assessment(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    outcome: dict[str, str],
    *,
    now: datetime,
) -> None:
    case.outcome = dict(outcome)
    case.kind = outcome.get("kind", case.kind)
    if outcome["class"] == "not_illegal":
        machine.advance_state(
            session, case, CaseEvent.NOT_ILLEGAL, actor=person.actor, now=now
        )
        tell_reporters(
            session,
            case.item_id,
            PartEvent.NOT_ILLEGAL,
            actor=person.actor,
            now=now,
        )
    appraise_case(session, context, case, now)


def open_note(session: Session, context: Context, made: Assessment) -> str:
    """The words of an assessment's note; empty where there is none or its key was erased."""
    key = context.vault.key_of(session, made.id) if made.note else None
    return (
        context.vault.open(key, NOTE, made.id, made.note)
        if key and made.note
        else ""
    )


def reopen_case(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    why: str,
    *,
    now: datetime,
) -> None:
    """Start a new round of assessments: an error was found, or there is news. Says why."""
    why = why.strip()[:300]
    if not why:
        raise InvalidInput(
            phrase("Say why the case is opened again."),
            fields={"/why": "is missing"},
        )
    lock_case(session, case.id)
    machine.advance_state(
        session, case, CaseEvent.REOPENED, actor=person.actor, now=now, why=why
    )
    case.round += 1
    case.outcome = {}
    floods.take_back(session, case, person, now)
    tell_reporters(
        session, case.item_id, PartEvent.REOPENED, actor=person.actor, now=now
    )
    appraise_case(session, context, case, now)
    post_review(session, case, now)
