"""What an analyst writes for each kind of office: a few words that a person there can act on."""

from __future__ import annotations

import hashlib
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, phrase
from hotline.core.storage.ids import new_id
from hotline.intake.submission import clean_text
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.people import contacts
from triage.cases.people.keeping.sealing import opener_of, seal_text
from triage.cases.people.models import (
    CaseIdentifier,
    CasePerson,
    CaseSummary,
    PersonFact,
)

LONGEST_SUMMARY = 8000
OFFICES = (
    "police",
    "prosecutor",
    "interpol_ncb",
    "child_protection_unit",
    "anti_trafficking_unit",
    "school_psychologist",
    "helpline",
)
"""Kinds of office whose task is people; the others are told of places only."""
_TEXT = "case_summary.text"


def write_summary(act: Act, case: Case, office: str, text: str) -> None:
    """Put ``text`` in the place of what was written to this kind of office; empty takes it back."""
    # Also by hand-written requests: places alone go to the other kinds.
    if office not in OFFICES:
        raise InvalidInput(phrase("Choose one."), fields={"/office": ""})
    lock_case(act.session, case.id)
    text = str(clean_text(text))
    if len(text) > LONGEST_SUMMARY:
        raise InvalidInput(phrase("This is too long."), fields={"/text": ""})
    row = act.session.scalar(
        select(CaseSummary).where(
            CaseSummary.case_id == case.id, CaseSummary.office == office
        )
    )
    if not text:
        if row is not None:
            act.session.delete(row)
            act.record("case.summary_withdrawn", "case", case.id, to=office)
        return
    if row is None:
        row = CaseSummary(id=new_id(), case_id=case.id, office=office)
    # At the place of this row: a text that was moved to another one does not
    # open.
    row.text = seal_text(act, case.id, text_place(row.id), text)
    row.written_at, row.written_by = act.now, act.actor
    act.session.add(row)
    act.record("case.summary_written", "case", case.id, to=office)


def read_summaries(
    session: Session, context: Context, case: Case
) -> dict[str, str]:
    """What was written, by kind of office."""
    open_sealed = opener_of(session, context, case.id)
    # The key of the case's people is erased, and with it all that was said of
    # them.
    if open_sealed is None:
        return {}
    rows = session.scalars(
        select(CaseSummary).where(CaseSummary.case_id == case.id)
    )
    return {
        row.office: open_sealed(text_place(row.id), row.text) for row in rows
    }


def text_place(summary_id: uuid.UUID) -> str:
    """Where a summary's text is sealed."""
    return f"{_TEXT}:{summary_id}"


NOTHING_NOTED = hashlib.sha256(b"||||").hexdigest()
"""What ``digest_of_people`` gives for a case without people, identifiers, summaries or contacts."""


def digest_of_people(session: Session, case: Case) -> str:
    """Changes with every fact, identifier, summary and contact; nothing can be read from it.

    A second person approves what they have read, and nothing that was added since.
    """
    digest = hashlib.sha256()
    marks = [
        select(CaseIdentifier.id, CaseIdentifier.added_at)
        .where(
            CaseIdentifier.case_id == case.id,
            CaseIdentifier.withdrawn_at.is_(None),
        )
        .order_by(CaseIdentifier.id),
        select(PersonFact.id, PersonFact.added_at)
        .join(CasePerson, CasePerson.id == PersonFact.person_id)
        .where(CasePerson.case_id == case.id, PersonFact.replaced_at.is_(None))
        .order_by(PersonFact.id),
        select(CaseSummary.id, CaseSummary.written_at)
        .where(CaseSummary.case_id == case.id)
        .order_by(CaseSummary.id),
    ]
    # What this transaction has added is to be in the digest.
    session.flush()
    for statement in marks:
        for row_id, at in session.execute(statement):
            digest.update(f"{row_id}@{at.isoformat()};".encode())
        # Parts are kept apart, so that nothing can wander from one into the
        # next unnoticed.
        digest.update(b"|")
    for mark in contacts.list_marks(session, case):
        digest.update(f"{mark};".encode())
    digest.update(b"|")
    return digest.hexdigest()
