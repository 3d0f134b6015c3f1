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
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.errors import InvalidInput
from hotline.core.storage.audit import AuditEntry
from hotline.core.web import site
from hotline.intake import service as intake
from hotline.intake.models import Report
from triage.cases.assessing.rounds import is_blind
from triage.cases.listing.queue import by_reference
from triage.cases.pages import words
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.page_content import SHOWN_AT_THE_TOP
from triage.cases.pages.people import people_words
from triage.cases.pages.people.identity_views import identity_state
from triage.cases.pages.people.read_as import read_line
from triage.cases.reports import report_of_case

LONGEST_QUESTION = 4_000
MOST_READS = 50
READINGS = ("personal.read", "personal.identity_read")


@requires("personal.see")
def read_words(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A POST, because looking is an act: it goes into the log, with the case it was done for."""
    with site.writing() as session:
        case = by_reference(session, reference)
        # An id in the address opens nothing that is not this case's.
        report = report_of_case(session, case, report_id)
        act = own_act(session)
        opened = intake.open_texts(act, report, why=reference)
        return render_template(
            "triage/words.html",
            case=case,
            report=report,
            opened=opened,
            shown_places=SHOWN_AT_THE_TOP,
            identity=identity_state(act, report),
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
            AuditEntry.action.in_(READINGS),
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
        report = report_of_case(session, case, report_id)
        if not 1 <= len(text) <= LONGEST_QUESTION:
            raise InvalidInput(
                gettext("Write 1 to %(num)s characters.", num=LONGEST_QUESTION)
            )
        act = own_act(session)
        intake.ask_reporter(act, report, text)
        flash(
            gettext("The reporter sees the question with the receipt."), "good"
        )
    return back_to_case(reference)
