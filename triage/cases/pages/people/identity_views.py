"""Who reported: asked for with a reason, and read by whoever another person granted it to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import find_grant, find_question
from hotline.accounts.pages.views import flash_asked, flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.act import Act
from hotline.core.web import site
from hotline.intake.models import Report
from triage.cases.listing.queue import by_reference
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.people import people_words
from triage.cases.people.identity import (
    REPORTER_IDENTITY,
    ask_for_identity,
    read_identity,
)
from triage.cases.reports import report_of_case


@dataclass(frozen=True, slots=True)
class IdentityState:
    """Whether this person may read it now, or somebody waits for an answer."""

    grant: Approval | None
    waiting: Approval | None


def identity_state(act: Act, report: Report) -> IdentityState:
    subject = str(report.id)
    return IdentityState(
        find_grant(
            act.session, REPORTER_IDENTITY, subject, act.actor, act.now
        ),
        find_question(act.session, REPORTER_IDENTITY, subject, act.now),
    )


@requires("identity.ask")
def ask_identity(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A reason is needed; another person reads it."""
    with flash_refusals(), site.writing() as session:
        approval = ask_for_identity(
            own_act(session),
            _report(session, reference, report_id),
            reference=reference,
            why=request.form.get("why", ""),
        )
        flash_asked(approval, gettext("Granted: you may read it now."))
    return back_to_case(reference)


@requires("identity.ask")
def show_identity(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A POST, because looking is an act: each look is logged with the reason."""
    with site.writing() as session:
        report = _report(session, reference, report_id)
        act = own_act(session)
        contact = read_identity(act, report)
        return render_template(
            "triage/identity.html",
            reference=reference,
            report=report,
            reached=contact,
            grant=identity_state(act, report).grant,
            people_words=people_words,
        )


def _report(session: Session, reference: str, report_id: uuid.UUID) -> Report:
    return report_of_case(session, by_reference(session, reference), report_id)
