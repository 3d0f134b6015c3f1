"""What is done by hand, on the case's page: a banner above all else in danger, and the records."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.act import Act
from hotline.core.errors import InvalidInput, phrase
from hotline.core.web import site
from partners.console.case.of_case import Letter, find_of_case
from partners.console.case.panels import Panel
from partners.console.case.rendering import render_panel
from partners.duty.alerts import find_open
from partners.manual.police_numbers import list_police_numbers
from partners.manual.service import Told, find_last_call, record_act
from partners.manual.vocabulary import ManualWay
from partners.notices import by_hand as notices_by_hand
from partners.notices.models import Notice
from partners.pages import faults_flashed, local_time
from partners.plans.making.places import municipality_of
from partners.referrals import by_hand as referrals_by_hand
from partners.referrals.models import Plan, Referral
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.cases.pages.case_views import back_to_case
from triage.jurisdiction import Destination


def danger_banner(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """While an alert is open or the police were not telephoned: what to do at once."""
    alert = find_open(session, case)
    # The banner goes when somebody has taken the case and the police were
    # called, and not before.
    if alert is None and case.awaits_call_since is None:
        return Markup()
    called = find_last_call(session, case)
    return render_panel(
        "danger",
        case,
        person,
        now,
        alert=alert,
        called_at=called.happened_at if called else None,
        numbers=list_police_numbers(
            session, site.current_context(), municipality_of(case)
        ),
        police=str(Destination.POLICE),
        telephone=ManualWay.TELEPHONE,
    )


CASE_BANNERS: Sequence[Panel] = (danger_banner,)


@requires("plan.request")
def record(reference: str) -> ResponseReturnValue:
    """Somebody was told without any channel of ours."""
    with faults_flashed(), site.writing() as session:
        case = by_reference(session, reference)
        route = request.form.get("told_route", "")
        act = own_act(session)
        record_act(act, case, _read_told(route, act.now))
        flash(gettext("It is recorded."), "good")
    return back_to_case(reference)


@requires("plan.request")
def tell_contact(reference: str, notice_id: uuid.UUID) -> ResponseReturnValue:
    """A notice could not be sent, such as to a platform that takes reports on its pages only."""
    return _tell(reference, Notice, notice_id, notices_by_hand.note_told)


@requires("plan.request")
def tell_office(reference: str, referral_id: uuid.UUID) -> ResponseReturnValue:
    """A referral could not be sent, and somebody telephoned."""
    return _tell(reference, Referral, referral_id, referrals_by_hand.note_told)


def _tell(
    reference: str,
    kind: type[Letter],
    letter_id: uuid.UUID,
    note_told: Callable[[Act, Letter, Told], object],
) -> ResponseReturnValue:
    with faults_flashed(), site.writing() as session:
        letter = find_of_case(session, kind, letter_id, reference)
        route = _find_route(session, letter.plan_id, letter.kind)
        act = own_act(session)
        note_told(act, letter, _read_told(route, act.now))
        flash(gettext("It is recorded."), "good")
    return back_to_case(reference)


def _find_route(session: Session, plan_id: uuid.UUID, kind: str) -> str:
    """The id of the route that a measure was planned for."""
    routes = session.get_one(Plan, plan_id).planned_routes
    return next(planned.route.id for planned in routes if planned.to == kind)


def _read_told(route: str, now: datetime) -> Told:
    form = request.form
    return Told(
        route=route,
        way=form.get("way", ""),
        outcome=form.get("outcome", ""),
        happened_at=_read_time(now),
        reached=form.get("reached", ""),
        number=form.get("number", ""),
        note=form.get("note", ""),
    )


def _read_time(now: datetime) -> datetime:
    """When it was done; an empty field is now, an odd one is refused."""
    entered = request.form.get("happened_at", "").strip()
    # Whoever has just hung up leaves the field empty.
    moment = local_time(entered) if entered else now
    if moment is None:
        raise InvalidInput(
            phrase("This time cannot be read."),
            hint=phrase("Reload the page."),
        )
    return moment
