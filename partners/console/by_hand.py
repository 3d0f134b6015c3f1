"""What is done by hand, on the case's page: a banner above all else in danger, and the records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.accounts.auth import own_act, requires
from hotline.accounts.models import Person
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from partners.console.pages import faults_flashed, local_time
from partners.console.panels import Panel, render_panel
from partners.duty.alerts import find_open
from partners.manual.police_numbers import list_police_numbers
from partners.manual.service import Told, record_act
from partners.manual.vocabulary import ManualWay, Outcome
from triage.cases.models import Case
from triage.cases.queue import by_reference
from triage.jurisdiction import Destination


def danger_banner(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """While an alert is open or the police were not telephoned: what to do at once."""
    alert = find_open(session, case)
    if alert is None and case.awaits_call_since is None:
        return Markup()
    return render_panel(
        "danger",
        case,
        person,
        now,
        alert=alert,
        numbers=list_police_numbers(session, site.current_context(), case),
        outcomes=list(Outcome),
        police=str(Destination.POLICE),
        telephone=ManualWay.TELEPHONE,
        zone=site.current_context().country.time_zone,
    )


CASE_BANNERS: Sequence[Panel] = (danger_banner,)


@requires("plan.request")
def record(reference: str) -> ResponseReturnValue:
    """Somebody was told without any channel of ours."""
    form, now = request.form, utc_now()
    with faults_flashed(), site.writing() as session:
        case = by_reference(session, reference)
        told = Told(
            route=form.get("route", ""),
            way=form.get("way", ""),
            outcome=form.get("outcome", ""),
            happened_at=_read_time(now),
            reached=form.get("reached", ""),
            number=form.get("number", ""),
            note=form.get("note", ""),
        )
        record_act(own_act(session), case, told)
        flash(gettext("It is recorded."), "good")
    return redirect(url_for("triage.case", reference=reference), 303)


def _read_time(now: datetime) -> datetime:
    """When it was done; an empty field is now, an odd one is refused."""
    entered = request.form.get("happened_at", "").strip()
    moment = local_time(entered) if entered else now
    if moment is None:
        raise InvalidInput(
            "This time cannot be read.", hint="Load the page anew."
        )
    return moment
