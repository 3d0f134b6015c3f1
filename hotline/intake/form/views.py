"""The public pages. They work without JavaScript and keep no trace of who read them.

Those of a report and of a receipt are in ``report_pages`` and ``status_pages``; here are the ones
that only say something, and what a forged or expired form is answered with.
"""

from __future__ import annotations

from flask import Response, current_app, render_template, request
from flask_wtf.csrf import CSRFError

from hotline.core.web import site
from hotline.intake.api import reference
from hotline.intake.form import outage_pages, published, wording
from hotline.intake.form.asking import form_fields, paths, report_pages
from hotline.intake.form.public import blueprint
from hotline.intake.form.receipt import status_pages

__all__ = ["blueprint", "published"]
outage_pages.answer_outages(blueprint)


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


@blueprint.get("/api/v1/docs")
def api_reference() -> str:
    """The API for those who program against it; in English, like the API itself."""
    return render_template(
        "public/api.html",
        operations=reference.list_operations(),
        messages=reference.list_messages(),
        models=reference.list_models(),
        server=site.current_context().settings.public_url,
    )


@blueprint.errorhandler(CSRFError)
def stale_page(error: CSRFError) -> Response:  # noqa: ARG001
    """A forged or expired form: nothing is stored, and what a person typed is shown again.

    Where no cookie came with it the browser may take none: the form on one page needs none.
    """
    typed = form_fields.values_with_age(request.form)
    stale = {"": wording.FAULTS["stale"]}
    if not request.path.startswith("/report"):
        return status_pages.status_form(
            request.form.get("receipt", ""), stale, 400
        )
    if request.endpoint == "intake.report_on_one_page":
        return report_pages.question_page(
            report_pages.ALL, typed, stale, status=400
        )
    page = (request.view_args or {}).get("page", "")
    # With a cookie the draft behind it may still be there.
    if page and current_app.config["SESSION_COOKIE_NAME"] in request.cookies:
        values = report_pages.load_draft()[0]
        values |= {name: typed[name] for name in paths.QUESTIONS[page]}
        return report_pages.question_page(page, values, stale, status=400)
    return report_pages.question_page(
        report_pages.ALL, typed, {"": wording.FAULTS["one_page"]}, status=400
    )
