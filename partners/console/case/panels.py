"""What the case's page shows of this package: plan, referrals, notices, watch.

Each panel is a function of (session, case, person, now) that returns HTML; it changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.accounts.models import Person
from hotline.core.storage import machine
from hotline.core.web import site
from partners.console.case.plan_panel import plan_panel
from partners.console.case.rendering import render_panel
from partners.manual.service import OTHER, list_acts, list_route_ids
from partners.notices.models import Notice
from partners.notices.preservation import find_wait
from partners.plans.by_hand import find_report_url, list_hand_routes
from partners.referrals.following_up.outcomes import (
    list_outcomes,
    offered_outcomes,
)
from partners.referrals.following_up.thread import list_messages
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.referrals.service import ANSWERS, list_referrals
from partners.sending.models import Delivery
from partners.states import NoticeEvent, ReferralEvent
from partners.watching.models import Watch
from triage.cases.models import Case
from triage.cases.pages.parts import take_newest
from triage.cases.pages.words import ROUTES
from triage.cases.places import item_ids_of
from triage.items.models import Visit

SHOWN_CHECKS = 20
SHOWN_REFERRALS = SHOWN_ACTS = 10
SHOWN_NOTICES = 15

Panel = Callable[[Session, Case, Person, datetime], Markup]


def by_hand_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """What no channel takes: what is to be done, and what people have done."""
    acts = list_acts(session, case.id)
    # Rules change: what was done for a route that they no longer name is shown
    # all the same.
    route_ids = [*list_route_ids(case), *(done.route for done in acts)]
    return render_panel(
        "by_hand",
        case,
        person,
        now,
        part=take_newest("by-hand", acts, SHOWN_ACTS),
        acts=acts,
        hand_routes=list_hand_routes(
            session, site.current_context(), case, acts
        ),
        names={route_id: name_route(route_id) for route_id in route_ids},
    )


def name_route(route_id: str) -> str:
    """ "iccam-RS" in the reader's words; the id itself where a rule has gone."""
    to, _, country = route_id.partition("-")
    if route_id == OTHER:
        return str(gettext("Somebody else (the note says who)"))
    name = str(ROUTES.get(to, to))
    return f"{name} ({country})" if country else name


def referral_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    part = take_newest(
        "referrals", list_referrals(session, case.id), SHOWN_REFERRALS
    )
    referrals = part.rows
    holds = session.scalars(select(Hold).where(Hold.case_id == case.id)).all()
    return render_panel(
        "referrals",
        case,
        person,
        now,
        part=part,
        referrals=referrals,
        told_event=ReferralEvent.TOLD_BY_HAND,
        holds={hold.referral_id: hold for hold in holds},
        holding=HOLDING,
        deliveries=_find_deliveries(session, referrals),
        answers={
            referral.id: _list_answers(session, referral.id)
            for referral in referrals
        },
        messages={
            referral.id: list_messages(
                session, site.current_context(), referral
            )
            for referral in referrals
        },
        second_person=site.current_context().settings.second_person,
        outcomes_of=list_outcomes(
            session, [referral.id for referral in referrals]
        ),
        offered={
            referral.id: offered_outcomes(site.current_context(), referral)
            for referral in referrals
        },
        verbs=ANSWERS,
        events={event: verb for verb, event in ANSWERS.items()},
    )


def notice_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    query = (
        select(Notice)
        .where(Notice.case_id == case.id)
        # With all answers in one query more, instead of one for each notice.
        .options(selectinload(Notice.answers))
        .order_by(Notice.id)
    )
    part = take_newest("notices", session.scalars(query).all(), SHOWN_NOTICES)
    notices = part.rows
    return render_panel(
        "notices",
        case,
        person,
        now,
        part=part,
        notices=notices,
        told_event=NoticeEvent.TOLD_BY_HAND,
        report_urls={
            notice.id: _find_report_url(session, notice)
            for notice in notices
            # A form is offered where a person may still have to fill it in,
            # and nowhere else.
            if notice.machine.allows(notice.state, NoticeEvent.TOLD_BY_HAND)
        },
        waits={
            notice.id: find_wait(session, site.current_context(), notice, now)
            for notice in notices
        },
        deliveries=_find_deliveries(session, notices),
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


def watch_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    watches = session.scalars(
        select(Watch).where(Watch.item_id.in_(item_ids_of(case.id)))
    ).all()
    by_item = {watch.item_id: watch for watch in watches}
    return render_panel(
        "watch",
        case,
        person,
        now,
        watches=[
            # In the case's own order of its places, which is that of the rest
            # of the page.
            (place, by_item[place.item_id])
            for place in case.places
            if place.item_id in by_item
        ],
        checks={
            watch.item_id: _list_checks(session, watch.item_id)
            for watch in watches
        },
    )


def _list_checks(session: Session, item_id: uuid.UUID) -> Sequence[Visit]:
    return session.scalars(
        select(Visit)
        .where(Visit.item_id == item_id, Visit.purpose == "check")
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(SHOWN_CHECKS)
    ).all()


MEASURES: Sequence[Panel] = (
    plan_panel,
    by_hand_panel,
    referral_panel,
    notice_panel,
    watch_panel,
)


def _find_deliveries(
    session: Session, subjects: Sequence[Referral | Notice]
) -> dict[uuid.UUID, list[Delivery]]:
    deliveries: dict[uuid.UUID, list[Delivery]] = {
        subject.id: [] for subject in subjects
    }
    in_package = {
        subject.id: subject.package_id
        for subject in subjects
        if isinstance(subject, Referral) and subject.package_id
    }
    # What left together with others has no delivery of its own.
    wanted = {*deliveries, *in_package.values()}
    if not wanted:
        return deliveries
    query = (
        select(Delivery)
        .where(Delivery.subject_id.in_(wanted))
        .order_by(Delivery.id)
    )
    for delivery in session.scalars(query):
        for subject_id, its_own in deliveries.items():
            if delivery.subject_id in (subject_id, in_package.get(subject_id)):
                its_own.append(delivery)
    return deliveries


def _list_answers(
    session: Session, referral_id: uuid.UUID
) -> list[machine.HistoryEntry]:
    events = set(ANSWERS.values())
    return [
        entry
        for entry in machine.list_history(session, referral_id)
        # The history also has what the service itself did with it.
        if entry.event in events
    ]
