"""What a person decides on reports of a possible flood: from the queue, or on the case page."""

from __future__ import annotations

from typing import Any

from flask import (
    flash,
    redirect,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.web import site
from triage.cases import floods
from triage.cases.listing import tabs
from triage.cases.listing.filters import Filters
from triage.cases.listing.queue import by_reference
from triage.cases.pages.case_views import back_to_case


@requires("case.claim")
def release_flood() -> ResponseReturnValue:
    """Let the held reports of the chosen cases through."""
    with flash_refusals(), site.writing() as session:
        chosen = request.form.getlist("case")
        number = floods.release_many(own_act(session), chosen)
        flash(
            ngettext(
                "%(num)s case let through.",
                "%(num)s cases let through.",
                number,
            ),
            "good",
        )
    return _held_tab()


@requires("case.assess")
def set_flood_aside() -> ResponseReturnValue:
    """Close the chosen cases as no reports, but none where a child reports or is in danger."""
    with flash_refusals(), site.writing() as session:
        chosen = request.form.getlist("case")
        # What stays is told of: nobody should believe that all of it is gone.
        done, left = floods.set_aside_many(own_act(session), chosen)
        if done:
            flash(
                ngettext(
                    "%(num)s case set aside.", "%(num)s cases set aside.", done
                ),
                "good",
            )
        if left:
            flash(
                ngettext(
                    "%(num)s case is left: a child reports, or is said to be in danger. Open it "
                    "and decide on it alone.",
                    "%(num)s cases are left: a child reports, or is said to be in danger. Open "
                    "each and decide on it alone.",
                    left,
                ),
                "warn",
            )
    return _held_tab()


def _held_tab() -> ResponseReturnValue:
    """Back to the list, with the filters that it had."""
    kept: dict[str, Any] = Filters.from_query(request.args).to_query()
    return redirect(url_for("triage.queue", tab=tabs.HELD, **kept), 303)


@requires("case.claim")
def release_reports(reference: str) -> ResponseReturnValue:
    """Let the held reports of one case through."""
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        floods.release_held(own_act(session), case)
        flash(gettext("The reports are let through."), "good")
    return back_to_case(reference)


@requires("case.assess")
def set_reports_aside(reference: str) -> ResponseReturnValue:
    """Set the held reports of one case aside."""
    confirmed = request.form.get("confirm") == "yes"
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        floods.set_aside(own_act(session), case, confirmed=confirmed)
        flash(gettext("The reports are set aside."), "good")
    return back_to_case(reference)
