"""What can be done to many cases: each deed foresees what it would do to one, and does it.

A deed asks the same services as the page of a case does, so that no rule is another one here. What
has to be looked at alone, such as a child in danger, no deed touches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import HotlineError, InvalidInput, phrase
from triage.cases import floods
from triage.cases.assessing import assessment
from triage.cases.assessing.assess import Answers, assess_case
from triage.cases.assessing.claim import find_holder
from triage.cases.assessing.rounds import (
    ASSESSED_ALREADY,
    is_blind,
    list_assessments,
)
from triage.cases.handling.hand_over import (
    BLIND,
    assign_case,
    find_colleague,
)
from triage.cases.handling.next_case import ASSESSABLE
from triage.cases.handling.tags import add_tag, read_tag
from triage.cases.machines import OPEN_STATES
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState, Held

TAG, ASSIGN = "tag", "assign"
"""Deeds that leave no step in a case's own history."""
ALONE = phrase(
    "A child is said to be in danger, or reports: it is decided alone."
)
HELD_BY_ANOTHER = phrase("Somebody else works on it now.")

Values = Mapping[str, object]
"""What a deed needs beside the reason, as it is stored."""


@dataclass(frozen=True, slots=True)
class Look:
    """For whom is foreseen, when, and with which values."""

    session: Session
    context: Context
    person: Person
    now: datetime
    values: Values


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``effect``: what would happen to the case; or ``obstacle``: why nothing would."""

    effect: str = ""
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """``read`` takes the form's values, or raises ``InvalidInput``; ``asks`` names the template
    with the deed's own fields, empty where the reason is all it needs."""

    name: str
    label: object
    key: str
    permission: str
    asks: str
    read: Callable[[Session, Context, Mapping[str, str]], Values]
    foresee: Callable[[Look, Case], Foreseen]
    do: Callable[[Act, Case, Person, Values, str], None]


def why_alone(case: Case) -> str:
    """What a person must look at by itself, whatever else it has in common with others."""
    # As in ``floods.IN_BULK``: what a child says is never decided in a heap.
    is_urgent = case.danger_now or case.child_reporter
    return ALONE if is_urgent or case.held > Held.NOTHING_SAID else ""


def why_held(look: Look, case: Case) -> str:
    holder = find_holder(case, look.now)
    is_other = holder is not None and holder.id != look.person.id
    return HELD_BY_ANOTHER if is_other else ""


# assess


def _read_answers(
    _session: Session, context: Context, form: Mapping[str, str]
) -> Values:
    schema = assessment.load_schema(context.settings.data_dir)
    # Only the schema's own fields; the form carries the reason and the token
    # as well.
    given = {
        question.name: form.get(question.name, "")
        for question in schema.questions
    }
    try:
        return {"answers": assessment.validate_answers(schema, given)}
    except InvalidInput as error:
        # Each question says what it lacks; the message would say it in English.
        raise InvalidInput(
            phrase("The assessment is not complete."), fields=error.fields
        ) from None


def _foresee_assessment(look: Look, case: Case) -> Foreseen:
    if case.state not in ASSESSABLE:
        return Foreseen(obstacle=phrase("It is not to be assessed now."))
    made = list_assessments(look.session, case)
    # Asked before what concerns others: it will not change by waiting.
    if any(assessment.person_id == look.person.id for assessment in made):
        return Foreseen(obstacle=ASSESSED_ALREADY)
    obstacle = why_alone(case) or why_held(look, case)
    if obstacle:
        return Foreseen(obstacle=obstacle)
    return Foreseen(_effect_of_assessment(look, case))


def _effect_of_assessment(look: Look, case: Case) -> str:
    # By the case's own stage: cases of one act may stand at different ones.
    if case.state == CaseState.THIRD_ASSESSMENT:
        return phrase("Decided by your third assessment")
    if case.state == CaseState.SECOND_ASSESSMENT:
        return phrase("Assessed a second time, blind")
    if look.context.settings.second_assessment:
        return phrase("Assessed; another person assesses next")
    return phrase("Assessed")


def _assess(
    act: Act, case: Case, person: Person, values: Values, reason: str
) -> None:
    answers = values["answers"]
    assert isinstance(answers, Mapping)
    assess_case(
        act,
        case,
        person,
        Answers(answers, note=reason),
        second_required=act.context.settings.second_assessment,
    )


# set aside


def _read_nothing(
    _session: Session, _context: Context, _form: Mapping[str, str]
) -> Values:
    return {}


def _foresee_aside(_look: Look, case: Case) -> Foreseen:
    if case.held == Held.NONE:
        return Foreseen(
            obstacle=phrase("No report of a flood waits in this case.")
        )
    obstacle = why_alone(case)
    if obstacle:
        return Foreseen(obstacle=obstacle)
    return Foreseen(phrase("Its held reports are set aside"))


def _set_aside(
    act: Act, case: Case, _person: Person, _values: Values, _reason: str
) -> None:
    floods.set_aside(act, case, confirmed=False)


# tag


def _read_tag(
    _session: Session, _context: Context, form: Mapping[str, str]
) -> Values:
    return {"tag": read_tag(form.get("tag", ""))}


def _foresee_tag(_look: Look, _case: Case) -> Foreseen:
    return Foreseen(phrase("Gets the tag"))


def _tag(
    act: Act, case: Case, _person: Person, values: Values, _reason: str
) -> None:
    add_tag(act, case, str(values["tag"]))


# assign


def _read_colleague(
    session: Session, _context: Context, form: Mapping[str, str]
) -> Values:
    try:
        person = find_colleague(session, form.get("to", ""))
    except HotlineError as error:
        raise InvalidInput(
            error.template, fields={"/to": error.template}
        ) from None
    # The name: it is stored with the act, and looked up again when that runs.
    return {"to": person.username}


def _foresee_assigning(look: Look, case: Case) -> Foreseen:
    if case.state not in OPEN_STATES:
        return Foreseen(
            obstacle=phrase("Nothing is to be decided in this case now.")
        )
    # Looked up again: between the draft and the act the account may have gone.
    to = find_colleague(look.session, str(look.values["to"]))
    holder = find_holder(case, look.now)
    if holder is not None and holder.id != to.id:
        return Foreseen(obstacle=HELD_BY_ANOTHER)
    if is_blind(case):
        return Foreseen(obstacle=BLIND)
    return Foreseen(phrase("Kept for the person for twelve hours"))


def _assign(
    act: Act, case: Case, _person: Person, values: Values, _reason: str
) -> None:
    assign_case(act, case, find_colleague(act.session, str(values["to"])))


DEEDS = (
    Deed(
        "assess",
        phrase("Assess"),
        "bulk.assess",
        "case.assess",
        "triage/bulk_assess.html",
        _read_answers,
        _foresee_assessment,
        _assess,
    ),
    Deed(
        "aside",
        phrase("Set aside: no reports"),
        "bulk.aside",
        "case.assess",
        "",
        _read_nothing,
        _foresee_aside,
        _set_aside,
    ),
    Deed(
        TAG,
        phrase("Tag"),
        "bulk.tag",
        "case.claim",
        "triage/bulk_tag.html",
        _read_tag,
        _foresee_tag,
        _tag,
    ),
    Deed(
        ASSIGN,
        phrase("Assign"),
        "bulk.assign",
        "case.assign",
        "triage/bulk_assign.html",
        _read_colleague,
        _foresee_assigning,
        _assign,
    ),
)
