"""Who reported: read by one person after another agreed, for a few hours, and logged each time.

The contact is all that the service knows of a reporter's identity. Nothing else opens it for a
reader: what an office is told of it goes out with a plan, which two people want.
"""

from __future__ import annotations

from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import (
    Question,
    ask_approval,
    require_grant,
)
from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from hotline.intake import service as intake
from hotline.intake.models import Report
from hotline.intake.service import Contact

READING = timedelta(hours=4)
"""How long it may be read once another person agreed: for a call back in the same shift."""

REPORTER_IDENTITY = Kind(
    "reporter_identity",
    lazy_gettext("Read who reported"),
    lazy_gettext(
        "Whoever asked reads how this reporter can be reached, for four hours from now. Each time "
        "is recorded in the log, with the reason."
    ),
    asking="identity.ask",
    granting="identity.grant",
    lasts=READING,
    place=lambda approval: url_for("triage.case", reference=approval.about),
)


def ask_for_identity(
    act: Act, report: Report, *, reference: str, why: str
) -> Approval:
    """Ask another person for the reporter's contact; ``reference`` is the case's."""
    if not report.contact:
        raise Conflict(phrase("This reporter left no contact."))
    question = Question(
        REPORTER_IDENTITY,
        subject=str(report.id),
        about=reference,
        why=why,
    )
    return ask_approval(act, question)


def read_identity(act: Act, report: Report) -> Contact:
    """The contact, opened for who asked and was granted it; ``Forbidden`` for everybody else."""
    grant = require_grant(act, REPORTER_IDENTITY, str(report.id))
    # Before it is opened, in the same transaction: there is no look without
    # its entry.
    act.record(
        "personal.identity_read",
        "report",
        report.id,
        why=grant.why,
        granted_by=grant.granted_by,
    )
    return intake.open_contact(act.session, act.context, report)
