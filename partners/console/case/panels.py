"""What the case's page shows of this package: plan, referrals, notices, watch.

The panel is a function of (session, case, person, now) that returns HTML; it changes nothing. What
several of its sections show is asked once and handed to each of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.storage import machine
from hotline.core.storage.machine import HistoryEntry
from hotline.core.web import site
from partners import words
from partners.console.case.joining import related_section
from partners.console.case.of_case import ShownCase, gather_dealings
from partners.console.case.plan_panel import plan_section
from partners.console.case.rendering import render_panel
from partners.manual.service import list_route_ids
from partners.notices.models import Notice
from partners.notices.preservation import (
    PRESERVATION,
    list_open_requests,
    reckon_wait,
)
from partners.plans.by_hand import find_report_url, list_hand_routes
from partners.referrals.following_up.outcomes import (
    list_outcomes,
    offered_outcomes,
)
from partners.referrals.following_up.thread import Said, list_messages
from partners.referrals.models import HOLDING, Plan
from partners.referrals.service import ANSWERS
from partners.states import NoticeEvent, ReferralEvent
from partners.watching.models import Watch
from triage.cases.models import Case
from triage.cases.pages.parts import Part, take_newest
from triage.cases.places import item_ids_of
from triage.items.models import Visit
from triage.items.newest import list_newest

SHOWN_CHECKS = 20
SHOWN_REFERRALS = SHOWN_ACTS = 10
SHOWN_NOTICES = 15
SHOWN_SAID = 8
"""Of what was said about one letter: each may be four thousand characters long."""

Panel = Callable[[Session, Case, Person, datetime], Markup]
Section = Callable[[ShownCase], Markup]
Row = TypeVar("Row")


def measures_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    dealings = gather_dealings(session, case)
    page = ShownCase(session, case, person, now, dealings)
    return Markup().join(section(page) for section in SECTIONS)


def by_hand_section(page: ShownCase) -> Markup:
    """What no channel takes: what is to be done, and what people have done."""
    acts = page.dealings.acts
    # Rules change: what was done for a route that they no longer name is shown
    # all the same.
    route_ids = [*list_route_ids(page.case), *(done.route for done in acts)]
    return render_panel(
        "by_hand",
        page.case,
        page.person,
        page.now,
        part=take_newest("by-hand", acts, SHOWN_ACTS),
        acts=acts,
        hand_routes=list_hand_routes(
            site.current_context(), page.case, acts, page.dealings.candidates
        ),
        names={route_id: words.name_route(route_id) for route_id in route_ids},
    )


def referral_section(page: ShownCase) -> Markup:
    part = take_newest("referrals", page.dealings.referrals, SHOWN_REFERRALS)
    referrals = part.rows
    ids = [referral.id for referral in referrals]
    return render_panel(
        "referrals",
        page.case,
        page.person,
        page.now,
        part=part,
        referrals=referrals,
        told_event=ReferralEvent.TOLD_BY_HAND,
        holds=page.dealings.holds,
        holding=HOLDING,
        deliveries=page.dealings.deliveries,
        said=_list_said(page, ids),
        second_person=site.current_context().settings.second_person,
        outcomes_of=list_outcomes(page.session, ids),
        offered={
            referral.id: offered_outcomes(site.current_context(), referral)
            for referral in referrals
        },
        verbs=ANSWERS,
        events={event: verb for verb, event in ANSWERS.items()},
    )


def _list_said(
    page: ShownCase, referral_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Part[HistoryEntry | Said]]:
    """By referral, what the office said and what we answered, in the order in which it was said."""
    # The history also has what the service itself did with it.
    theirs = machine.list_steps(page.session, referral_ids, ANSWERS.values())
    messages = list_messages(
        page.session, site.current_context(), referral_ids
    )
    # What an office wrote stands with its answer already.
    ours = {
        at: [message for message in each if message.is_ours]
        for at, each in messages.items()
    }
    return {
        at: _take_said(
            at, sorted([*theirs[at], *ours[at]], key=lambda turn: turn.at)
        )
        for at in referral_ids
    }


def _take_said(letter_id: uuid.UUID, said: Sequence[Row]) -> Part[Row]:
    """The newest of what was said about one letter."""
    # The end of an id is drawn by lot; its beginning is the time, which others share.
    return take_newest(f"said-{letter_id.hex[-12:]}", said, SHOWN_SAID)


def notice_section(page: ShownCase) -> Markup:
    part = take_newest("notices", page.dealings.notices, SHOWN_NOTICES)
    notices = part.rows
    requests = (
        list_open_requests(page.session, page.case)
        if any(notice.kind == PRESERVATION for notice in page.dealings.notices)
        else ()
    )
    return render_panel(
        "notices",
        page.case,
        page.person,
        page.now,
        part=part,
        notices=notices,
        told_event=NoticeEvent.TOLD_BY_HAND,
        report_urls={
            notice.id: _find_report_url(page.session, notice)
            for notice in notices
            # A form is offered where a person may still have to fill it in,
            # and nowhere else.
            if notice.machine.allows(notice.state, NoticeEvent.TOLD_BY_HAND)
        },
        waits={
            notice.id: reckon_wait(
                site.current_context(), notice, requests, page.now
            )
            for notice in notices
        },
        said={
            notice.id: _take_said(notice.id, notice.answers)
            for notice in notices
        },
        deliveries=page.dealings.deliveries,
    )


def _find_report_url(session: Session, notice: Notice) -> str:
    """The page on which the notice's platform takes reports, as its plan named it."""
    plan = session.get_one(Plan, notice.plan_id)
    urls = [
        find_report_url(site.current_context(), route.to, route.route.name)
        for route in plan.planned_routes
        if route.to == notice.kind
    ]
    return urls[0] if urls else ""


def watch_section(page: ShownCase) -> Markup:
    watches = page.session.scalars(
        select(Watch).where(Watch.item_id.in_(item_ids_of(page.case.id)))
    )
    by_item = {watch.item_id: watch for watch in watches}
    return render_panel(
        "watch",
        page.case,
        page.person,
        page.now,
        watches=[
            # In the case's own order of its places, which is that of the rest
            # of the page.
            (place, by_item[place.item_id])
            for place in page.case.places
            if place.item_id in by_item
        ],
        checks=list_newest(
            page.session,
            Visit,
            by_item,
            SHOWN_CHECKS,
            Visit.at.desc(),
            Visit.id.desc(),
            where=Visit.purpose == "check",
        ),
    )


SECTIONS: Sequence[Section] = (
    plan_section,
    by_hand_section,
    referral_section,
    notice_section,
    watch_section,
    related_section,
)
