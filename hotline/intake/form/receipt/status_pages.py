"""The pages for a receipt: how the report stands, messages, and what a person wants to add."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, make_response, render_template, request
from flask_babel import LazyString

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, TooMany
from hotline.core.storage import audit
from hotline.core.web import site
from hotline.intake import service
from hotline.intake.flood import guard
from hotline.intake.form import wording
from hotline.intake.form.asking import form_fields
from hotline.intake.form.public import blueprint, needs_no_cookie
from hotline.intake.form.receipt.place_news import join_fingerprints
from hotline.intake.form.receipt.status_view import StatusView, view_of
from hotline.intake.submission import read_information

Faults = Mapping[str, LazyString]


@blueprint.route("/status", methods=["GET", "POST"])
@needs_no_cookie
def status() -> str | Response:
    """The receipt is typed into a form: it never stands in a URL, a cookie or a log."""
    if request.method != site.ACT:
        return status_form("", {}, 200)
    typed = request.form.get("receipt", "")
    try:
        # Before the look-up: right and wrong codes are counted alike.
        guard.allow_lookup(request.form.get(form_fields.PROOF, ""))
    except TooMany as error:
        return _too_many(error, typed)
    with site.reading() as transaction:
        report = service.find_by_receipt(
            transaction, site.current_context(), typed
        )
        view = view_of(transaction, report) if report else None
    if view is None:
        return _no_such_receipt(typed)
    return _status_page(view, typed)


@blueprint.post("/status/information")
@needs_no_cookie
def add_information() -> Response:
    typed = request.form.get("receipt", "")
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        guard.allow_addition(request.form.get(form_fields.PROOF, ""))
    except TooMany as error:
        return _too_many(error, typed, text)
    try:
        words = read_information({"text": text}).text
    except InvalidInput:
        # The fault is said on the report's own page, so its receipt is looked
        # up first.
        words = ""
    with site.writing() as transaction:
        report = service.find_by_receipt(
            transaction, site.current_context(), typed
        )
        if report is None:
            return _no_such_receipt(typed)
        context = site.current_context()
        status = service.status_of(transaction, context, report)
        # Loading the page again sends the form again, and nobody means it
        # twice.
        if words and not _said_already(status, words):
            act = Act(transaction, context, audit.PUBLIC, utc_now())
            service.add_information(act, report, words)
            # The page that answers shows what was just added.
            transaction.flush()
        view = view_of(transaction, report)
    if not words:
        return _status_page(view, typed, text, wording.FAULTS["text"], 422)
    return _status_page(view, typed, added=True)


def _said_already(report_status: service.ReportStatus, words: str) -> bool:
    """Whether this is the same page sent again, by reloading it."""
    last = report_status.messages[-1] if report_status.messages else None
    return last is not None and (last.author, last.text) == ("reporter", words)


def _status_page(
    view: StatusView,
    typed: str,
    text: str = "",
    fault: LazyString | None = None,
    code: int = 200,
    *,
    added: bool = False,
) -> Response:
    page = render_template(
        "public/status.html",
        status=view.status,
        places=join_fingerprints(view.places),
        say=view.say,
        again=view.again,
        receipt=typed,
        text=text,
        faults={"text": fault} if fault else {},
        added=added,
    )
    return make_response(page, code)


def _no_such_receipt(typed: str) -> Response:
    return status_form(typed, {"receipt": wording.FAULTS["receipt"]}, 404)


def _too_many(error: TooMany, typed: str, text: str = "") -> Response:
    """Come back later; nothing that was typed is lost."""
    page = status_form(typed, {"receipt": wording.FAULTS["busy"]}, 429, text)
    page.headers["Retry-After"] = str(error.retry_after)
    return page


def status_form(
    typed: str, faults: Faults, code: int, text: str = ""
) -> Response:
    page = render_template(
        "public/status_form.html", typed=typed[:100], text=text, faults=faults
    )
    return make_response(page, code)
