"""Reading a report's words from its case, and asking whoever sent it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import (
    flash,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage.audit import AuditEntry
from hotline.core.web import site
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from triage.cases.assessing.assess import LONGEST_NOTE
from triage.cases.assessing.rounds import is_blind
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.cases.pages import words
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.people import people_words
from triage.cases.pages.people.read_as import read_line
from triage.cases.places import item_ids_of
from triage.items.models import Sighting

MOST_READS = 50


@requires("personal.see")
def read_words(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A POST, because looking is an act: it goes into the log, with the case it was done for."""
    with site.writing() as session:
        case = by_reference(session, reference)
        report = _report_of(session, case, report_id)
        opened = intake.open_texts(own_act(session), report, why=reference)
        return render_template(
            "triage/words.html",
            case=case,
            report=report,
            opened=opened,
            read_as={
                part_id: read_line(text, site.current_context().settings)
                for part_id, text in opened.parts.items()
            },
            home_zone=site.current_context().country.time_zone,
            words=words,
            people_words=people_words,
            messages=intake.status_of(
                session, site.current_context(), report
            ).messages,
            reads=_list_reads(session, report),
            is_blind=is_blind(case),
        )


def _list_reads(session: Session, report: Report) -> Sequence[AuditEntry]:
    """Who opened the report's words, the newest first; the last ones, where it was often."""
    return session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.entity_id == str(report.id),
            AuditEntry.action == "personal.read",
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST_READS)
    ).all()


@requires("personal.see")
def ask_reporter(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A question to somebody without a name, who reads it with the receipt."""
    text = request.form.get("text", "").strip()
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        report = _report_of(session, case, report_id)
        if not 1 <= len(text) <= LONGEST_NOTE:
            raise InvalidInput(
                gettext("Write 1 to %(num)s characters.", num=LONGEST_NOTE)
            )
        act = own_act(session)
        intake.ask_reporter(act, report, text)
        flash(
            gettext("The reporter sees the question with the receipt."), "good"
        )
    return back_to_case(reference)


def _report_of(session: Session, found: Case, report_id: uuid.UUID) -> Report:
    """A report about this case's item, with its parts; any other does not exist here."""
    report = session.scalar(
        select(Report)
        .join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(
            Report.id == report_id,
            Sighting.item_id.in_(item_ids_of(found.id)),
        )
        .options(selectinload(Report.parts))
        .limit(1)
    )
    if report is None:
        raise NotFound(phrase("There is no such report."))
    return report
