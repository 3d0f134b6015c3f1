"""The queue: its page, the part of it that asks again, the next case, and what a person keeps."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.preferences import change_preferences
from hotline.accounts.shortcuts import own_preferences
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.accounts.signing_in.standing import watching
from hotline.core.context import utc_now
from hotline.core.errors import NotFound, phrase
from hotline.core.web import site
from hotline.intake.registry.kinds import ReportKind
from triage.cases import floods
from triage.cases.assessing.claim import find_holder
from triage.cases.handling.next_case import Nothing, take_next
from triage.cases.handling.tags import list_tags
from triage.cases.listing import tabs
from triage.cases.listing.filters import PARAMETERS, Filters
from triage.cases.listing.queue import (
    COUNTED,
    HELD_NAMED,
    Count,
    Page,
    count_matching,
    count_tabs,
    list_awaiting_call,
    list_held_by,
    list_queue,
)
from triage.cases.models import Case
from triage.cases.pages import page_content, words
from triage.cases.quality.gold import take_check
from triage.cases.vocabulary import Held
from triage.console.queue import columns, saved_views
from triage.console.queue.bulk_pages import offered_deeds
from triage.console.queue.live import answer_if_new, tag_of
from triage.console.queue.saved_views import Keeping, list_views

NOTHING = {
    Nothing.EMPTY: lazy_gettext("Nothing is left that you may assess."),
    Nothing.VIOLENT: lazy_gettext(
        "What is left is violent, and so was your last case. Take a break, or take it all the same."
    ),
    Nothing.BREAK: lazy_gettext(
        "You have worked on violent cases for a good while. Take a break, or take the next all the "
        "same."
    ),
    Nothing.DAY_FULL: lazy_gettext(
        "You have worked on cases for as long as a day should have. Only cases of a child in "
        "danger are still offered; what you take from the list yourself is your own decision."
    ),
    Nothing.OPTED_OUT: lazy_gettext(
        "What is left is of kinds that you opted out of."
    ),
}


@requires("queue.see")
def queue() -> ResponseReturnValue:
    filters, now, me = _filters(), utc_now(), signed_in()
    with site.reading() as session:
        part = _queue_part(session, now)
        views = list_views(session, me)
        return render_template(
            "triage/queue.html",
            part=part,
            # The page asks by this tag from the beginning, and gets nothing
            # that it has.
            part_tag=f'"{tag_of(part)}"',
            tab=_tab(),
            filters=filters,
            kept=filters.to_query(),
            words=words,
            views=views,
            looked_at={
                view.id
                for view in views
                if view.leads_to(_tab(), filters.to_query())
            },
            person=me,
            deeds=offered_deeds(),
            columns=columns.LABELS,
            chosen_columns=_own_columns(),
            opted_out=own_preferences().opted_out,
            kinds=words.KINDS,
            is_pause_offered=request.args.get("rest") == "1",
        )


@watching
@requires("queue.see")
def queue_part() -> ResponseReturnValue:
    """The tabs and the rows alone, for the page that asks again every few seconds."""
    with site.reading() as session:
        part = _queue_part(session, utc_now())
    return answer_if_new(part)


def _queue_part(session: Session, now: datetime) -> str:
    tab, filters, me = _tab(), _filters(), signed_in()
    after = request.args.get("after") or None
    page = list_queue(
        session, tab=tab, filters=filters, person=me, now=now, after=after
    )
    counts = count_tabs(session)
    case_ids = [row.case.id for row in page.rows]
    return render_template(
        "triage/queue_part.html",
        tab=tab,
        Held=Held,
        tabs=tabs.TABS,
        counts={
            tab: Count.up_to(COUNTED, number) for tab, number in counts.items()
        },
        matching=_count_matching(session, page, now),
        held_in_danger=counts[tabs.IN_DANGER],
        awaiting_call=list_awaiting_call(session),
        held=list_held_by(session, me, now),
        held_named=HELD_NAMED,
        filters=filters,
        kept={**filters.to_query(), "tab": tab},
        after=after,
        page=page,
        waiting=floods.count_waiting(session, case_ids)
        if tab == tabs.HELD and case_ids
        else {},
        tags=list_tags(session, case_ids, now),
        columns=_own_columns(),
        labels=columns.LABELS,
        numbers=columns.NUMBERS,
        now=now,
        person=me,
        holder=find_holder,
        reason=_top_reason,
        words=words,
    )


def _count_matching(
    session: Session, page: Page, now: datetime
) -> Count | None:
    filters = _filters()
    # Without any the number stands in the tab.
    if filters.is_empty:
        return None
    return count_matching(
        session,
        tab=_tab(),
        filters=filters,
        person=signed_in(),
        now=now,
        page=page,
        after=request.args.get("after") or None,
    )


def _tab() -> str:
    tab = request.args.get("tab", tabs.TABS[0])
    if tab not in tabs.TABS:
        raise NotFound(phrase("There is no such tab."))
    return tab


def _filters() -> Filters:
    return Filters.from_query(request.args)


def _own_columns() -> tuple[columns.Column, ...]:
    return columns.columns_for(own_preferences().columns)


def _top_reason(case: Case) -> str:
    language = site.page_language()
    told_reasons = page_content.priority_reasons(
        site.current_context(), case, language
    )
    return told_reasons[0][0] if told_reasons else ""


@requires("case.claim")
def next_case() -> ResponseReturnValue:
    """Take the most urgent case that the person may take, and open it; now and then a gold item
    comes first."""
    minutes = site.current_context().settings.claim_minutes
    with site.writing() as session:
        check = take_check(own_act(session), signed_in())
        if check is not None:
            return redirect(
                url_for("triage.show_check", check_id=check.id), 303
            )
        taken = take_next(
            own_act(session),
            signed_in(),
            minutes,
            all_the_same=request.form.get("all_the_same") == "yes",
        )
    if isinstance(taken, Case):
        return redirect(url_for("triage.case", reference=taken.reference), 303)
    flash(str(NOTHING[taken]), "warn")
    # Only these two may be passed over; a full day stays full.
    rest = "1" if taken in (Nothing.VIOLENT, Nothing.BREAK) else None
    return redirect(url_for("triage.queue", rest=rest), 303)


KEPT = {
    Keeping.NEW: lazy_gettext("The view is kept."),
    Keeping.REPLACED: lazy_gettext(
        "The view keeps these filters now, in place of those it had."
    ),
    Keeping.UNSHARED: lazy_gettext(
        "The view keeps these filters now, and is yours alone: others do not see it any more."
    ),
}
"""What a person reads after a view was kept."""


@requires("queue.see")
def save_view() -> ResponseReturnValue:
    """Keep the filters that the list has."""
    with flash_refusals(), site.writing() as session:
        keeping = saved_views.save_view(
            own_act(session),
            signed_in(),
            request.form.get("name", ""),
            request.query_string.decode(errors="replace"),
            allowed=PARAMETERS,
            is_shared=request.form.get("shared") == "yes",
        )
        flash(str(KEPT[keeping]), "good")
    return _back()


@requires("queue.see")
def remove_view(view_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        saved_views.remove_view(own_act(session), signed_in(), view_id)
        flash(gettext("The view is removed."), "good")
    return _back()


@requires("queue.see")
def set_columns() -> ResponseReturnValue:
    """Which columns the person sees; none is the rule."""
    chosen = request.form.getlist("column")
    wanted = [column for column in columns.Column if column in chosen]
    with site.writing() as session:
        change_preferences(session, signed_in().id, utc_now(), columns=wanted)
    return _back()


@requires("queue.see")
def set_opt_outs() -> ResponseReturnValue:
    """Kinds of which the person is offered no case; nobody else is shown them."""
    chosen = request.form.getlist("kind")
    kinds = [str(kind) for kind in ReportKind if kind in chosen]
    with site.writing() as session:
        change_preferences(session, signed_in().id, utc_now(), opted_out=kinds)
        flash(gettext("Stored. Nobody else sees it."), "good")
    return _back()


def _back() -> ResponseReturnValue:
    """To the list, with the tab and the filters that it had."""
    kept: dict[str, Any] = _filters().to_query()
    return redirect(url_for("triage.queue", tab=_tab(), **kept), 303)
