"""The directory's page: whom we can tell, by which address, and whether a person confirmed it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import flash, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.auth import own_path, requires, signed_in
from hotline.core.context import utc_now
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.web import site
from partners import words
from partners.console.pages import faults_of, said
from partners.directory import service
from partners.directory.models import Partner
from partners.notices.service import contact_confirmed
from partners.referrals.service import send_waiting

SHOWN = 200
FILTERS = ("kind", "country", "words")
NEW = ("kind", "country", "name", "languages")


@requires("partner.see")
def directory() -> ResponseReturnValue:
    return _directory()


@requires("partner.edit")
def add() -> ResponseReturnValue:
    given = {name: request.form.get(name, "") for name in NEW}
    try:
        with site.writing() as session:
            found = service.add_partner(
                session,
                kind=given["kind"],
                country=given["country"],
                name=given["name"],
                languages=given["languages"].lower().replace(",", " ").split(),
                actor=signed_in().actor,
                now=utc_now(),
            )
            name = found.name
    except InvalidInput as error:
        return make_response(_directory(error, given), error.status)
    flash(
        gettext("%(name)s is in the directory. Enter an address next.", name=name),
        "good",
    )
    return redirect(url_for("partners.directory", words=name), 303)


@requires("partner.edit")
def set_contact(partner_id: uuid.UUID) -> ResponseReturnValue:
    """A changed address is not used before somebody has confirmed it."""
    form = request.form
    with said(), site.writing() as session:
        service.set_contact(
            session,
            service.partner(session, partner_id),
            channel=form.get("channel", ""),
            address=form.get("address", ""),
            actor=signed_in().actor,
            now=utc_now(),
        )
        flash(
            gettext("The contact is stored. It is used once it is confirmed."), "good"
        )
    return _back()


@requires("partner.edit")
def confirm(partner_id: uuid.UUID) -> ResponseReturnValue:
    """What waited for this address leaves at once."""
    with said(), site.writing() as session:
        waited = confirm_address(session, service.partner(session, partner_id))
        flash(
            gettext("The address is confirmed. Sent now: %(count)s.", count=waited),
            "good",
        )
    return _back()


def confirm_address(session: Session, found: Partner) -> int:
    """Confirm and send what waited; returns how many."""
    ctx, actor, now = site.context(), signed_in().actor, utc_now()
    service.approve(session, found, actor=actor, now=now)
    waited = send_waiting(session, ctx, found, actor=actor, now=now)
    return waited + contact_confirmed(session, ctx, found, actor=actor, now=now)


@requires("partner.edit")
def set_enabled(partner_id: uuid.UUID) -> ResponseReturnValue:
    enabled = request.form.get("enabled") == "yes"
    with said(), site.writing() as session:
        service.set_enabled(
            session,
            service.partner(session, partner_id),
            enabled=enabled,
            actor=signed_in().actor,
            now=utc_now(),
        )
    return _back()


def _directory(
    error: HotlineError | None = None, given: Mapping[str, str] | None = None
) -> str:
    filters = {name: request.args.get(name, "").strip() for name in FILTERS}
    with site.reading() as session:
        found = service.search(
            session,
            kind=filters["kind"],
            country=filters["country"].upper(),
            words=filters["words"],
            limit=SHOWN + 1,
        )
        return render(
            "partners/directory.html",
            partners=found[:SHOWN],
            more=len(found) > SHOWN,
            shown=SHOWN,
            filters=filters,
            kinds=service.KINDS,
            channels=service.CHANNELS,
            countries=sorted(country_codes()),
            faults=faults_of(error),
            given=given or dict.fromkeys(NEW, ""),
            words=words,
        )


def _back() -> ResponseReturnValue:
    """To the page that the form stood on."""
    return redirect(
        own_path(request.form.get("back", "")) or url_for("partners.directory"), 303
    )
