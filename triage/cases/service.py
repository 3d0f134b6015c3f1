"""The verbs on cases: claim, give back, assess, open again. One transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.storage import audit, machine
from hotline.core.storage.ids import new_id
from triage.cases import assessment, floods
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.reporters import tell_reporters
from triage.cases.locking import lock_case
from triage.cases.models import OPEN_STATES, Assessment, Case

# Later assessments in these states are blind: nobody sees who assessed before, or how.
BLIND_STATES = ("second_assessment", "third_assessment")
NOTE = "assessment.note"
LONGEST_NOTE = 4_000
ASSESSED_ALREADY = phrase(
    "You have assessed this case; the next one must be somebody else."
)


# finding


def by_reference(session: Session, reference: str) -> Case:
    case = session.scalar(select(Case).where(Case.reference == reference))
    if case is None:
        raise NotFound("There is no such case.")
    return case


def is_blind(case: Case) -> bool:
    return case.state in BLIND_STATES


def list_assessments(session: Session, case: Case) -> Sequence[Assessment]:
    """Of the current round, oldest first."""
    return session.scalars(
        select(Assessment)
        .where(Assessment.case_id == case.id, Assessment.round == case.round)
        .order_by(Assessment.at, Assessment.id)
    ).all()


def find_holder(case: Case, now: datetime) -> Person | None:
    """Who holds the case at ``now``; a lease that ran out binds nobody."""
    return (
        case.claimed_by
        if case.claimed_until and case.claimed_until > now
        else None
    )


# claiming


def claim_case(
    session: Session, case: Case, person: Person, now: datetime, minutes: int
) -> None:
    """Hold the case for ``minutes``, or longer if it is held already; of two people one gets it."""
    if case.state not in OPEN_STATES:
        raise Conflict(phrase("Nothing is to be decided in this case now."))
    if is_blind(case) and any(
        assessment.person_id == person.id
        for assessment in list_assessments(session, case)
    ):
        raise Conflict(ASSESSED_ALREADY)
    free = or_(
        Case.claimed_by_id.is_(None),
        Case.claimed_by_id == person.id,
        Case.claimed_until <= now,
    )
    taken = session.execute(
        update(Case)
        .where(Case.id == case.id, free)
        .values(
            claimed_by_id=person.id,
            claimed_until=now + timedelta(minutes=minutes),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(
        case, attribute_names=["claimed_by_id", "claimed_until", "claimed_by"]
    )
    if not getattr(taken, "rowcount", 0):
        _refuse_if_held(case, person, now)
    record_act(session, case, "case.claimed", person, now)


def release_claim(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    """Give the case back; somebody else's claim stays."""
    if case.claimed_by_id != person.id:
        raise Conflict(phrase("You do not hold this case."))
    case.claimed_by_id, case.claimed_until = None, None
    record_act(session, case, "case.released", person, now)


def _refuse_if_held(case: Case, person: Person, now: datetime) -> None:
    other = find_holder(case, now)
    if other is not None and other.id != person.id:
        raise Conflict(
            phrase("%(name)s works on this case now."),
            values={"name": other.display_name},
        )


# assessing


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
    _refuse_if_held(case, person, now)
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
) -> tuple[str, dict[str, str] | None]:
    """The event that these answers are for the case, and the outcome if they end the question."""
    if case.state == "second_assessment":
        agreed, _ = assessment.compare_answers(
            schema, earlier[0].answers, answers
        )
        if not agreed:
            return "disagreed", None
        return "agreed", assessment.merge_answers(
            schema, earlier[0].answers, answers
        )
    if case.state == "third_assessment":
        return "decided", answers
    return (
        ("assessed_first", None) if second_required else ("assessed", answers)
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
            session, case, "not_illegal", actor=person.actor, now=now
        )
        tell_reporters(
            session, case.item_id, "not_illegal", actor=person.actor, now=now
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
        session, case, "reopened", actor=person.actor, now=now, why=why
    )
    case.round += 1
    case.outcome = {}
    floods.take_back(session, case, person, now)
    tell_reporters(
        session, case.item_id, "reopened", actor=person.actor, now=now
    )
    appraise_case(session, context, case, now)
    post_review(session, case, now)


# helpers


def record_act(
    session: Session,
    case: Case,
    action: str,
    person: Person,
    now: datetime,
    **details: Any,
) -> None:
    audit.record_entry(
        session,
        actor=person.actor,
        action=action,
        entity="case",
        entity_id=case.id,
        now=now,
        case=case.reference,
        **details,
    )
