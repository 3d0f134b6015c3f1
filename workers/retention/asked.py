"""What a person asks about themselves: where they are met, what they may be told, what may go.

Somebody is met in three ways: as a reporter by the contact they gave, in a case by what leads to
them, and as staff. What is told to the asker never says that a case exists: a reported person would
learn of proceedings, and whoever asks in another's name would learn of a child. What is left out,
and why, is for the two who answer, and for them alone. No lawyer has read these rules yet.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask_babel import lazy_gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval, ApprovalState
from hotline.accounts.approvals.service import Question, settle_by_two
from hotline.accounts.forget import forget_person
from hotline.accounts.models import Person
from hotline.accounts.staff.staff_names import open_own_name
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Forbidden, InvalidInput
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.vocabulary import FINAL_STATES
from hotline.intake.retention import erase_report
from partners.forgetting.due import is_under_hold
from triage.cases.models import Case, CaseItem
from triage.cases.people.keeping.forget import OVER
from triage.cases.people.models import CaseIdentifier
from triage.cases.people.reading.words import find_identifiers
from triage.cases.people.service import identity_macs
from triage.items.models import Sighting

PAGE = 500
SHORTEST = 4
LONG_WORD = 8
"""A shorter word, such as an area code, tells no two people apart."""
TO_ASKER = (
    "This is what the hotline may tell you of data about you. What a law does not allow to be "
    "told, if there is any, is left out."
)
"""The same words whether or not anything was left out: they tell nothing."""


ASKED_BY_PERSON = Kind(
    "asked_by_person",
    lazy_gettext("Answer what a person asks about themselves"),
    lazy_gettext("Two people at the machine find, tell or erase it."),
    asking="erasure.decide",
    granting="erasure.decide",
    lasts=timedelta(hours=1),
)


class MetAs(StrEnum):
    """In which way somebody is met."""

    REPORTER = "reporter"
    CASE = "case"
    STAFF = "staff"


class LeftOut(StrEnum):
    """Why something is not told, or not erased; the value is the sentence."""

    CASE = "A case: whoever is named in one learns of it from the police or a court, never from us."
    HOLD = "The police hold it: nothing of it may be told or erased."
    OPEN = "It is still worked on: it is needed to find and help a child."
    WORKING = "The person still works here: end their access first."


@dataclass(frozen=True, slots=True)
class Met:
    """Where somebody is met. ``reference``: a case's, a report's id or a user name."""

    way: MetAs
    reference: str
    record_id: uuid.UUID
    why_not_told: LeftOut | None = None
    why_not_erased: LeftOut | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "as": self.way.value,
            "reference": self.reference,
            "not_told": self.why_not_told and self.why_not_told.value,
            "not_erased": self.why_not_erased and self.why_not_erased.value,
        }


def find_asked(
    session: Session, context: Context, text: str
) -> tuple[Met, ...]:
    """Everywhere that the person of this address, number or account is met."""
    text = " ".join(text.split())
    if len(text) < SHORTEST:
        raise InvalidInput(
            f"Write a whole address, number or account: {SHORTEST} characters or more."
        )
    return (
        *_meet_reporters(session, context, text),
        *_meet_in_cases(session, context, text),
        *_meet_staff(session, text),
    )


def export_asked(
    act: Act, found: Sequence[Met]
) -> tuple[dict[str, object], tuple[Met, ...]]:
    """What goes to the asker, and what is left out of it; each report that is read is logged."""
    to_tell = [met for met in found if met.why_not_told is None]
    left = tuple(met for met in found if met.why_not_told is not None)
    for_asker: dict[str, object] = {
        "note": TO_ASKER,
        "reports": [
            _export_report(act, met.record_id)
            for met in to_tell
            if met.way is MetAs.REPORTER
        ],
        "accounts": [
            _export_staff(act, met.record_id)
            for met in to_tell
            if met.way is MetAs.STAFF
        ],
    }
    return for_asker, left


def agree_to_answer(
    act: Act, *, what: str, why: str, first: str, second: str
) -> Approval:
    """Both people have just shown who they are; what they agreed on is a row of its own.

    Each needs a role that may decide this, and the database refuses one person twice.
    """
    question = Question(
        ASKED_BY_PERSON,
        subject=act.now.isoformat(),
        about=what,
        why=why,
        details={"what": what},
    )
    return settle_by_two(act, question, first, second)


def erase_asked(
    act: Act, found: Sequence[Met], agreed: Approval
) -> tuple[tuple[Met, ...], tuple[Met, ...]]:
    """Erase what may go before its time; returns that, and what stays."""
    if agreed.state != ApprovalState.USED or (
        agreed.kind != ASKED_BY_PERSON.code
    ):
        raise Forbidden("Two people have to agree to an early erasure.")
    gone = tuple(met for met in found if met.why_not_erased is None)
    for met in gone:
        if met.way is MetAs.REPORTER:
            _erase_report(act, met.record_id)
        elif met.way is MetAs.CASE:
            _erase_identifier(act, met.record_id)
        else:
            person = act.session.get_one(Person, met.record_id)
            forget_person(act, person)
    return gone, tuple(met for met in found if met.why_not_erased is not None)


def _meet_reporters(
    session: Session, context: Context, text: str
) -> Iterator[Met]:
    """Contacts are sealed: each is opened, a page at a time."""
    wanted = _names_of(text, context.country.code)
    last: uuid.UUID | None = None
    while True:
        query = select(Report).where(Report.contact.is_not(None))
        if last is not None:
            # By the last id and not by number: reports that come or go
            # meanwhile move no page.
            query = query.where(Report.id > last)
        page = session.scalars(query.order_by(Report.id).limit(PAGE)).all()
        contacts = intake.contacts_of(session, context, page)
        for report in page:
            contact = contacts.get(report.id)
            if contact is None:
                continue
            if wanted & _names_of(contact.contact, context.country.code):
                yield _met_reporter(session, report)
        if len(page) < PAGE:
            return
        last = page[-1].id


def _names_of(text: str, country: str) -> set[str]:
    """What a contact is met by: whole words that hold digits or an @, and numbers however written.

    A part of an address is another person's.
    """
    words = {word.strip(".,;:()<>").casefold() for word in text.split()}
    telling = {
        word
        for word in words
        if "@" in word or any(mark.isdigit() for mark in word)
    }
    said = find_identifiers(text, country)
    return {
        *(word for word in telling if len(word) >= LONG_WORD),
        *(identifier.identity for identifier in said),
    }


def _met_reporter(session: Session, report: Report) -> Met:
    """A report may be told to its reporter; it is erased when nobody works on it any more."""
    why: LeftOut | None = None
    if any(part.state not in FINAL_STATES for part in report.parts):
        why = LeftOut.OPEN
    # After what is open: of two reasons the one of the police counts.
    if _is_held(session, report.id):
        why = LeftOut.HOLD
    return Met(MetAs.REPORTER, str(report.id), report.id, why_not_erased=why)


def _is_held(session: Session, report_id: uuid.UUID) -> bool:
    query = (
        select(Case.id)
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(ReportPart.report_id == report_id, is_under_hold())
        .limit(1)
    )
    return session.scalar(query) is not None


def _meet_in_cases(
    session: Session, context: Context, text: str
) -> Iterator[Met]:
    """By the keyed digest alone: nothing of the cases is opened."""
    said = find_identifiers(text, context.country.code)
    macs = [
        mac
        for identifier in said
        for mac in identity_macs(context, identifier.identity)
    ]
    rows = session.execute(
        select(CaseIdentifier, Case, is_under_hold())
        .join(Case, Case.id == CaseIdentifier.case_id)
        .where(CaseIdentifier.mac.in_(macs))
        .order_by(Case.reference)
    )
    for row, case, held in rows:
        why = None if case.state in OVER else LeftOut.OPEN
        yield Met(
            MetAs.CASE,
            case.reference,
            row.id,
            why_not_told=LeftOut.HOLD if held else LeftOut.CASE,
            why_not_erased=LeftOut.HOLD if held else why,
        )


def _meet_staff(session: Session, text: str) -> Iterator[Met]:
    people = session.scalars(
        select(Person)
        .where(or_(Person.username == text, Person.email == text))
        .order_by(Person.username)
    )
    for person in people:
        yield Met(
            MetAs.STAFF,
            person.username,
            person.id,
            why_not_erased=(
                LeftOut.WORKING if person.disabled_at is None else None
            ),
        )


def _export_report(act: Act, report_id: uuid.UUID) -> dict[str, object]:
    report = act.session.get_one(Report, report_id)
    opened = intake.open_texts(act, report, why="access by its reporter")
    status = intake.status_of(act.session, act.context, report)
    return {
        "received_at": report.received_at.isoformat(),
        "language": report.language,
        "kind": report.kind,
        "contact": intake.open_contact(
            act.session, act.context, report
        ).contact,
        "narrative": opened.narrative,
        "parts": [opened.parts.get(part.id, "") for part in report.parts],
        "messages": [
            {"at": message.at.isoformat(), "text": message.text}
            for message in status.messages
        ],
    }


def _export_staff(act: Act, person_id: uuid.UUID) -> dict[str, object]:
    person = act.session.get_one(Person, person_id)
    return {
        "username": person.username,
        "code": person.code,
        "full_name": open_own_name(act, person),
        "display_name": person.display_name,
        "role": person.role,
        "email": person.email,
        "language": person.language,
        "created_at": person.created_at.isoformat(),
    }


def _erase_report(act: Act, report_id: uuid.UUID) -> None:
    # Its reporter may be writing to it at this moment.
    report = act.session.get_one(Report, report_id, with_for_update=True)
    erase_report(act.session, act.context, report, act.now)


def _erase_identifier(act: Act, identifier_id: uuid.UUID) -> None:
    row = act.session.get_one(CaseIdentifier, identifier_id)
    act.record("case.identifier_erased", "case", row.case_id, kind=row.kind)
    act.session.delete(row)
