"""What is known of one case's people, told to another case: each value is sealed anew.

A merge and a split copy and never move: a value opens under its own case's key only, and what was
approved or read of the first case stays as it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.storage.ids import new_id
from triage.cases.models import Case
from triage.cases.people.keeping.sealing import opener_of, seal_text
from triage.cases.people.models import (
    CaseIdentifier,
    CasePerson,
    CaseSummary,
    PersonFact,
)
from triage.cases.people.service import content_place, value_place
from triage.cases.people.summaries import text_place

Opener = Callable[[str, bytes], str]


def copy_people(act: Act, source: Case, target: Case) -> None:
    """Add the people, identifiers and summaries of ``source`` to those of ``target``.

    Whether two of them are one person is for a person to say: they stand side by side.
    """
    # Where nobody can read it any more there is nothing to be told.
    open_sealed = opener_of(act.session, act.context, source.id)
    if open_sealed is None:
        return
    _copy_identifiers(act, source, target, open_sealed)
    _copy_persons(act, source, target, open_sealed)
    _copy_summaries(act, source, target, open_sealed)
    act.session.flush()


def _copy_identifiers(
    act: Act, source: Case, target: Case, open_sealed: Opener
) -> None:
    session = act.session
    known_macs = set(
        session.scalars(
            select(CaseIdentifier.mac).where(
                CaseIdentifier.case_id == target.id
            )
        )
    )
    rows = session.scalars(
        select(CaseIdentifier).where(
            CaseIdentifier.case_id == source.id,
            CaseIdentifier.withdrawn_at.is_(None),
        )
    )
    for row in rows.all():
        # Also where it was withdrawn there: a person has said that it is
        # wrong.
        if row.mac in known_macs:
            continue
        copy_id = new_id()
        content = open_sealed(content_place(row.id), row.content)
        session.add(
            CaseIdentifier(
                id=copy_id,
                case_id=target.id,
                kind=row.kind,
                platform=row.platform,
                mac=row.mac,
                content=seal_text(
                    act, target.id, content_place(copy_id), content
                ),
                whose=row.whose,
                source=row.source,
                added_at=row.added_at,
                added_by=row.added_by,
            )
        )


def _copy_persons(
    act: Act, source: Case, target: Case, open_sealed: Opener
) -> None:
    session = act.session
    people = session.scalars(
        select(CasePerson)
        .where(CasePerson.case_id == source.id)
        .order_by(CasePerson.role, CasePerson.number)
    ).all()
    for person in people:
        copy = CasePerson(
            id=new_id(),
            case_id=target.id,
            role=person.role,
            number=_next_number(session, target.id, person.role),
        )
        session.add(copy)
        # The facts refer to the person, and the next one's number is counted.
        session.flush()
        facts = session.scalars(
            select(PersonFact).where(
                PersonFact.person_id == person.id,
                PersonFact.replaced_at.is_(None),
            )
        )
        for fact in facts.all():
            fact_id = new_id()
            value = open_sealed(value_place(fact.id), fact.value)
            session.add(
                PersonFact(
                    id=fact_id,
                    person_id=copy.id,
                    name=fact.name,
                    value=seal_text(
                        act, target.id, value_place(fact_id), value
                    ),
                    source=fact.source,
                    added_at=fact.added_at,
                    added_by=fact.added_by,
                )
            )


def _next_number(session: Session, case_id: uuid.UUID, role: str) -> int:
    last = session.scalar(
        select(func.max(CasePerson.number)).where(
            CasePerson.case_id == case_id, CasePerson.role == role
        )
    )
    return (last or 0) + 1


def _copy_summaries(
    act: Act, source: Case, target: Case, open_sealed: Opener
) -> None:
    """Where both cases have one for an office, the second stands below the first."""
    session = act.session
    open_target = opener_of(session, act.context, target.id)
    earlier = {
        row.office: row
        for row in session.scalars(
            select(CaseSummary).where(CaseSummary.case_id == target.id)
        )
    }
    rows = session.scalars(
        select(CaseSummary).where(CaseSummary.case_id == source.id)
    )
    for row in rows.all():
        text = open_sealed(text_place(row.id), row.text)
        copy = earlier.get(row.office)
        if copy is None:
            copy = CaseSummary(
                id=new_id(), case_id=target.id, office=row.office
            )
        elif open_target is not None:
            own_text = open_target(text_place(copy.id), copy.text)
            text = f"{own_text}\n\n{source.reference}:\n{text}"
        copy.text = seal_text(act, target.id, text_place(copy.id), text)
        # The words are the writer's, their place in this case is of now: who
        # approves has to read it anew.
        copy.written_at, copy.written_by = act.now, row.written_by
        session.add(copy)
