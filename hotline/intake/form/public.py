"""What the public pages share: words in the visitor's language, and plain forms alone.

Only what a draft waits behind needs a cookie, and a token against forgery with it. The form on one
page and the pages for a code work without any (``needs_no_cookie``): nothing that a browser sends
by itself gives them power, so there is nothing to forge but what anybody may send.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, render_template, request
from flask_babel import format_date
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import UnsupportedMediaType

from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.web import site
from hotline.intake.form import wording
from hotline.intake.form.asking import form_fields
from hotline.intake.form.asking.understood import MOST_SHOWN
from hotline.intake.registry.questions import Question

blueprint = Blueprint("intake", __name__)
blueprint.record(
    lambda state: state.app.extensions.update({site.ERROR_PAGE: error_page})
)


@blueprint.before_request
def refuse_files() -> None:
    """Only plain forms: a body that could carry a file is not even read."""
    if (
        request.method == "POST"
        and request.mimetype != "application/x-www-form-urlencoded"
    ):
        raise UnsupportedMediaType("No file can be sent here.")


_WITHOUT_COOKIES: set[str] = set()
View = TypeVar("View", bound=Callable[..., object])


def needs_no_cookie(view: View) -> View:
    """A view without a token: nothing that a browser sends by itself gives its form power."""
    _WITHOUT_COOKIES.add(view.__name__)
    site.csrf.exempt(view)
    return view


@blueprint.before_request
def refuse_other_sites() -> None:
    """Where no token is asked for, browsers say whether the form was another site's."""
    endpoint = (request.endpoint or "").removeprefix("intake.")
    if request.method == "POST" and endpoint in _WITHOUT_COOKIES:
        # Old browsers do not say; "none" is a visit that no page led to.
        origin = request.headers.get("Sec-Fetch-Site", "same-origin")
        if origin not in ("same-origin", "none"):
            raise CSRFError("This form is another site's.")


@blueprint.url_defaults
def carry_language(endpoint: str, values: MutableMapping[str, object]) -> None:  # noqa: ARG001
    """From link to link, until the browser shows that it has taken the cookie; some take none."""
    values.setdefault("lang", site.new_language())


@blueprint.context_processor
def words() -> dict[str, object]:
    settings = site.current_context().settings
    home_zone = site.current_context().country.time_zone
    periods = load_periods(settings)
    return {
        "kinds": wording.KINDS,
        "roles": wording.ROLES,
        "sorts": wording.SORTS,
        "most_shown": MOST_SHOWN,
        "asked": wording.ASKED,
        "asked_of_self": wording.ASKED_OF_SELF,
        "hints": wording.HINTS,
        "answer_choices": wording.CHOICES,
        "questions": Question,
        "countries": wording.countries_of(
            site.current_context().country.code, site.page_language()
        ),
        "readers": wording.READERS,
        "contact_ways": wording.WAYS,
        "zones": wording.zones_of(home_zone),
        "spoken": [
            code
            for code in site.page_languages()
            if site.has_public_pages(code)
        ],
        "language_name": site.language_name,
        "trap": form_fields.TRAP,
        "contact_days": periods[Sort.CONTACT].days,
        "report_days": periods[Sort.REPORT_WORDS].days,
    }


def error_page(status: int) -> str:
    """In the visitor's language, with the way to help; what exactly was wrong helps nobody here."""
    return render_template("public/error.html", status=status, **words())


@blueprint.app_template_filter("day")
def day(moment: datetime) -> str:
    """The date as the reader writes it, in the country's own time."""
    return str(format_date(moment, "long"))
