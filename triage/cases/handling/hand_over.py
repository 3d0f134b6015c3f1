"""Handing a case on: to somebody, or to whoever comes next, with a word about it."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage.ids import new_id
from triage.cases.assessing.claim import (
    KEPT_FOR,
    can_hold,
    claim_case,
    may_hold,
    refuse_if_held,
    release_claim,
)
from triage.cases.assessing.rounds import is_blind
from triage.cases.assessing.untouched import Past
from triage.cases.handling.models import HandOver
from triage.cases.models import Case
from triage.cases.people.keeping.sealing import opener_of, seal_text

LONGEST_WORD = 500
BLIND = phrase(
    "In a blind round nobody is named: it would tell who has assessed."
)


def hand_case_over(
    act: Act, case: Case, person: Person, words: str, to: Person | None
) -> None:
    """Give the case back with a word to the next; it is kept for ``to``, where one is named."""
    words = words.strip()
    if not 1 <= len(words) <= LONGEST_WORD:
        raise InvalidInput(
            phrase("Write a word to the next, at most 500 characters."),
            fields={"/words": "length"},
        )
    # Given back first: the other one claims it below like any free case.
    release_claim(act, case, person)
    act.session.flush()
    row_id = new_id()
    act.session.add(
        HandOver(
            id=row_id,
            case_id=case.id,
            from_id=person.id,
            to_id=to.id if to else None,
            at=act.now,
            words=seal_text(act, case.id, _place_of(row_id), words),
        )
    )
    act.record(
        "case.handed_over",
        "case",
        case.id,
        case=case.reference,
        to=to.actor if to else "",
    )
    if to is not None:
        assign_case(act, case, to)


def assign_case(act: Act, case: Case, to: Person) -> None:
    """Keep the case for somebody who may work on it; nobody is taken from what they hold."""
    if not may_hold(to):
        raise InvalidInput(phrase("This person cannot work on cases."))
    if is_blind(case):
        raise Conflict(BLIND)
    refuse_if_held(case, to, act.now)
    minutes = int(KEPT_FOR.total_seconds() // 60)
    claim_case(act, case, to, minutes)
    act.record(
        "case.assigned", "case", case.id, case=case.reference, to=to.actor
    )


def last_word(
    session: Session, context: Context, case: Case, past: Past
) -> tuple[HandOver, str] | None:
    """The newest word and what it says; None where there is none, or where it must not be read."""
    newest = past.handed
    if newest is None:
        return None
    assessors = {made.person_id for made in past.assessments}
    # In a blind round nobody reads what somebody wrote who has assessed the
    # case in it.
    if is_blind(case) and newest.from_id in assessors:
        return None
    open_sealed = opener_of(session, context, case.id)
    # The case's people were forgotten, and with them what was written of them.
    if open_sealed is None:
        return None
    return newest, open_sealed(_place_of(newest.id), newest.words)


def find_colleague(session: Session, username: str) -> Person:
    """Somebody to hand a case to."""
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None:
        raise Conflict(phrase("There is no such person."))
    return person


def list_colleagues(session: Session) -> list[Person]:
    """Everybody who may work on cases."""
    people = session.scalars(
        select(Person)
        .where(can_hold())
        .order_by(Person.display_name, Person.id)
    )
    return list(people)


def _place_of(row_id: uuid.UUID) -> str:
    """Where a word is sealed."""
    return f"hand_over.words:{row_id}"
