"""The pages of the queue: its tabs, and what is done to many cases of a flood at once."""

from __future__ import annotations

from typing import Any

from flask import (
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from hotline.accounts.auth import requires, signed_in
from hotline.accounts.views import flash_refusals
from hotline.core.context import utc_now
from hotline.core.errors import NotFound
from hotline.core.web import site
from triage.cases import floods, service, tabs
from triage.cases import queue as case_queue
from triage.cases.models import Case
from triage.cases.pages import page_content, words
from triage.cases.pages.case_views import reader_language

FILTERS = ("country", "kind", "host")


@requires("queue.see")
def queue() -> ResponseReturnValue:
    tab = request.args.get("tab", tabs.TABS[0])
    if tab not in tabs.TABS:
        raise NotFound("There is no such tab.")
    text = {name: request.args.get(name, "").strip() for name in FILTERS}
    filters = case_queue.Filters(**text, mine=request.args.get("mine") == "1")
    now, me = utc_now(), signed_in()
    after = request.args.get("after") or None
    with site.reading() as session:
        page = case_queue.list_queue(
            session, tab=tab, filters=filters, person=me, now=now, after=after
        )
        counts = case_queue.count_tabs(session)
        items = (
            [row.case.item_id for row in page.rows] if tab == tabs.HELD else []
        )
        return render_template(
            "triage/queue.html",
            tab=tab,
            tabs=tabs.TABS,
            counts=counts,
            counted=case_queue.COUNTED,
            held_in_danger=counts[tabs.IN_DANGER],
            filters=filters,
            page=page,
            waiting=floods.count_waiting(session, items) if items else {},
            now=now,
            person=me,
            holder=service.find_holder,
            reason=_top_reason,
            words=words,
        )


def _top_reason(case: Case) -> str:
    told_reasons = page_content.priority_reasons(
        site.current_context(), case, reader_language()
    )
    return told_reasons[0][0] if told_reasons else ""


@requires("case.claim")
def release_flood() -> ResponseReturnValue:
    """Let the held reports of the chosen cases through."""
    with flash_refusals(), site.writing() as session:
        number = floods.release_many(
            session, request.form.getlist("case"), signed_in(), utc_now()
        )
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
        done, left = floods.set_aside_many(
            session, chosen, signed_in(), utc_now()
        )
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
    kept: dict[str, Any] = {
        n: request.args[n] for n in FILTERS if n in request.args
    }
    return redirect(url_for("triage.queue", tab=tabs.HELD, **kept), 303)
