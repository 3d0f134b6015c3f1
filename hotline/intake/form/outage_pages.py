"""When nothing can be stored or read: what a person typed is shown again, to be sent once more."""

from __future__ import annotations

from flask import Blueprint, make_response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from hotline.core.errors import Unavailable
from hotline.core.web import outages, site
from hotline.intake.form import wording
from hotline.intake.form.asking import form_fields, paths, report_pages
from hotline.intake.form.receipt import status_pages


def answer_outages(blueprint: Blueprint) -> None:
    """Have ``blueprint`` answer what the database refuses, or is too busy for, with what came."""
    blueprint.register_error_handler(SQLAlchemyError, _answer_fault)
    blueprint.register_error_handler(Unavailable, _answer_fault)


def _answer_fault(error: Exception) -> Response:
    """The form keeps its id: if it was stored after all, sending it again is the same report."""
    # A page that was only asked for holds nothing that could be lost.
    if request.method != site.ACT or not outages.is_outage(error):
        return site.answer_unknown_error(error)
    site.log_failure(error)
    response = make_response(_show_again(), 503)
    outages.say_when(response.headers, error)
    return response


def _show_again() -> Response:
    fault = {"": wording.FAULTS["unavailable"]}
    if not request.path.startswith("/report"):
        return status_pages.status_form(
            request.form.get("receipt", ""),
            fault,
            503,
            request.form.get("text", ""),
        )
    page = (request.view_args or {}).get("page", report_pages.ALL)
    return report_pages.question_page(
        page,
        _answers_so_far(page),
        fault,
        status=503,
        form_id=request.form.get("form_id", ""),
    )


def _answers_so_far(page: str) -> dict[str, str]:
    """Those of the page; with the draft's, where it can still be read."""
    typed = form_fields.values_with_age(request.form)
    if page in (report_pages.ALL, "check"):
        return typed
    try:
        values = report_pages.load_draft()[0]
    # The same outage: the page's own answers are better than none.
    except SQLAlchemyError:
        return typed
    return values | {name: typed[name] for name in paths.QUESTIONS[page]}
