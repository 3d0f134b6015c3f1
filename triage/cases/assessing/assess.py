"""Assessing a case: one person's answers, what follows from them, and beginning anew."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage.ids import new_id
from hotline.intake.registry.vocabulary import PartEvent
from triage.cases import floods
from triage.cases.assessing import assessment
from triage.cases.assessing.claim import refuse_if_held
from triage.cases.assessing.rounds import (
    ASSESSED_ALREADY,
    begin_new_round,
    list_assessments,
)
from triage.cases.examination.appraise import (
    agreed_class,
    appraise_case,
    post_review,
)
from triage.cases.examination.reporters import (
    tell_reporters,
    tell_reporters_of_case,
)
from triage.cases.locking import lock_case
from triage.cases.models import Assessment, Case
from triage.cases.quality.drawing import draw_for_review
from triage.cases.vocabulary import CaseEvent, CaseState
from triage.jurisdiction import AssessmentClass

NOTE = "assessment.note"
LONGEST_NOTE = 4_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What one person answered: about the case, and where one of its items is different.

    ``item_classes``: item id -> class, of those items only that are not of the case's class.
    ``seen_items``: the digest of the items that the person was shown; None where it was no page.
    """

    about_case: Mapping[str, object]
    item_classes: Mapping[uuid.UUID, str] = field(default_factory=dict)
    note: str = ""
    seen_items: str | None = None


def digest_of_items(case: Case) -> str:
    """One value for the items that a case has now."""
    names = sorted(place.item_id.hex for place in case.places)
    return hashlib.sha256("".join(names).encode()).hexdigest()


def assess_case(
    act: Act,
    case: Case,
    person: Person,
    answers: Answers,
    *,
    second_required: bool,
) -> None:
    """One person's answers. The case moves on by its table, and out of the person's hands.

    Whoever assessed the case in this round can't assess it again. The outcome is what two agreed
    on, what a third decided where they did not, or the first answers where the house wants no
    second assessment.
    """
    session = act.session
    # Before anything is read: two people who answer at the same moment would
    # both find that nobody has assessed in this round.
    lock_case(session, case.id)
    refuse_if_held(case, person, act.now)
    _require_seen(case, answers.seen_items)
    schema = assessment.load_schema(act.context.settings.data_dir)
    valid = assessment.validate_answers(schema, answers.about_case)
    item_classes = _check_item_classes(case, valid, answers.item_classes)
    earlier = list_assessments(session, case)
    if any(stored.person_id == person.id for stored in earlier):
        raise Conflict(ASSESSED_ALREADY)
    made = _new_assessment(act, case, person, schema, valid)
    made.item_classes = item_classes
    _seal_note(act, made, answers.note)
    event, outcome = _next_step(schema, case, earlier, made, second_required)
    # The kind as it was: taking the answers back restores it from here.
    act.advance(case, event, kind=case.kind)
    session.add(made)
    case.claimed_by_id, case.claimed_until = None, None
    if outcome is not None:
        _conclude_assessment(act, case, outcome, item_classes)
        draw_for_review(act, case, alone=event == CaseEvent.ASSESSED)


def _require_seen(case: Case, seen_items: str | None) -> None:
    """Nobody decides on a location that came in after they opened the page."""
    if seen_items is not None and seen_items != digest_of_items(case):
        raise Conflict(
            phrase("Further locations came into this case meanwhile."),
            hint=phrase("Look at them, and assess the case then."),
        )


def _check_item_classes(
    case: Case,
    about_case: Mapping[str, str],
    item_classes: Mapping[uuid.UUID, str],
) -> dict[str, str]:
    """As an assessment stores them: by the item's id in hexadecimal, without those that say the
    same as the case."""
    kept = {}
    for item_id, item_class in item_classes.items():
        if case.place_of(item_id) is None:
            raise InvalidInput(phrase("This is no location of the case."))
        if item_class not in assessment.CLASSES:
            raise InvalidInput(
                phrase("This is no class."),
                fields={f"/class-{item_id.hex}": "is not one of the answers"},
            )
        if item_class != about_case["class"]:
            kept[item_id.hex] = item_class
    # Then the answer on the case would be of nothing that lies in it.
    all_differ = len(kept) == len(case.places)
    if all_differ:
        raise InvalidInput(
            phrase("No location is of the class that is said of the case."),
            fields={"/class": "is of none of its locations"},
        )
    return kept


