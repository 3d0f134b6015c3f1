"""The duty page: what nobody has taken yet, who is on duty, and the rota itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session

from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.context import utc_now
from hotline.core.datafiles.countries import WEEK
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.web import site
from partners import words
from partners.duty import alerts, rota
from partners.duty.models import Alert
from partners.duty.states import Way
from partners.duty.ways import is_set_up
from partners.pages import faults_flashed

SHOWN_TAKEN = 20


@requires("duty.see")
def show_duty() -> ResponseReturnValue:
    context, now = site.current_context(), utc_now()
    with site.reading() as session:
        waiting = alerts.list_open(session)
        taken = alerts.list_recent(session, SHOWN_TAKEN)
        contacts = {
            contact.person_id: contact
            for contact in rota.list_contacts(session)
        }
        return render_template(
            "partners/duty.html",
            waiting=waiting,
            taken=taken,
            calls={
                alert.id: alerts.list_calls(session, alert)
                for alert in (*waiting, *taken)
            },
            on_duty=rota.find_on_duty(session, context, now),
            turns=rota.list_turns(session),
            people=rota.list_candidates(session),
            contacts=contacts,
            # Ways that nobody set up here would be entered in vain: the page
            # says so before.
            missing=[
                way for way in Way if not is_set_up(way, context.settings)
            ],
            day_names=name_days(),
            last_place=rota.LAST_PLACE,
            zone=context.country.time_zone,
            words=words,
        )


def name_days() -> dict[str, str]:
    """As the reader's language shortens them, Monday first."""
    locale = get_locale()
    assert locale is not None
    names = locale.days["stand-alone"]["abbreviated"]
    return {str(day): names[number] for number, day in enumerate(WEEK)}


@requires("duty.see")
def show_alert(alert_id: uuid.UUID) -> ResponseReturnValue:
    """Where the link of a message leads. Looking takes nothing: mail programs look, too."""
    with site.reading() as session:
        return render_template(
            "partners/alert.html", alert=_find_alert(session, alert_id)
        )


@requires("duty.acknowledge")
def acknowledge(alert_id: uuid.UUID) -> ResponseReturnValue:
    """One click, and on to the case."""
    with site.writing() as session:
        alert = _find_alert(session, alert_id)
        # Two may click at the same moment; only one has taken it.
        if alerts.acknowledge(own_act(session), alert):
            flash(gettext("You have taken it. Nobody else is called."), "good")
        else:
            name = alert.acknowledged_by.removeprefix("person:")
            flash(gettext("%(name)s has taken it already.", name=name), "warn")
        reference = alert.case.reference
    return redirect(url_for("triage.case", reference=reference), 303)


@requires("duty.edit")
def set_contact() -> ResponseReturnValue:
    form = request.form
    with _editing() as session:
        rota.set_contact(
            own_act(session),
            _read_person(),
            email=form.get("email", ""),
            phone=form.get("phone", ""),
            topic=form.get("topic", ""),
        )
        flash(gettext("The ways to this person are stored."), "good")
    return _go_back()


@requires("duty.edit")
def add_turn() -> ResponseReturnValue:
    form = request.form
    with _editing() as session:
        place = form.get("place", "")
        rota.add_turn(
            own_act(session),
            _read_person(),
            # "²" is a digit to isdigit(), and int() fails on it.
            place=int(place) if place.isascii() and place.isdigit() else 0,
            days=form.getlist("day"),
            starts=form.get("starts", ""),
            ends=form.get("ends", ""),
        )
        flash(gettext("The turn is on the rota."), "good")
    return _go_back()


@requires("duty.edit")
def remove_turn(turn_id: uuid.UUID) -> ResponseReturnValue:
    with _editing() as session:
        rota.remove_turn(own_act(session), turn_id)
        flash(gettext("The turn is off the rota."), "good")
    return _go_back()


@contextmanager
def _editing() -> Iterator[Session]:
    with faults_flashed(), site.writing() as session:
        yield session


def _read_person() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("person", ""))
    except ValueError:
        raise InvalidInput(
            phrase("This choice cannot be read."),
            hint=phrase("Reload the page."),
        ) from None


def _find_alert(session: Session, alert_id: uuid.UUID) -> Alert:
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(phrase("There is no such alert."))
    return alert


def _go_back() -> ResponseReturnValue:
    return redirect(url_for("partners.show_duty"), 303)
