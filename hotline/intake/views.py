"""The public pages. They work without JavaScript and keep no trace of who read them.

The page with the receipt is the answer to the POST itself: a redirect would have to carry the
receipt in a URL or a cookie. Loading it again sends the same form id, which gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import format_date, get_locale
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response as BaseResponse

from hotline.core import web
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, TooMany
from hotline.intake import form, guard, idempotency, service, wording
from hotline.intake.submission import Submission, read_information

CHANNEL = "form"
blueprint = Blueprint("intake", __name__)


@blueprint.before_request
def refuse_files() -> None:
    """Only plain forms: a body that could carry a file is not even read."""
    if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("No file can be sent here.")


@blueprint.context_processor
def words() -> dict[str, Any]:
    settings = web.context().settings
    return {
        "kinds": wording.KINDS,
        "roles": wording.ROLES,
        "states": wording.STATES,
        "spoken": [code for code in web.languages() if wording.is_spoken(code)],
        "language_name": wording.language_name,
        "contact_days": settings.retention_contact_days,
        "report_days": settings.retention_report_days,
    }


@blueprint.app_template_filter("day")
def day(moment: datetime) -> str:
    """The date as the reader writes it, in the country's own time."""
    return str(format_date(moment, "long"))


@blueprint.get("/")
def start() -> str:
    return render_template("public/start.html")


@blueprint.get("/help")
def support() -> str:
    """Support first: for a child, or for whoever is shown in a picture."""
    return render_template("public/support.html")


@blueprint.get("/about")
def about() -> str:
    """What happens with a report, and what is and is not kept."""
    return render_template("public/about.html")


@blueprint.get("/report")
def report() -> BaseResponse:
    return redirect(url_for("intake.report_on_one_page"))


@blueprint.route("/report/all", methods=["GET", "POST"])
def report_on_one_page() -> str | Response:
    if request.method == "GET":
        return _form_page(form.values_of({}), {})
    values = form.values_of(request.form)
    try:
        submission = form.submission_of(values, _language())
    except InvalidInput as error:
        return make_response(_form_page(values, form.faults_of(error)), 422)
    return _store(submission, values)


def _store(submission: Submission, values: Mapping[str, str]) -> Response:
    context, form_id = web.context(), request.form.get("form_id", "")
    age = form.age_of(context, form_id)
    if age is None:
        return make_response(_form_page(values, {"": wording.FAULTS["stale"]}), 400)
    too_quick = age < timedelta(seconds=guard.form_seconds())
    held = guard.report_is_flood() or too_quick or bool(request.form.get(form.TRAP))
    try:
        with web.writing() as session:
            received = idempotency.receive_once(
                session,
                context,
                submission,
                form_id,
                channel=CHANNEL,
                held=held,
                now=utc_now(),
            )
    except idempotency.OtherBody:
        # The same page, sent, changed and sent again: that is a second report, not a fault.
        return make_response(_form_page(values, {"": wording.FAULTS["stale"]}), 409)
    page = render_template(
        "public/receipt.html", receipt=received.receipt, danger=submission.danger_now
    )
    return make_response(page)


@blueprint.route("/status", methods=["GET", "POST"])
def status() -> str | Response:
    """The receipt is typed into a form: it never stands in a URL, a cookie or a log."""
    typed = request.form.get("receipt", "")
    if request.method == "GET":
        return render_template("public/status_form.html", typed="", faults={})
    try:
        guard.allow_lookup()
    except TooMany as error:
        return _too_many(error, typed)
    with web.reading() as session:
        found = service.find_by_receipt(session, web.context(), typed)
        known = service.status_of(session, web.context(), found) if found else None
    if known is None:
        return _no_such_receipt(typed)
    return render_template("public/status.html", status=known, receipt=typed, text="", faults={})


@blueprint.post("/status/information")
def add_information() -> Response:
    typed, text = request.form.get("receipt", ""), request.form.get("text", "")
    try:
        guard.allow_addition()
    except TooMany as error:
        return _too_many(error, typed)
    try:
        words = read_information({"text": text}).text
    except InvalidInput:
        words = ""
    with web.writing() as session:
        found = service.find_by_receipt(session, web.context(), typed)
        if found is None:
            return _no_such_receipt(typed)
        if words:
            service.add_information(session, web.context(), found, words, utc_now())
            session.flush()
        return _status_page(service.status_of(session, web.context(), found), typed, text, words)


def _status_page(known: service.ReportStatus, typed: str, text: str, words: str) -> Response:
    page = render_template(
        "public/status.html",
        status=known,
        receipt=typed,
        text="" if words else text,
        faults={} if words else {"text": wording.FAULTS["text"]},
        added=bool(words),
    )
    return make_response(page, 200 if words else 422)


def _no_such_receipt(typed: str) -> Response:
    faults = {"receipt": wording.FAULTS["receipt"]}
    return make_response(
        render_template("public/status_form.html", typed=typed[:100], faults=faults), 404
    )


def _too_many(error: TooMany, typed: str) -> Response:
    faults = {"receipt": wording.FAULTS["busy"]}
    page = render_template("public/status_form.html", typed=typed[:100], faults=faults)
    return make_response(page, 429, {"Retry-After": str(error.retry_after)})


def _form_page(values: Mapping[str, str], faults: Mapping[str, Any]) -> str:
    return render_template(
        "public/report.html",
        values=values,
        faults=faults,
        form_id=form.new_form_id(web.context()),
        trap=form.TRAP,
    )


@blueprint.errorhandler(CSRFError)
def stale_page(error: CSRFError) -> Response:  # noqa: ARG001
    """A forged or expired form: nothing is stored, and what a person typed is shown again."""
    faults = {"": wording.FAULTS["stale"]}
    if request.endpoint == "intake.report_on_one_page":
        return make_response(_form_page(form.values_of(request.form), faults), 400)
    page = render_template(
        "public/status_form.html", typed=request.form.get("receipt", "")[:100], faults=faults
    )
    return make_response(page, 400)


def _language() -> str:
    return str(get_locale()).replace("_", "-")
