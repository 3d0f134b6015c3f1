"""How the reporters of a case can be reached, and who may be told: by consent, or in danger.

A contact belongs to its reporter. An office gets it where the reporter said yes to that office.
Without that only the police may, only while the case is one of danger, and only after a person
wrote down why: each of these releases is an act of its own in the log.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.contact_terms import ContactTerms
from hotline.intake.values import clean_line
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.people.models import ContactRelease
from triage.cases.places import item_ids_of
from triage.items.models import Sighting

MOST_CONTACTS = 20
"""Of the newest reports; nobody calls back the thousands who report one page."""
LONGEST_REASON = 1000


class ContactBasis(StrEnum):
    """Why an office is told how to reach a reporter."""

    CONSENT = "consent"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class KnownContact:
    """``released``: a person let the police have it without consent, and the danger lasts."""

    report_id: uuid.UUID
    contact: str
    terms: ContactTerms
    released: bool

    def basis_for(
        self, office: str, *, in_danger: bool
    ) -> ContactBasis | None:
        """Why an office of this kind may get it; None where it may not.

        ``in_danger``: whether the law lets this office have it without consent in danger.
        """
        if self.terms.allows(office):
            return ContactBasis.CONSENT
        if self.released and in_danger:
            return ContactBasis.DANGER
        return None


def list_contacts(
    session: Session, context: Context, case: Case
) -> tuple[KnownContact, ...]:
    """The contacts that the case's reporters left, opened. Whoever shows them logs it."""
    reports = session.scalars(
        _with_contact(case)
        .order_by(Report.received_at.desc(), Report.id.desc())
        .limit(MOST_CONTACTS)
    ).all()
    released = set(
        session.scalars(
            select(ContactRelease.report_id).where(
                ContactRelease.report_id.in_([report.id for report in reports])
            )
        )
    )
    opened = intake.contacts_of(session, context, reports)
    return tuple(
        KnownContact(
            report.id,
            opened[report.id].contact,
            opened[report.id].terms,
            # When the danger is over, so is what was allowed because of it.
            case.danger_now and report.id in released,
        )
        for report in reports
        if report.id in opened
    )


def list_sealed(
    session: Session, context: Context, case: Case
) -> tuple[KnownContact, ...]:
    """As ``list_contacts``, for a page: on what terms each was left, and not what it is."""
    return tuple(
        replace(contact, contact="")
        for contact in list_contacts(session, context, case)
    )


def _with_contact(case: Case) -> Select[Report]:
    """Reports that a flood holds back do not count yet."""
    seen_in = (
        select(ReportPart.report_id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(
            Sighting.item_id.in_(item_ids_of(case.id)),
            Sighting.held.is_(False),
        )
    )
    return select(Report).where(
        Report.id.in_(seen_in), Report.contact.is_not(None)
    )


def list_marks(session: Session, case: Case) -> Sequence[str]:
    """What changes with every contact that an office may get, and says nothing itself."""
    owner = _with_contact(case).with_only_columns(Report.id)
    allowed = owner.where(Report.contact_terms.is_not(None)).subquery()
    released = (
        select(ContactRelease.id)
        .where(ContactRelease.report_id.in_(owner))
        .subquery()
    )
    marks = union_all(
        select(literal("report"), allowed.c.id),
        select(literal("release"), released.c.id),
    )
    sorts = {"report": 0, "release": 1}
    rows = sorted(
        session.execute(marks), key=lambda row: (sorts[row[0]], row[1])
    )
    return [f"{sort} {row_id}" for sort, row_id in rows]


def release_contact(
    act: Act, case: Case, report_id: uuid.UUID, why: str
) -> None:
    """Let the police have a reporter's contact without consent; the reason goes into the log."""
    lock_case(act.session, case.id)
    why = clean_line(why)
    if not 1 <= len(why) <= LONGEST_REASON:
        raise InvalidInput(
            phrase("Say why, in at most 1000 characters."),
            fields={"/why": "length"},
        )
    # Under the lock, so that nobody says meanwhile that the danger is over.
    if not case.danger_now:
        raise Conflict(
            phrase(
                "Without the reporter's consent a contact goes to the police only while a child "
                "is in danger."
            )
        )
    report = act.session.scalar(
        _with_contact(case).where(Report.id == report_id)
    )
    if report is None:
        raise NotFound(phrase("There is no such contact."))
    # The first reason stands in the log; a second one adds nothing.
    if _is_released(act.session, report_id):
        return
    act.session.add(
        ContactRelease(
            id=new_id(),
            report_id=report_id,
            released_at=act.now,
            released_by=act.actor,
        )
    )
    act.record(
        "case.contact_released",
        "case",
        case.id,
        report=str(report_id),
        why=why,
    )


def _is_released(session: Session, report_id: uuid.UUID) -> bool:
    release = select(ContactRelease.id).where(
        ContactRelease.report_id == report_id
    )
    return session.scalar(release) is not None
