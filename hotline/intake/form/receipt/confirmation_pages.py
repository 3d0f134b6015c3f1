"""Offering a professional the confirmation of a report, and handing it out once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, make_response, request
from flask_babel import format_datetime
from flask_babel import gettext as _

from hotline.core.context import utc_now
from hotline.core.errors import NotFound
from hotline.core.web import site
from hotline.intake.batch import Received
from hotline.intake.form import wording
from hotline.intake.form.public import blueprint, needs_no_cookie
from hotline.intake.form.receipt import confirmation
from hotline.intake.form.receipt.confirmation import Confirmation
from hotline.intake.submission import Submission

FIELD = "confirmation"
FILE_NAME = "confirmation.pdf"


def offer(received: Received, submission: Submission, form_id: str) -> str:
    """Keep what the confirmation of a new report says; the key that the receipt's page holds."""
    context = site.current_context()
    secret = confirmation.secret_of(context, form_id)
    # Whoever sends the form again may have fetched it already, and it is
    # handed out once.
    if not received.again:
        kept = Confirmation(
            reference=str(received.report_id),
            at=utc_now().isoformat(),
            kind=submission.kind,
            places=str(len(submission.distinct_locations)),
            narrative=submission.narrative,
        )
        with site.writing() as session:
            confirmation.keep_confirmation(
                session, context, secret, kept, utc_now()
            )
    return secret


@blueprint.post("/report/confirmation")
@needs_no_cookie
def take_confirmation() -> Response:
    """The PDF. It is made while it is fetched, and then nothing of it is left."""
    context = site.current_context()
    with site.writing() as session:
        taken = confirmation.take_confirmation(
            session, context, request.form.get(FIELD, ""), utc_now()
        )
    if taken is None:
        raise NotFound("There is no such confirmation, or not any more.")
    response = make_response(_draw(taken))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{FILE_NAME}"'
    )
    return response


def _draw(taken: Confirmation) -> bytes:
    context = site.current_context()
    zone = context.country.time_zone
    at = datetime.fromisoformat(taken.at).astimezone(ZoneInfo(zone))
    name = context.hotline_name or _("Hotline")
    return confirmation.draw_pdf(
        _("Confirmation of a report"),
        [
            _("%(name)s has received this report.", name=name),
            _("Reference: %(reference)s", reference=taken.reference),
            _(
                "Received: %(moment)s (%(zone)s)",
                moment=format_datetime(at, "d.M.yyyy HH:mm", rebase=False),
                zone=zone.replace("_", " "),
            ),
            _("What it is: %(kind)s", kind=wording.KINDS[taken.kind]),
            _(
                "Places that were named: %(count)s. They are not repeated here.",
                count=taken.places,
            ),
        ],
        _("In the words of the report"),
        taken.narrative or _("None."),
        _(
            "An empty square stands for a letter that this document cannot show. The report itself"
            " has it as it was written."
        ),
    )