def _next_step(
    schema: assessment.Schema,
    case: Case,
    earlier: Sequence[Assessment],
    made: Assessment,
    second_required: bool,
) -> tuple[CaseEvent, dict[str, str] | None]:
    """The event that these answers are for the case, and the outcome if they end the question."""
    answers: dict[str, str] = made.answers
    if case.state == CaseState.SECOND_ASSESSMENT:
        first = earlier[0]
        agreed, _ = assessment.compare_answers(schema, first.answers, answers)
        # Compared after what is the same as the case was left out, so that
        # saying it twice is no difference.
        if not agreed or first.item_classes != made.item_classes:
            return CaseEvent.DISAGREED, None
        return CaseEvent.AGREED, assessment.merge_answers(
            schema, first.answers, answers
        )
    # A third person decides; there is nobody left to agree with.
    if case.state == CaseState.THIRD_ASSESSMENT:
        return CaseEvent.DECIDED, answers
    return (
        (CaseEvent.ASSESSED_FIRST, None)
        if second_required
        else (CaseEvent.ASSESSED, answers)
    )


def _new_assessment(
    act: Act,
    case: Case,
    person: Person,
    schema: assessment.Schema,
    answers: dict[str, str],
) -> Assessment:
    # Only of whoever had taken the case does anybody know when the work began.
    return Assessment(
        id=new_id(),
        case_id=case.id,
        person_id=person.id,
        round=case.round,
        began_at=case.claimed_at if case.claimed_by_id == person.id else None,
        at=act.now,
        scheme=schema.scheme,
        version=schema.version,
        answers=answers,
    )


def _seal_note(act: Act, made: Assessment, note: str) -> None:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(
            phrase("The note must have at most %(num)s characters."),
            values={"num": str(LONGEST_NOTE)},
            fields={"/note": "is too long"},
        )
    if note:
        vault = act.context.vault
        key = vault.new_record(act.session, made.id)
        made.note = vault.seal(key, NOTE, made.id, note)


def _conclude_assessment(
    act: Act,
    case: Case,
    outcome: dict[str, str],
    item_classes: Mapping[str, str],
) -> None:
    case.outcome = dict(outcome)
    case.kind = outcome.get("kind", case.kind)
    case.class_items(item_classes)
    lawful = [
        place
        for place in case.places
        if agreed_class(case, place) is AssessmentClass.NOT_ILLEGAL
    ]
    if len(lawful) == len(case.places):
        act.advance(case, CaseEvent.NOT_ILLEGAL)
    for place in lawful:
        # Also where the case goes on: each reporter named a place, not the
        # case.
        tell_reporters(act, place.item_id, PartEvent.NOT_ILLEGAL)
    appraise_case(act.session, act.context, case, act.now)


def open_note(session: Session, context: Context, made: Assessment) -> str:
    """The words of an assessment's note; empty where there is none or its key was erased."""
    key = context.vault.key_of(session, made.id) if made.note else None
    return (
        context.vault.open(key, NOTE, made.id, made.note)
        if key and made.note
        else ""
    )


def find_disputed_questions(
    schema: assessment.Schema, earlier: Sequence[Assessment]
) -> tuple[str, ...]:
    """The decisive questions on which the first two differ, never who said what.

    Empty unless there are two. Where they differ about single locations, ``class`` is among them.
    """
    # With one answer nothing is disputed yet; with three it is decided.
    if len(earlier) != 2:
        return ()
    first, second = earlier
    disputed = assessment.find_contradictions(
        schema, first.answers, second.answers
    )
    if first.item_classes != second.item_classes and "class" not in disputed:
        return ("class", *disputed)
    return disputed


def reopen_case(act: Act, case: Case, why: str) -> None:
    """Start a new round of assessments: an error was found, or there is news. Says why."""
    why = why.strip()[:300]
    if not why:
        raise InvalidInput(
            phrase("Say why the case is opened again."),
            fields={"/why": "is missing"},
        )
    lock_case(act.session, case.id)
    if case.forgotten_at is not None:
        raise Conflict(
            phrase("The period of this case is over; nothing is left of it.")
        )
    act.advance(
        case,
        CaseEvent.REOPENED,
        why=why,
        released=floods.has_set_aside(act.session, case),
    )
    # In this order: what was set aside is released into the new round, and the
    # rules are asked when all of it counts.
    begin_new_round(case)
    floods.take_back(act, case)
    tell_reporters_of_case(act, case, PartEvent.REOPENED)
    appraise_case(act.session, act.context, case, act.now)
    post_review(act.session, case, act.now)
